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


@pytest.mark.parametrize(
    "values", [["1.234,56", "1,234.56"], ["12,50", "13,50", "12.5"], ["1.234.567", "1,234,567"]]
)
def test_amounts_that_are_not_written_alike_are_asked_about_and_never_misread(
    values: list[str],
) -> None:
    with pytest.raises(FileError, match="do not have the same sign") as asked:
        decimal_sign(values, None)
    assert "--decimal point or --decimal comma" in str(asked.value)
    assert "rejected" in str(asked.value)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [("1,234.56", ","), ("12.5", ","), ("1.234,56", "."), ("12,5", "."), ("1,2345", ".")],
)
def test_an_amount_with_the_other_sign_rejects_its_row(text: str, decimal: str) -> None:
    with pytest.raises(
        RowError, match=f"is not an amount with a {'comma' if decimal == ',' else 'point'}"
    ):
        amount(text, decimal)


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
