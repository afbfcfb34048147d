"""Working days and local days: how long something has really been waiting."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coach.models import Person

#: The least time there is.
INSTANT = timedelta(microseconds=1)


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


def start_of_day(day: date, person: Person) -> datetime:
    """The first instant of `day` where the person is, as UTC."""
    return datetime.combine(day, time.min, zone(person.time_zone)).astimezone(UTC)


def _days(person: Person) -> tuple[int, ...]:
    days = person.settings.working_days
    for day in days:
        if not 1 <= day <= 7:
            raise ValueError(f"Working days are numbered from 1 to 7, not {day}.")
    # A week without a working day would make every wait endless.
    return days or (1, 2, 3, 4, 5)


def _length(day: date, person: Person) -> timedelta:
    # 23 or 25 hours on the days on which clocks change.
    return start_of_day(day + timedelta(days=1), person) - start_of_day(day, person)


def _from_work(moment: datetime, person: Person) -> tuple[date, timedelta]:
    # What happens on a day off begins to wait when work begins again.
    day = local_date(moment, person)
    if day.isoweekday() in _days(person):
        return day, moment - start_of_day(day, person)
    while day.isoweekday() not in _days(person):
        day += timedelta(days=1)
    return day, timedelta()


def _at_work(moment: datetime, person: Person) -> tuple[date, timedelta]:
    # Nothing ripens on a day off: it is as good as the last instant of the last working day.
    day = local_date(moment, person)
    if day.isoweekday() in _days(person):
        return day, moment - start_of_day(day, person)
    while day.isoweekday() not in _days(person):
        day -= timedelta(days=1)
    return day, _length(day, person) - INSTANT


def _moved(day: date, days: int, person: Person) -> date:
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


def working_days_between(since: datetime, until: datetime, person: Person) -> int:
    """How many whole working days have passed from `since` to `until`."""
    (first, start), (last, end) = _from_work(since, person), _at_work(until, person)
    if last <= first:
        return 0
    weeks, rest = divmod((last - first).days, 7)
    tail = (last - timedelta(days=offset) for offset in range(rest))
    count = weeks * len(_days(person)) + sum(day.isoweekday() in _days(person) for day in tail)
    return count - (end < min(start, _length(last, person) - INSTANT))
