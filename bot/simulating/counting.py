"""How many messages that would have been: by person, by day, by week."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.simulating.running import Course
from coach.calendar import is_working_day, local_date
from coach.models import Person

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages by person and day; of each person every day on which they work, or got any."""

    by_day: Mapping[str, Mapping[date, int]]
    by_week: Sequence[int]

    @property
    def a_day(self) -> list[int]:
        """How many on each day of each person, in order of size."""
        return sorted(count for days in self.by_day.values() for count in days.values())

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.a_day)


def counted(course: Course, people: Iterable[Person], since: datetime, until: datetime) -> Counts:
    """Count what was said between these times, each person's days by their own calendar."""
    by_day: dict[str, dict[date, int]] = {}
    for person in people:
        day, last = local_date(since, person), local_date(until - timedelta(microseconds=1), person)
        days = by_day.setdefault(person.id, {})
        while day <= last:
            if is_working_day(day, person):
                days[day] = 0
            day += timedelta(days=1)
    weeks = Counter((each.at - since) // WEEK for each in course.said)
    for each in course.said:
        days = by_day[each.person.id]
        day = local_date(each.at, each.person)
        days[day] = days.get(day, 0) + 1
    last_week = (until - since - timedelta(microseconds=1)) // WEEK
    return Counts(by_day, [weeks[number] for number in range(last_week + 1)])


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The least of these numbers that so many percent of them do not exceed; 0 of none."""
    if not ordered:
        return 0
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]
