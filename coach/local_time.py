"""Instants in columns as their person's wall and working day have them."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from coach.arrays import Floats, Ints
from coach.calendar import zone
from coach.columns import DAY, SECOND
from coach.models import Person

#: 1970 began on a Thursday.
_FIRST_WEEKDAY = 3


def local(at: Ints, person: Person) -> Ints:
    """Instants as microseconds on a person's own wall; exact but for the hours of a day on which
    the clocks are changed.
    """
    import numpy as np

    days, place = np.unique(at // DAY, return_inverse=True)
    told = [_offset(person.time_zone, day) for day in days.tolist()]
    offsets = np.asarray(told, dtype=np.int64)
    return np.asarray(at + offsets[place], dtype=np.int64)


@lru_cache(maxsize=8192)
def _offset(time_zone: str | None, day: int) -> int:
    """How far ahead of UTC the clocks there are at noon of a day since 1970."""
    noon = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
    ahead = noon.astimezone(zone(time_zone)).utcoffset() or timedelta()
    return int(ahead.total_seconds()) * SECOND


def worked(at: Ints, person: Person) -> Ints:
    """How many microseconds of working time there were from 1970 to each local instant."""
    import numpy as np

    begin, length = _hours(person)
    week = np.asarray([day + 1 in person.settings.working_days for day in range(7)])
    before = np.concatenate(([0], np.cumsum(week)))
    day = at // DAY + _FIRST_WEEKDAY
    days = day // 7 * before[7] + before[day % 7]
    today = np.clip(at % DAY - begin, 0, length) * week[day % 7]
    return np.asarray(days * length + today, dtype=np.int64)


def working_hours(since: Ints, until: Ints, person: Person) -> Floats:
    """The working hours between two instants, each in UTC; holidays count as working days."""
    return (worked(local(until, person), person) - worked(local(since, person), person)) / (
        3600 * SECOND
    )


def _hours(person: Person) -> tuple[int, int]:
    """When work begins on a day, and how long it lasts, in microseconds."""
    begin, end = (
        (each.hour * 3600 + each.minute * 60) * SECOND
        for each in (person.settings.work_from, person.settings.work_until)
    )
    return begin, max(end - begin, 0)


def parts_of_day(person: Person, count: int) -> list[tuple[int, int]]:
    """A person's working day in so many equal parts, each from when to when after midnight."""
    begin, length = _hours(person)
    borders = [begin + length * place // count for place in range(count + 1)]
    return list(pairwise(borders))


def working_days(first: int, last: int, person: Person) -> Ints:
    """The working days from one local day to another, as days since 1970."""
    import numpy as np

    days = np.arange(first, last + 1, dtype=np.int64)
    week = np.asarray([day + 1 in person.settings.working_days for day in range(7)])
    worked_on: Ints = days[week[(days + _FIRST_WEEKDAY) % 7]]
    return worked_on
