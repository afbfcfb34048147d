"""Working days, hours and local days: how long a thing has waited, and when people are at work."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coach.models import Person

#: The least time there is.
INSTANT = timedelta(microseconds=1)

#: What a date stands for that came without an hour, in UTC: its beginning, its noon or its end.
_HOURLESS = frozenset({time.min, time(12), time.max})


@lru_cache(maxsize=512)
def zone(name: str | None) -> ZoneInfo:
    """The time zone of that IANA name; UTC while it is unknown or not a zone."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_date(moment: datetime, person: Person) -> date:
    """The date on this person's wall when it is `moment`."""
    return moment.astimezone(zone(person.time_zone)).date()


def is_hourless(moment: datetime) -> bool:
    """Whether it is but a date: nobody knows at what hour of it."""
    return moment.astimezone(UTC).time() in _HOURLESS


def start_of_day(day: date, person: Person) -> datetime:
    """The first instant of `day` where the person is, as UTC."""
    return _instant(day, time.min, person.time_zone)


@lru_cache(maxsize=256)
def public_holidays(country: str, year: int) -> Mapping[date, str]:
    """The public holidays of a country (`DE`), or of a part of it (`DE-BY`), in a year, by name.

    Raises `ValueError` for one that nothing is known of.
    """
    # Not before somebody has chosen a country: it is a large library.
    import holidays

    name, _, part = country.partition("-")
    try:
        found = holidays.country_holidays(name, subdiv=part or None, years=year, language="en_US")
        return dict(found)
    except (NotImplementedError, TypeError) as error:
        raise ValueError(f"No holidays are known of {country}.") from error


def is_working_day(day: date, person: Person) -> bool:
    """Whether this person works on that day: by their week, and not on a public holiday."""
    return day.isoweekday() in _days(person) and holiday_on(day, person) is None


def holiday_on(day: date, person: Person) -> str | None:
    """What public holiday it is where this person works, if it is one."""
    country = person.settings.holidays
    return None if country is None else public_holidays(country, day.year).get(day)


def _holidays_between(after: date, until: date, person: Person) -> int:
    """How many days of the person's week after the one and up to the other are holidays."""
    country = person.settings.holidays
    if country is None or until <= after:
        return 0
    return sum(
        after < day <= until and day.isoweekday() in _days(person)
        for year in range(after.year, until.year + 1)
        for day in public_holidays(country, year)
    )


def moment_on(day: date, at: time, person: Person) -> datetime:
    """The instant at which this person's clock shows `at` on that day, as UTC."""
    return _instant(day, at, person.time_zone)


# Of many people and things the same few days are asked about.
@lru_cache(maxsize=4096)
def _instant(day: date, at: time, time_zone: str | None) -> datetime:
    return datetime.combine(day, at, zone(time_zone)).astimezone(UTC)


def is_at_work(moment: datetime, person: Person) -> bool:
    """Whether it is a working day of this person's, within their hours."""
    day = local_date(moment, person)
    start, end = person.settings.work_from, person.settings.work_until
    if not is_working_day(day, person):
        return False
    return moment_on(day, start, person) <= moment < moment_on(day, end, person)


def next_work(moment: datetime, person: Person) -> datetime:
    """The first instant from `moment` on at which this person is at work."""
    return moment if is_at_work(moment, person) else next_morning(moment, person)


def next_morning(moment: datetime, person: Person) -> datetime:
    """The first instant from `moment` on at which this person's work begins."""
    day = local_date(moment, person)
    while (
        not is_working_day(day, person)
        or (start := moment_on(day, person.settings.work_from, person)) < moment
    ):
        day += timedelta(days=1)
    return start


def is_last_of_week(day: date, person: Person) -> bool:
    """Whether it is the last day of its calendar week on which this person works."""
    rest = range(1, 8 - day.isoweekday())
    return is_working_day(day, person) and not any(
        is_working_day(day + timedelta(days=offset), person) for offset in rest
    )


def _days(person: Person) -> tuple[int, ...]:
    return _week(person.settings.working_days)


@lru_cache(maxsize=128)
def _week(days: tuple[int, ...]) -> tuple[int, ...]:
    for day in days:
        if not 1 <= day <= 7:
            raise ValueError(f"Working days are numbered from 1 to 7, not {day}.")
    # A week without a working day would make every wait endless.
    return days or (1, 2, 3, 4, 5)


