"""Amounts of exports: signs, thousands and either decimal sign, exactly."""

from decimal import Decimal

import pytest

from bot.importing.amounts import amount, decimal_sign
from bot.importing.faults import FileError, RowError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1054", Decimal(1054)),
        ("1,054", Decimal(1054)),
        ("$1,234,567.89", Decimal("1234567.89")),
        ("1.234.567,89 €", Decimal("1234567.89")),
        ("1 234,50", Decimal("1234.50")),
        ("1\u202f234,50\u00a0€", Decimal("1234.50")),
        ("CHF 1'234.50", Decimal("1234.50")),
        ("12,50", Decimal("12.50")),
        ("0.500", Decimal("0.5")),
        ("-20.00", Decimal(-20)),
        ("(20.00)", Decimal(-20)),
        ("1,00,000.00", Decimal(100000)),
        (".5", Decimal("0.5")),
        # Three digits mark thousands only behind one to three others.
        (".500", Decimal("0.5")),
        ("1234.567", Decimal("1234.567")),
    ],
)
def test_an_amount_is_read_by_its_own_form(text: str, expected: Decimal) -> None:
    assert amount(text, decimal_sign([text], None))[0] == expected


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("€ 12", "EUR"),
        ("12 £", "GBP"),
        ("EUR 12", "EUR"),
        ("R$ 12", "BRL"),
        ("$12", None),
        ("12", None),
    ],
)
def test_the_currency_is_taken_where_its_sign_means_one_only(
    text: str, currency: str | None
) -> None:
    assert amount(text, ".")[1] == currency


def test_one_amount_with_cents_decides_for_its_whole_column() -> None:
    assert decimal_sign(["1.234", "12,50"], None) == ","
    assert decimal_sign(["1,234", "12.50"], None) == "."


def test_amounts_of_both_forms_are_read_each_by_its_own() -> None:
    column = ["$48,000.50", "€12.500,00", "1.234.567", "1,234,567", "12,50", "13.5", "1500"]
    sign = decimal_sign(column, None)
    assert [amount(each, sign) for each in column] == [
        (Decimal("48000.50"), None),
        (Decimal(12500), "EUR"),
        (Decimal(1234567), None),
        (Decimal(1234567), None),
        (Decimal("12.50"), None),
        (Decimal("13.5"), None),
        (Decimal(1500), None),
    ]


@pytest.mark.parametrize("text", ["1.234", "€1.234", "12,500", "(1,234) USD"])
def test_among_them_what_could_be_wrong_a_thousandfold_rejects_its_row(text: str) -> None:
    sign = decimal_sign(["$48,000.50", "€12.500,00", text], None)
    with pytest.raises(RowError, match="may be thousands or decimals") as rejected:
        amount(text, sign)
    assert text in str(rejected.value)
    assert "--decimal point or --decimal comma" in str(rejected.value)


@pytest.mark.parametrize(
    ("told", "expected"), [("point", Decimal("1.234")), ("comma", Decimal(1234))]
)
def test_what_is_told_decides_for_what_does_not_tell_by_itself(
    told: str, expected: Decimal
) -> None:
    column = ["$48,000.50", "€12.500,00", "1.234"]
    sign = decimal_sign(column, told)
    assert [amount(each, sign)[0] for each in column] == [
        Decimal("48000.50"),
        Decimal(12500),
        expected,
    ]


@pytest.mark.parametrize("text", ["1,234.567,89", "1.2.3,4,5", "12,34,5.6.7", "1.23,45.678"])
def test_an_amount_whose_own_signs_contradict_each_other_rejects_its_row(text: str) -> None:
    for sign in (".", ",", None):
        with pytest.raises(RowError, match="is not an amount with a"):
            amount(text, sign)


def test_whole_thousands_are_thousands() -> None:
    assert decimal_sign(["1,500", "12,000"], None) == "."
    assert decimal_sign(["1.500", "12.000"], None) == ","


@pytest.mark.parametrize("values", [["1.234", "1500"], ["1.234", "1,234"]])
def test_amounts_that_could_be_wrong_a_thousandfold_are_asked_about(values: list[str]) -> None:
    with pytest.raises(FileError, match="--decimal point or --decimal comma"):
        decimal_sign(values, None)


def test_the_decimal_sign_can_be_told() -> None:
    assert amount("1.234", decimal_sign(["1.234", "1500"], "point"))[0] == Decimal("1.234")
    assert amount("1.234", decimal_sign(["1.234", "1500"], "comma"))[0] == Decimal(1234)
    with pytest.raises(FileError, match="point or comma"):
        decimal_sign([], "semicolon")


@pytest.mark.parametrize("text", ["a lot", "12 apples", "1.2.3,4,5", "9" * 30, "50 %", "1e5"])
def test_what_is_no_amount_rejects_its_row(text: str) -> None:
    with pytest.raises(RowError, match="amount"):
        amount(text, ".")
