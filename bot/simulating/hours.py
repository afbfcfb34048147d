"""Dates of which nobody knows the hour: spread over the working hours of who did it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from bot.simulating.history import Told, is_about, moved
from coach.calendar import moment_on
from coach.models import DealStatus, Person

#: What one person did on a day is put this far from the beginning and end of their work, and no
#: closer together than this, as far as there is room.
MARGIN, STEP = timedelta(minutes=30), timedelta(minutes=10)


def spread(told: Sequence[Told], whom: Mapping[str, Person], since: datetime) -> list[Told]:
    """The same in order, each with an hour of its day; nothing comes before `since`.

    What is known to the minute stays where it is, and what happened to one thing keeps its order.
    Deals that were won on a day come after those that were lost on it: which was first nobody
    knows, and no run of wins is to be made up.
    """
    told = sorted(told, key=lambda each: each.event.occurred_at)
    days: dict[tuple[str, date], list[int]] = defaultdict(list)
    for place, each in enumerate(told):
        if each.day_only and each.person_id in whom:
            days[each.person_id or "", each.event.occurred_at.date()].append(place)
    hours: dict[int, datetime] = {}
    for (person_id, day), places in days.items():
        in_turn = _wins_last(told, places)
        hours |= zip(in_turn, _hours(whom[person_id], day, len(places)), strict=True)
    placed: list[Told] = []
    last: dict[object, datetime] = {}
    for place, each in enumerate(told):
        about, at = is_about(each), each.event.occurred_at
        if place in hours:
            at = max(hours[place], last.get(about, since), since)
            each = moved(each, at)
        last[about] = at
        placed.append(each)
    return sorted(placed, key=lambda each: each.event.occurred_at)


def _wins_last(told: Sequence[Told], places: Sequence[int]) -> list[int]:
    """These places, with those of deals that were lost before those of deals that were won."""
    closed = [place for place in places if _closed_as(told[place]) is not None]
    in_turn = iter(sorted(closed, key=lambda place: _closed_as(told[place]) is DealStatus.WON))
    closings = set(closed)
    return [next(in_turn) if place in closings else place for place in places]


def _closed_as(told: Told) -> DealStatus | None:
    statuses = {each.fields.get("status") for each in told.event.changes}
    return next((each for each in (DealStatus.WON, DealStatus.LOST) if each in statuses), None)


def _hours(person: Person, day: date, count: int) -> list[datetime]:
    settings = person.settings
    begin = moment_on(day, settings.work_from, person) + MARGIN
    room = max(moment_on(day, settings.work_until, person) - MARGIN - begin, timedelta())
    slots = max(room // STEP, 1)
    return [begin + STEP * int((place + 0.5) * slots / count) for place in range(count)]
