"""Instants in columns as their person's wall and working day have them."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from coach.arrays import Bools, Floats, Ints
from coach.calendar import public_holidays, zone
from coach.columns import DAY, SECOND
from coach.models import Person

#: 1970 began on a Thursday.
_FIRST_WEEKDAY = 3

_EPOCH = date(1970, 1, 1)

#: The first and the last day that a date may be, a day less for what a zone may add.
_FIRST_DAY, _LAST_DAY = (date.min - _EPOCH).days + 2, (date.max - _EPOCH).days - 2

#: So many days are looked up together, where all lie within so many.
_TOGETHER, _MOST_DAYS = 512, 50_000

#: Holidays are looked up in these years: what a CRM dates before or after them is a mistake.
_YEARS = (1970, 2100)


def local(at: Ints, person: Person) -> Ints:
    """Instants as microseconds on a person's own wall; exact but for the hours of a day on which
    the clocks are changed.
    """
    import numpy as np

    days = at // DAY
    first, last = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    if last - first < _MOST_DAYS:
        begin = first // _TOGETHER
        pieces = [
            _offsets(person.time_zone, piece) for piece in range(begin, last // _TOGETHER + 1)
        ]
        return np.asarray(at + np.concatenate(pieces)[days - begin * _TOGETHER], dtype=np.int64)
    days, place = np.unique(days, return_inverse=True)
    told = [_offset(person.time_zone, day) for day in days.tolist()]
    return np.asarray(at + np.asarray(told, dtype=np.int64)[place], dtype=np.int64)


@lru_cache(maxsize=1024)
def _offsets(time_zone: str | None, piece: int) -> Ints:
    """How far ahead of UTC the clocks there are on each of some days: a team shares its zone."""
    import numpy as np

    days = range(piece * _TOGETHER, (piece + 1) * _TOGETHER)
    told = [_offset(time_zone, min(max(day, _FIRST_DAY), _LAST_DAY)) for day in days]
    return np.asarray(told, dtype=np.int64)


@lru_cache(maxsize=8192)
def _offset(time_zone: str | None, day: int) -> int:
    """How far ahead of UTC the clocks there are at noon of a day since 1970."""
    noon = datetime(1970, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
    ahead = noon.astimezone(zone(time_zone)).utcoffset() or timedelta()
    return int(ahead.total_seconds()) * SECOND


def _worked(at: Ints, person: Person, off: Ints) -> Ints:
    """How many microseconds of working time there were from 1970 to each local instant.

    `off` are the holidays among the working days that count.
    """
    import numpy as np

    begin, length = _hours(person)
    week = _week(person)
    before = np.concatenate(([0], np.cumsum(week)))
    today = at // DAY
    day = today + _FIRST_WEEKDAY
    days = day // 7 * before[7] + before[day % 7] - np.searchsorted(off, today)
    works = week[day % 7] & ~np.isin(today, off)
    so_far = np.clip(at % DAY - begin, 0, length) * works
    return np.asarray(days * length + so_far, dtype=np.int64)


def working_hours(since: Ints, until: Ints, person: Person) -> Floats:
    """The working hours between two instants, each in UTC; on a holiday there are none."""
    import numpy as np

    begin, end = local(since, person), local(until, person)
    both = np.concatenate((begin, end)) // DAY
    off = _holidays(int(both.min()), int(both.max()), person) if len(both) else both
    return (_worked(end, person, off) - _worked(begin, person, off)) / (3600 * SECOND)


def _week(person: Person) -> Bools:
    """On which days of the week a person works, from Monday on."""
    import numpy as np

    return np.asarray([day + 1 in person.settings.working_days for day in range(7)])


def _holidays(first: int, last: int, person: Person) -> Ints:
    """The holidays from one local day to another that would be working days, in order."""
    import numpy as np

    country, off = person.settings.holidays, set[int]()
    if country is not None:
        ends = np.asarray([first, last]).astype("datetime64[D]").astype("datetime64[Y]")
        begin, end = np.clip(ends.astype(np.int64) + _EPOCH.year, *_YEARS).tolist()
        off = {
            (day - _EPOCH).days
            for year in range(begin, end + 1)
            for day in public_holidays(country, year)
            if day.isoweekday() in person.settings.working_days
        }
    return np.asarray(sorted(off), dtype=np.int64)


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
    works = _week(person)[(days + _FIRST_WEEKDAY) % 7]
    worked_on: Ints = days[works & ~np.isin(days, _holidays(first, last, person))]
    return worked_on
