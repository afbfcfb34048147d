"""Money as exports write it: currency signs, thousands, and either decimal sign."""

import re
from collections.abc import Iterable
from decimal import Decimal

from bot.importing.faults import FileError, RowError

#: Signs that mean one currency only; a bare dollar or crown does not.
_SIGNS = {
    "US$": "USD", "CA$": "CAD", "A$": "AUD", "NZ$": "NZD", "HK$": "HKD", "S$": "SGD", "R$": "BRL",
    "€": "EUR", "£": "GBP", "₹": "INR", "₽": "RUB", "₺": "TRY", "₩": "KRW", "₪": "ILS", "zł": "PLN",
}  # fmt: skip
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
_NUMBER = re.compile(r"\d[\d.,'’\s]*|[.,]\d+")
#: Digits in groups, here with spaces between them: of three, or of two as in India.
_GROUPS = re.compile(r"\d*|\d{1,3}(?: \d{2,3})* \d{3}")
_SPACES = re.compile(r"['’\s]")

#: Beyond this an amount is a slip of the pen, not a deal.
LARGEST = Decimal("1e15")


def decimal_sign(values: Iterable[str], told: str | None) -> str | None:
    """The sign before the decimals, `.` or `,`, of amounts that do not tell it by themselves.

    `None` where the column has both: then such an amount is its row's fault. Raises `FileError`
    when no amount decides it and a guess could be wrong a thousandfold.
    """
    if told is not None:
        signs = {"point": ".", "dot": ".", ".": ".", "comma": ",", ",": ","}
        if told.strip().lower() not in signs:
            raise FileError(f"--decimal {told} is unknown; write point or comma.")
        return signs[told.strip().lower()]
    votes: set[str] = set()
    open_: dict[str, str] = {}
    plain = False
    for value in set(values):
        match = _NUMBER.search(value)
        if match is None:
            continue
        number = _SPACES.sub("", match[0])
        if (sign := _own_sign(number)) is not None:
            votes.add(sign)
        elif "." in number or "," in number:
            open_.setdefault("." if "." in number else ",", value)
        else:
            plain |= len(number) > 3
    if votes:
        return votes.pop() if len(votes) == 1 else None
    if len(open_) > 1 or (open_ and plain):
        example = next(iter(open_.values()), "the amounts")
        raise FileError(
            f"Nothing tells whether the sign in {example} marks thousands or decimals; "
            "say which sign stands before the decimals: --decimal point or --decimal comma."
        )
    # Only amounts such as 12,500: a sign before exactly three digits marks thousands.
    return "." if "," in open_ or not open_ else ","


def _own_sign(number: str) -> str | None:
    """The sign before the decimals, as an amount tells by its own form; `None` where it does not.

    Of two signs it is the last; one that is repeated marks thousands, and one before exactly three
    digits may mark either.
    """
    present = [sign for sign in ".," if sign in number]
    if not present:
        return None
    if len(present) == 2:
        return max(present, key=number.rindex)
    (sign,) = present
    if number.count(sign) > 1:
        return "," if sign == "." else "."
    whole, _, rest = number.partition(sign)
    return None if len(rest) == 3 and 1 <= len(whole) <= 3 and whole != "0" else sign


def amount(text: str, decimal: str | None) -> tuple[Decimal, str | None]:
    """The amount and the currency written with it, if any. Raises `RowError`.

    `decimal` is the sign before the decimals where its own form does not tell.
    """
    match = _NUMBER.search(text)
    if match is None:
        raise RowError(f"“{text[:40]}” is not an amount")
    around = text[: match.start()] + " " + text[match.end() :]
    number = _SPACES.sub("", match[0])
    decimal = _own_sign(number) or decimal
    if decimal is None and not number.isdigit():
        raise RowError(
            f"“{text[:40]}” may be thousands or decimals, as this file has amounts of both forms: "
            "write it with its decimals, as 1234.00, or say --decimal point or --decimal comma"
        )
    decimal = decimal or "."
    thousands = "," if decimal == "." else "."
    whole, _, decimals = number.partition(decimal)
    if not _GROUPS.fullmatch(whole.replace(thousands, " ")) or not re.fullmatch(r"\d*", decimals):
        called = "point" if decimal == "." else "comma"
        raise RowError(f"“{text[:40]}” is not an amount with a {called} before its decimals")
    value = Decimal(f"{whole.replace(thousands, '') or '0'}.{decimals or '0'}")
    currency = _currency(around)
    rest = around.replace(currency or "", "")
    for sign in _SIGNS:
        rest = rest.replace(sign, "")
    left = re.sub(r"[\s$¥()+\-−–]|kr\.?|Fr\.?", "", rest)
    if left:
        raise RowError(f"“{text[:40]}” is not an amount")
    if re.search(r"[-−–(]", around):
        value = -value
    if abs(value) > LARGEST:
        raise RowError(f"the amount “{text[:40]}” is too large")
    return value, currency


def likelihood(text: str) -> Decimal | None:
    """A probability as written: `0.35`, `0,35` or `35 %`; `None` for what is none."""
    match = re.fullmatch(r"(\d{1,3}(?:[.,]\d{1,10})?)\s*(%?)", text.strip())
    if match is None:
        return None
    number = Decimal(match[1].replace(",", "."))
    return number / 100 if match[2] else number


def in_percent(values: Iterable[str]) -> bool:
    """Whether a column tells probabilities in percent though it does not say so."""
    return any((likelihood(value) or 0) > 1 for value in values if "%" not in value)


def _currency(text: str) -> str | None:
    for sign, code in _SIGNS.items():
        if sign in text:
            return code
    match = _CODE.search(text)
    return match[0] if match else None
