"""Phrases: what is to be said, as a template and its values; `coach.wording` makes words of it.

A phrase keeps what is said apart from how it is said: language, plural, dates and money are chosen
when somebody reads it. Its template is English and is the id by which a translation is found, so
templates are always written out where they are used, never put together.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with a name and, when the CRM gave one, a link; no markup is read in the name."""

    name: "str | Phrase"
    url: str | None = None
    #: The deal it is, (connection, id), while others may bear its name; not kept with a phrase.
    deal: tuple[str, str] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency, as the CRM named it: an ISO 4217 code, or whatever it calls it."""

    amount: Decimal
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class DateWithYear:
    """A date that may be of another year; a bare `date` is shown without the year."""

    on: date


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """An instant of which only the time is shown; a bare `datetime` is shown with its day."""

    at: datetime


class Joint(StrEnum):
    """How the items of a series are joined."""

    #: “A, B and C”.
    AND = "and"
    #: “A, B, C”.
    COMMA = "comma"
    #: “A; B; C”, for items that may hold commas.
    SEMICOLON = "semicolon"


@dataclass(frozen=True, slots=True)
class Series:
    """Several values in a row, joined as the reader's language does it."""

    items: tuple["Value", ...]
    joint: Joint = Joint.AND


@dataclass(frozen=True, slots=True)
class Phrase:
    """A template with `{name}` fields, and the value of each field.

    With `plural`, the value named `by` is a number that decides between `template` (one) and
    `plural` (any other number, in English); either may leave that number unsaid. Raises
    `ValueError` when fields and values are not the same: nothing is lost in silence.
    """

    template: str
    values: Mapping[str, "Value"] = field(default_factory=dict)
    plural: str | None = None
    by: str | None = None

    def __post_init__(self) -> None:
        given = self.values.keys()
        if self.plural is None:
            if self.by is not None or fields(self.template) != given:
                raise ValueError(_unlike(self.template, given))
            return
        if self.by is None or type(self.values.get(self.by)) is not int:
            raise ValueError(f"The phrase {self.template!r} needs a whole number to count by.")
        for template in (self.template, self.plural):
            if fields(template) | {self.by} != given:
                raise ValueError(_unlike(template, given))

    @property
    def count(self) -> int | None:
        """The number that decides between the forms; `None` where there is one form only."""
        number = self.values[self.by] if self.by else None
        return number if isinstance(number, int) else None


#: What a field may hold: text as it is, a number, or one of the values above. An aware `datetime`
#: is shown in the reader's time zone.
Value = str | int | Thing | Money | date | datetime | DateWithYear | TimeOfDay | Series | Phrase


def _unlike(template: str, given: Iterable[str]) -> str:
    names = ", ".join(sorted(given)) or "none"
    return f"The phrase {template!r} was given the values: {names}."


def say(template: str, /, **values: Value) -> Phrase:
    """A phrase of one form."""
    return Phrase(template, values)


def counted(one: str, many: str, by: str, /, **values: Value) -> Phrase:
    """A phrase of two forms; the number among its values named `by` decides between them."""
    return Phrase(one, values, many, by)


def verbatim(*values: Value) -> Phrase:
    """These values one after the other, and no words of our own."""
    named = {f"_{place}": value for place, value in enumerate(values)}
    return Phrase("".join(f"{{{name}}}" for name in named), named)


def names(things: Sequence[Value], most: int, count: int | None = None) -> Series:
    """Things by name, the first `most` of them; the others are counted: “A, B and 2 more”.

    `count` says how many there are where not all of them are given.
    """
    left = (len(things) if count is None else count) - most
    if left <= 0:
        return Series(tuple(things))
    return Series((*things[:most], counted("{count} more", "{count} more", "count", count=left)))


def facts(*values: Value) -> Series:
    """Short facts side by side: “due Fri 20 Nov, high priority”."""
    return Series(values, Joint.COMMA)


def things_in(values: Iterable[object]) -> list[Thing]:
    """Every thing that is named in these values, in phrases and series within them too."""
    found: list[Thing] = []
    _note_things(values, found)
    return found


def _note_things(values: Iterable[object], found: list[Thing]) -> None:
    # Of every insight its words are gone through: generators within each other took longer.
    for value in values:
        if isinstance(value, Thing):
            found.append(value)
        elif isinstance(value, Phrase):
            _note_things(value.values.values(), found)
        elif isinstance(value, Series):
            _note_things(value.items, found)


