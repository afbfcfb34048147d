"""Values of the domain as JSON values: ISO times with their offset, money as a string.

A time of day is what the person's clock shows, `09:00`.
"""

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from bot.terminal.showing.listing import Json


def value(given: Any) -> Any:
    """One value; what JSON knows stays as it is."""
    match given:
        case time():
            return given.isoformat("minutes")
        case datetime() | date():
            return given.isoformat()
        case Decimal():
            return format(given, "f")
        case Enum():
            return given.value
        case tuple() | list() | frozenset():
            return [value(each) for each in given]
        case dict():
            return {str(name): value(each) for name, each in given.items()}
        case _:
            return given


def record(given: Any, without: Iterable[str] = ()) -> Json:
    """The fields of a dataclass."""
    left = set(without)
    return {
        each.name: value(getattr(given, each.name))
        for each in fields(given)
        if each.name not in left
    }
