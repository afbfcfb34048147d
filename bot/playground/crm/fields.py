"""What may stand in a field of the small CRM; anything else is refused with a sentence."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

Json = dict[str, Any]


class CrmRefusal(Exception):  # noqa: N818 - a sentence for the person at the page
    """The CRM does not accept a change; the text says what to do."""


def there(records: dict[str, Json], record_id: str, kind: str) -> Json:
    """The record with this id."""
    found = records.get(record_id)
    if found is None:
        raise CrmRefusal(f"There is no {kind} {record_id}.")
    return found


def text(given: object, name: str) -> str:
    """A text with something in it, cut off where it becomes too long."""
    if not isinstance(given, str) or not given.strip():
        raise CrmRefusal(f"Give a {name}.")
    return given.strip()[:200]


def one_of(given: object, allowed: tuple[str, ...], name: str) -> str:
    """One of the words allowed."""
    if not isinstance(given, str) or given not in allowed:
        raise CrmRefusal(f"The {name} must be one of {', '.join(allowed)}.")
    return given


def money(given: object) -> str:
    """An amount with two decimals; nothing is zero."""
    try:
        value = Decimal(str(given if given not in (None, "") else 0).replace(",", ""))
    except InvalidOperation:
        raise CrmRefusal("Write the value as a number, such as 12000.") from None
    if not value.is_finite() or not 0 <= value < Decimal("1e12"):
        raise CrmRefusal("Write a value between 0 and a million million.")
    return f"{value:.2f}"


def day(given: object) -> str | None:
    """A day as YYYY-MM-DD, or None for none."""
    if given in (None, ""):
        return None
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise CrmRefusal("Write the due date as YYYY-MM-DD.") from None
