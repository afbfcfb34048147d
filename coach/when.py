"""A task as people type it: its title, and by when, at the end: `Call Jonas friday`.

What is common is read here; the rest by dateparser (https://dateparser.readthedocs.io), which is
kept up and knows many ways to write a date. It is imported where something is read: it takes a
third of a second.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from coach.calendar import local_date
from coach.errors import CoachError
from coach.models import Person
from coach.phrases import DateWithYear, say
from coach.postponing import next_week
from coach.weekdays import next_named

#: How many words a date may have.
WORDS = 5

#: How far ahead a task may be due.
FARTHEST = timedelta(days=5 * 366)

_BEFORE = frozenset({"on", "by", "due", "until", "for", "before", "at"})
_LENGTH = re.compile(r"(?:in )?(\d{1,3}|a) ?(days?|weeks?|d|w)")
_CLOCK = re.compile(r"(?:at )?(?:\d{1,2}(?::\d\d)? ?(?:am|pm)|\d{1,2}:\d\d)$", re.IGNORECASE)
#: What dateparser is shown: a day in figures with a month beside it.
_DATE = re.compile(
    r"\d{1,4}[./-]\d{1,2}([./-]\d{1,4})?\.?"
    r"|\d{1,2}(st|nd|rd|th|\.)?( of)? [^\W\d_]{3,9}\.?,?( \d{4})?"
    r"|[^\W\d_]{3,9}\.? \d{1,2}(st|nd|rd|th)?,?( \d{4})?"
)


class WhenError(CoachError):
    """What was typed names a day that a task cannot be due on."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A task as it was typed; `due` is empty where no day was named."""

    title: str
    due: date | None


def read_task(text: str, person: Person, now: datetime) -> Typed:
    """The title and the day it is due, by the person's calendar. Raises `WhenError`.

    Only the end is read for a day, and only what can hardly be anything else: “Prepare the May
    offer” is a title. An hour stays in the title, as tasks are due on days.
    """
    typed = text.split()
    if read_day(" ".join(typed), person, now) is not None:
        raise WhenError(say("Say what is to be done as well, as in `/coach task Call Ana friday`."))
    today = local_date(now, person)
    for count in range(min(WORDS, len(typed) - 1), 0, -1):
        head, tail = typed[:-count], " ".join(typed[-count:])
        hour = _CLOCK.search(tail)
        for told, left in _readings(tail, hour):
            due = read_day(told, person, now)
            if due is not None:
                return Typed(" ".join([*head, *left]), _checked(due, today))
    return Typed(" ".join(typed), None)


def _readings(tail: str, hour: re.Match[str] | None) -> Iterator[tuple[str, list[str]]]:
    yield tail, []
    if hour is not None and hour.start():
        yield tail[: hour.start()].strip(), [hour[0].strip()]


def read_day(words: str, person: Person, now: datetime) -> date | None:
    """The day that these words name and nothing else; `None` where they name none."""
    today = local_date(now, person)
    plain = words.lower().strip(" ,")
    first, _, rest = plain.partition(" ")
    introduced = first in _BEFORE and bool(rest)
    if introduced:
        plain = rest
    if plain in {"today", "tonight", "eod"}:
        return today
    if plain == "tomorrow":
        return today + timedelta(days=1)
    if plain == "yesterday":
        return today - timedelta(days=1)
    if plain in {"end of month", "end of the month", "month end"}:
        return _last_of_month(today)
    if plain == "next month":
        return _last_of_month(today) + timedelta(days=1)
    if plain == "next week":
        return next_week(person, now)
    # Behind “by” or “on” also the short forms: in a title “sun” and “sat” are words.
    named = plain.removeprefix("next ").removeprefix("this ")
    if (day := next_named(named, today, least=3 if introduced else 6)) is not None:
        return day
    if found := _LENGTH.fullmatch(plain):
        number = 1 if found[1] == "a" else int(found[1])
        if introduced or plain.startswith("in "):
            return today + timedelta(days=number * (7 if found[2].startswith("w") else 1))
    return _parsed(plain, person, today) if _DATE.fullmatch(plain) else None


def _last_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _parsed(words: str, person: Person, today: date) -> date | None:
    import dateparser

    american = (person.locale or "en-US").replace("_", "-").endswith("-US")
    # What is no day in the one order may be one in the other: `12/24`.
    for order in ("MDY", "DMY") if american else ("DMY", "MDY"):
        found = dateparser.parse(
            words,
            languages=["en"],
            settings={
                "RELATIVE_BASE": datetime.combine(today, time()),
                "PREFER_DATES_FROM": "future",
                "REQUIRE_PARTS": ["day", "month"],
                "DATE_ORDER": order,
                "RETURN_AS_TIMEZONE_AWARE": False,
            },
        )
        if found is not None:
            return found.date()
    return None


def _checked(due: date, today: date) -> date:
    if due < today:
        raise WhenError(say("{date} is past. Name today or a later day.", date=due))
    if due > today + FARTHEST:
        last = DateWithYear(today + FARTHEST)
        raise WhenError(say("That is too far ahead. Until {date} is possible.", date=last))
    return due