# Of many things the same few lengths are asked about.
@lru_cache(maxsize=4096)
def _worked(working: tuple[int, ...], last: int, days: int) -> int:
    """How many of so many days, of which the last is that day of the week, are working days."""
    weeks, rest = divmod(days, 7)
    return weeks * len(working) + sum((last - 1 - n) % 7 + 1 in working for n in range(rest))


def _length(day: date, person: Person) -> timedelta:
    # 23 or 25 hours on the days on which clocks change.
    return start_of_day(day + timedelta(days=1), person) - start_of_day(day, person)


def _from_work(moment: datetime, person: Person) -> tuple[date, timedelta]:
    # What happens on a day off begins to wait when work begins again.
    day = local_date(moment, person)
    if is_working_day(day, person):
        return day, moment - start_of_day(day, person)
    while not is_working_day(day, person):
        day += timedelta(days=1)
    return day, timedelta()


def _at_work(moment: datetime, person: Person) -> tuple[date, timedelta]:
    # Nothing ripens on a day off: it is as good as the last instant of the last working day.
    day = local_date(moment, person)
    if is_working_day(day, person):
        return day, moment - start_of_day(day, person)
    while not is_working_day(day, person):
        day -= timedelta(days=1)
    return day, _length(day, person) - INSTANT


def _moved(day: date, days: int, person: Person) -> date:
    moved = _by_week(day, days, person)
    # Each holiday on the way takes a day more, on which there may be another one.
    while lost := _holidays_between(day, moved, person):
        day, moved = moved, _by_week(moved, lost, person)
    return moved


def _by_week(day: date, days: int, person: Person) -> date:
    working = _days(person)
    weeks, left = divmod(abs(days), len(working))
    step = 1 if days > 0 else -1
    day += timedelta(weeks=weeks * step)
    while left:
        day += timedelta(days=step)
        left -= day.isoweekday() in working
    return day


def after_working_days(since: datetime, days: int, person: Person) -> datetime:
    """The instant at which `days` working days have passed since `since`.

    What happened on Thursday at 10 has waited two working days on Monday at 10. Days off do not
    count. The time of day is counted from midnight, so that it is an hour off when one of the two
    days is one on which the clocks change.
    """
    day, passed = _from_work(since, person)
    day = _moved(day, days, person)
    return start_of_day(day, person) + min(passed, _length(day, person) - INSTANT)


def days_between(since: datetime, until: datetime, person: Person) -> int:
    """How many days people would say have passed: midnights, where the person is."""
    return max((local_date(until, person) - local_date(since, person)).days, 0)


def working_dates_between(since: datetime, until: datetime, person: Person) -> int:
    """How many of the days that `days_between` counts were working days: those that have begun."""
    first, last = local_date(since, person), local_date(until, person)
    days = max((last - first).days, 0)
    return _worked(_days(person), last.isoweekday(), days) - _holidays_between(first, last, person)


def working_days_between(since: datetime, until: datetime, person: Person) -> int:
    """How many whole working days have passed from `since` to `until`."""
    (first, start), (last, end) = _from_work(since, person), _at_work(until, person)
    if last <= first:
        return 0
    count = _worked(_days(person), last.isoweekday(), (last - first).days)
    count -= _holidays_between(first, last, person)
    return count - (end < min(start, _length(last, person) - INSTANT))


def working_time(since: datetime, until: datetime, person: Person) -> timedelta:
    """How much of a person's working hours there was between two instants."""
    day, last, worked = local_date(since, person), local_date(until, person), timedelta()
    while day <= last:
        begin, end = _hours_of(day, person)
        worked += max(min(end, until) - max(begin, since), timedelta())
        day += timedelta(days=1)
    return worked


def after_working_time(
    since: datetime, length: timedelta, person: Person, *, before: datetime
) -> datetime | None:
    """The instant at which so much of a person's working hours has passed since another.

    `None` where that is not `before` a third.
    """
    day, left = local_date(since, person), length
    while (hours := _hours_of(day, person))[0] < before:
        begin, end = max(hours[0], since), hours[1]
        if end > begin and left <= end - begin:
            return begin + left if begin + left < before else None
        left -= max(end - begin, timedelta())
        day += timedelta(days=1)
    return None


def _hours_of(day: date, person: Person) -> tuple[datetime, datetime]:
    """From when to when a person works on a day; on a day off that is no time."""
    begin = moment_on(day, person.settings.work_from, person)
    if not is_working_day(day, person):
        return begin, begin
    return begin, moment_on(day, person.settings.work_until, person)