def with_things(phrase: Phrase, instead: "Callable[[Thing], Value]") -> Phrase:
    """The same phrase with each thing in it as `instead` has it."""
    values = {name: _with_things(value, instead) for name, value in phrase.values.items()}
    return replace(phrase, values=values)


def _with_things(value: Value, instead: Callable[[Thing], Value]) -> Value:
    match value:
        case Thing():
            return instead(value)
        case Phrase():
            return with_things(value, instead)
        case Series():
            return replace(value, items=tuple(_with_things(item, instead) for item in value.items))
        case _:
            return value


def together(first: Phrase, second: Phrase) -> Phrase:
    """Two sentences, one after the other."""
    return say("{first} {second}", first=first, second=second)


def but_the_last(phrase: Phrase) -> Phrase | None:
    """The first of two sentences put `together`; `None` for one alone."""
    first = phrase.values.get("first")
    return first if phrase.template == _TOGETHER and isinstance(first, Phrase) else None


#: How `together` puts them.
_TOGETHER = "{first} {second}"


@lru_cache(maxsize=4096)
def pieces(template: str) -> tuple[tuple[str, str | None], ...]:
    """A template taken apart: words of our own, each with the field that follows them, if any.

    Raises `ValueError` for a brace that is not part of a field.
    """
    found: list[tuple[str, str | None]] = []
    begin = 0
    for each in _FIELD.finditer(template):
        found.append((template[begin : each.start()], each[1]))
        begin = each.end()
    if begin < len(template):
        found.append((template[begin:], None))
    if any("{" in words or "}" in words for words, _ in found):
        raise ValueError(f"A brace in {template!r} is not part of a field.")
    return tuple(found)


@lru_cache(maxsize=4096)
def fields(template: str) -> frozenset[str]:
    """The names of a template's fields. Raises `ValueError` as `pieces` does."""
    return frozenset(name for _, name in pieces(template) if name is not None)


# As JSON: a phrase is {"t": template, "v": values}, with "p" and "n" where it counts; a text and a
# number are themselves, and any other value is a list whose first item says what it is.


def to_json(phrase: Phrase) -> dict[str, Any]:
    """A phrase as it is kept; `from_json` brings back an equal one."""
    kept: dict[str, Any] = {"t": phrase.template}
    if phrase.plural is not None:
        kept |= {"p": phrase.plural, "n": phrase.by}
    if phrase.values:
        kept["v"] = {name: _kept(value) for name, value in phrase.values.items()}
    return kept


def from_json(kept: Any) -> Phrase:
    """A phrase that was kept.

    What was kept before there were phrases is read as well: a finished sentence, or one in pieces
    (`[[text, url or null], …]`). Raises `ValueError` for anything else.
    """
    match kept:
        case {"t": str(template)}:
            values = {name: _value(value) for name, value in kept.get("v", {}).items()}
            return Phrase(template, values, kept.get("p"), kept.get("n"))
        case str():
            return verbatim(kept)
        case [[str(), _], *_]:
            return verbatim(*(Thing(text, url) for text, url in kept))
    raise ValueError(f"{kept!r} is not a phrase that was kept.")


def _kept(value: Value) -> Any:
    match value:
        case Phrase():
            return to_json(value)
        case Thing():
            name = to_json(value.name) if isinstance(value.name, Phrase) else value.name
            return ["thing", name] if value.url is None else ["thing", name, value.url]
        case Money():
            return ["money", str(value.amount), value.currency]
        case datetime():
            return ["at", value.isoformat()]
        case date():
            return ["on", value.isoformat()]
        case DateWithYear():
            return ["year", value.on.isoformat()]
        case TimeOfDay():
            return ["time", value.at.isoformat()]
        case Series():
            return [value.joint.value, *map(_kept, value.items)]
        case str() | int():
            return value


def _value(kept: Any) -> Value:
    match kept:
        case str() | int():
            return kept
        case {"t": _}:
            return from_json(kept)
        case ["thing", name, *url]:
            return Thing(from_json(name) if isinstance(name, dict) else name, *url)
        case ["money", amount, currency]:
            return Money(Decimal(amount), currency)
        case ["at", text]:
            return datetime.fromisoformat(text)
        case ["on", text]:
            return date.fromisoformat(text)
        case ["year", text]:
            return DateWithYear(date.fromisoformat(text))
        case ["time", text]:
            return TimeOfDay(datetime.fromisoformat(text))
        case ["and" | "comma" | "semicolon" as joint, *items]:
            return Series(tuple(_value(item) for item in items), Joint(joint))
    raise ValueError(f"{kept!r} is not a value that was kept.")
