"""Until when, as people type it: `2h`, `monday`, `next week`, `2026-12-05`, `14:30`."""

import re
from datetime import date, datetime, time, timedelta

from coach.calendar import local_date, moment_on, zone
from coach.errors import CoachError
from coach.models import Person
from coach.phrases import DateWithYear, Phrase, TimeOfDay, say
from coach.postponing import FARTHEST, morning_of, next_week
from coach.weekdays import next_named

_LENGTH = re.compile(r"(\d{1,4}|an?(?= )) ?(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


class UntilError(CoachError):
    """What was typed names no time to come."""


def read_until(text: str, person: Person, now: datetime) -> datetime:
    """The instant that was typed, by the person's own clock; a day begins with their work.

    Raises `UntilError` that says what can be typed, or what is wrong with it.
    """
    words = " ".join(text.lower().split()).removeprefix("until ").removeprefix("for ")
    until = _read(words, person, now)
    if until is None:
        raise UntilError(
            say(
                "I do not understand “{words}”. Type how long, such as `2h` or `3 days`, or until "
                "when: `14:30`, `tomorrow`, `monday`, `next week` or `2026-12-05`.",
                words=text.strip()[:60],
            )
        )
    if until <= now:
        raise UntilError(say("That is past: {time}.", time=until))
    if until > now + FARTHEST:
        raise _too_far(person, now)
    return until


def in_full(until: datetime, since: datetime, time_zone: str | None) -> datetime | Phrase:
    """That time in words, with its year where it is another than that of `since`."""
    day = until.astimezone(zone(time_zone)).date()
    if day.year == since.astimezone(zone(time_zone)).year:
        return until
    return say("{date}, {time}", date=DateWithYear(day), time=TimeOfDay(until))


def _too_far(person: Person, now: datetime) -> UntilError:
    last = DateWithYear(local_date(now + FARTHEST, person))
    return UntilError(say("That is too far ahead. Until {date} is possible.", date=last))


def _read(words: str, person: Person, now: datetime) -> datetime | None:
    today = local_date(now, person)
    if words == "tomorrow":
        return morning_of(today + timedelta(days=1), person)
    if words == "next week":
        return morning_of(next_week(person, now), person)
    if (day := next_named(words.removeprefix("next "), today)) is not None:
        return morning_of(day, person)
    if found := _LENGTH.fullmatch(words):
        return _after(int(found[1]) if found[1].isdecimal() else 1, found[2][0], person, now)
    if found := _CLOCK.fullmatch(words):
        return moment_on(today, time(int(found[1]), int(found[2])), person)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
        try:
            day = date.fromisoformat(words)
        except ValueError:
            return None
        if day > today + FARTHEST:
            raise _too_far(person, now)
        # Of a day that is today or past, the morning itself is meant: it is told that it is past.
        work = person.settings.work_from
        return morning_of(day, person) if day > today else moment_on(day, work, person)
    return None


def _after(number: int, unit: str, person: Person, now: datetime) -> datetime:
    match unit:
        case "m":
            return now + timedelta(minutes=number)
        case "h":
            return now + timedelta(hours=number)
    days = number * (7 if unit == "w" else 1)
    if timedelta(days=days) > FARTHEST:
        raise _too_far(person, now)
    return morning_of(local_date(now, person) + timedelta(days=days), person) if days else now
