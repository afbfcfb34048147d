"""Dates as exports write them: which number is the day is decided over whole columns."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import NamedTuple

from dateutil import parser, tz

from bot.importing.faults import FileError, RowError

_NUMBERS = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(\d{4}|\d{2})(?:(?:,\s*|\s+|T)(\S.*))?")
_YEAR_FIRST = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})(?:(?:,\s*|\s+|T)(\S.*))?")
_SECONDS = re.compile(r"\d{10}|\d{13}")
_NEVER = frozenset({"0000-00-00", "0000-00-00 00:00:00"})

# A day without a time stands for noon UTC: from America to New Zealand's winter it is that day.
_NOON = time(12)


class Order(StrEnum):
    """Which of two numbers is the day."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


class Moment(NamedTuple):
    """A date as written: the instant it stands for, and the calendar day in its own words."""

    at: datetime
    day: date
    #: Whether a time of day was given.
    exact: bool


class DateReader:
    """Reads the dates of one column."""

    def __init__(self, order: Order | None, pattern: str | None = None) -> None:
        self.order = order
        self._pattern = pattern
        self._known: dict[str, Moment] = {}

    def read(self, text: str) -> Moment | None:
        """The date; `None` for one that is empty. Raises `RowError`."""
        if not text or text in _NEVER:
            return None
        # Exports repeat few dates many times.
        moment = self._known.get(text)
        if moment is None:
            moment = self._known[text] = self._parse(text)
        return moment

    def _parse(self, text: str) -> Moment:
        try:
            moment = self._understood(text)
        except (ValueError, OverflowError, OSError) as error:
            raise RowError(f"“{text[:40]}” is not a date") from error
        if not 1970 <= moment.at.year < 2200:
            raise RowError(f"the date “{text[:40]}” does not lie between 1970 and 2200")
        return moment

    def _understood(self, text: str) -> Moment:
        if self._pattern is not None:
            exact = any(sign in self._pattern for sign in ("%H", "%I", "%X", "%c"))
            return _moment(datetime.strptime(text, self._pattern), exact)  # noqa: DTZ007
        if match := _NUMBERS.fullmatch(text):
            first, _, second, year, rest = match.groups()
            day, month = (second, first) if self.order is Order.MONTH_FIRST else (first, second)
            return _with_time(_year(year), int(month), int(day), rest)
        if match := _YEAR_FIRST.fullmatch(text):
            year, month, day, rest = match.groups()
            return _with_time(int(year), int(month), int(day), rest)
        if _SECONDS.fullmatch(text):
            seconds = int(text) / (1000 if len(text) == 13 else 1)
            return _moment(datetime.fromtimestamp(seconds, UTC), exact=True)
        return _in_words(text)


def _year(text: str) -> int:
    number = int(text)
    return number if len(text) == 4 else number + (2000 if number < 70 else 1900)


def _with_time(year: int, month: int, day: int, rest: str | None) -> Moment:
    calendar = date(year, month, day)
    if rest is None:
        return _moment(datetime.combine(calendar, time()), exact=False)
    clock = parser.parse(rest, default=datetime(2000, 1, 1), tzinfos=_zone)  # noqa: DTZ001
    if clock.date() != date(2000, 1, 1):
        raise ValueError(rest)
    return _moment(datetime.combine(calendar, clock.timetz()), exact=True)


def _in_words(text: str) -> Moment:
    # What the text leaves out is filled from the default; two of them show that nothing was.
    one = parser.parse(text, default=datetime(2000, 1, 1), tzinfos=_zone)  # noqa: DTZ001
    two = parser.parse(text, default=datetime(2001, 2, 2, 1, 1), tzinfos=_zone)  # noqa: DTZ001
    if one.date() != two.date():
        raise ValueError(text)
    return _moment(one, exact=one.timetz() == two.timetz())


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    if offset is not None:
        return tz.tzoffset(name, offset)
    if name is None:
        return None
    if name in {"UTC", "GMT", "Z"}:
        return UTC
    # EST means five things on earth: better refused than hours off.
    raise ValueError(f"unknown time zone {name}")


def _moment(written: datetime, exact: bool) -> Moment:
    day = written.date()
    if not exact:
        return Moment(datetime.combine(day, _NOON, UTC), day, exact)
    at = written if written.tzinfo else written.replace(tzinfo=UTC)
    return Moment(at.astimezone(UTC), day, exact)


def readers(columns: Mapping[str, Iterable[str]], told: str | None) -> dict[str, DateReader]:
    """A reader for each column of dates (column's name -> its values).

    `told` is `day-first`, `month-first` or a pattern of `strptime`. Raises `FileError` when the
    order is neither told nor decided by any date, or decided both ways.
    """
    if told is not None and "%" in told:
        return {column: DateReader(None, told) for column in columns}
    if told is not None:
        try:
            order = Order(told.strip().lower().replace("_", "-").replace(" ", "-"))
        except ValueError as error:
            raise FileError(
                f"--date-format {told} is unknown; write day-first, month-first, or a pattern "
                "such as %d.%m.%Y."
            ) from error
        return {column: DateReader(order) for column in columns}
    decided: dict[str, Order] = {}
    open_: dict[str, str] = {}
    for column, values in columns.items():
        chosen, example = _order(column, values)
        if chosen is not None:
            decided[column] = chosen
        elif example is not None:
            open_[column] = example
    # One program wrote the file: what one column shows holds for the others.
    orders = set(decided.values())
    if open_ and len(orders) != 1:
        column, example = next(iter(open_.items()))
        raise FileError(
            f"Nothing in “{column}” tells whether {example} begins with the day or the month; "
            "say it with --date-format day-first or --date-format month-first."
        )
    common = next(iter(orders)) if len(orders) == 1 else None
    return {column: DateReader(decided.get(column, common)) for column in columns}


def misfit(reader: DateReader, values: Iterable[str]) -> str | None:
    """The first of a column's values that is a date, though not as this reader reads dates."""
    others = [DateReader(order) for order in Order]
    for value in values:
        if not _reads(reader, value) and any(_reads(other, value) for other in others):
            return value
    return None


def fitting(columns: Iterable[Iterable[str]]) -> Order | None:
    """The order that all dates of all columns have, if there is one."""
    every = [list(values) for values in columns]
    for order in Order:
        if all(misfit(DateReader(order), values) is None for values in every):
            return order
    return None


def _reads(reader: DateReader, value: str) -> bool:
    try:
        reader.read(value)
    except RowError:
        return False
    return True


def _order(column: str, values: Iterable[str]) -> tuple[Order | None, str | None]:
    """What a column's dates decide; else an example of one that stays open."""
    votes: dict[Order, str] = {}
    example: str | None = None
    for value in set(values):
        match = _NUMBERS.fullmatch(value)
        if match is None:
            continue
        first, second = int(match[1]), int(match[3])
        if first > 12 and second > 12:
            continue
        if first > 12:
            votes.setdefault(Order.DAY_FIRST, value)
        elif second > 12:
            votes.setdefault(Order.MONTH_FIRST, value)
        elif first != second and match[2] != ".":
            # With dots the day comes first wherever dots are used.
            example = min(example or value, value)
    if len(votes) > 1:
        raise FileError(
            f"“{column}” holds {votes[Order.DAY_FIRST]} and {votes[Order.MONTH_FIRST]}, which do "
            "not have the same order; export the file again with all dates written alike."
        )
    return next(iter(votes), None), example
