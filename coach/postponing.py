"""Until when something is put off, by its person's own clock and week."""

from datetime import date, datetime, timedelta

from coach.calendar import after_working_days, local_date, next_morning, start_of_day
from coach.errors import SettingError
from coach.models import Person
from coach.phrases import DateWithYear, say

HOUR = timedelta(hours=1)

#: Nobody is taken at their word for longer than this.
FARTHEST = timedelta(days=366)


def in_an_hour(person: Person, now: datetime) -> datetime:
    """An hour from now, whatever time that is: they asked for it."""
    return now + HOUR


def tomorrow(person: Person, now: datetime) -> datetime:
    """When their next day of work begins, today apart."""
    return morning_of(local_date(now, person) + timedelta(days=1), person)


def next_day(person: Person, now: datetime) -> date:
    """The day on which that is."""
    return local_date(tomorrow(person, now), person)


def on_morning(day: date, person: Person, now: datetime) -> datetime:
    """The morning of a day that was named to them; once it is past, that of the next one."""
    at = morning_of(day, person)
    return at if at > now else tomorrow(person, now)


def next_week(person: Person, now: datetime) -> date:
    """The first day on which they work in the week after this."""
    today = local_date(now, person)
    monday = today + timedelta(days=8 - today.isoweekday())
    return local_date(morning_of(monday, person), person)


def morning_of(day: date, person: Person) -> datetime:
    """When they begin to work on that day, or on the first one after it on which they do."""
    return next_morning(start_of_day(day, person), person)


def day_chosen(text: str | None, person: Person, now: datetime) -> date:
    """The day to come that a person chose, as `2026-12-05`.

    Raises `SettingError` for none, for one that is past or today, and for one that is too far.
    """
    today = local_date(now, person)
    try:
        day = date.fromisoformat(text or "")
    except ValueError as error:
        raise SettingError("day", say("Choose a day.")) from error
    if day <= today:
        raise SettingError("day", say("Choose a day to come; today is no such day."))
    if day > today + FARTHEST:
        last = DateWithYear(today + FARTHEST)
        raise SettingError("day", say("Choose a day until {date}.", date=last))
    return day


def on_day(text: str | None, person: Person, now: datetime) -> datetime:
    """The morning of a day that was chosen. Raises `SettingError` as `day_chosen` does."""
    return morning_of(day_chosen(text, person, now), person)


def lasts(until: datetime, expires_at: datetime, person: Person) -> datetime:
    """How long something that is put off is open: a working day longer, to be answered then."""
    return max(expires_at, after_working_days(until, 1, person))
