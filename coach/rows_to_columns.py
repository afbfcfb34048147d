"""From rows of the mirror to the columns that patterns are found in, as of a moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coach.arrays import Ints
from coach.columns import (
    LOST,
    NEVER,
    NOBODY,
    OPEN,
    WON,
    Coded,
    Deals,
    History,
    Stays,
    Tasks,
    coded,
)
from coach.models import DealStatus, Person

_STATUS = {DealStatus.OPEN: OPEN, DealStatus.WON: WON, DealStatus.LOST: LOST}

#: (created, closed, status, person, value, contacted, followed, has a contact, currency, source,
#: product, sector), instants in microseconds since 1970.
DealRow = tuple[
    int | None, int | None, str, str | None, float | None, int | None, int | None, bool,
    str | None, str | None, str | None, str | None,
]  # fmt: skip

#: (stage, entered, left, won, closed, person)
StayRow = tuple[str, int, int, bool, int, str | None]

#: (created, completed, person)
TaskRow = tuple[int | None, int | None, str | None]

_FIELDS = ("currency", "source", "product", "sector")


@dataclass(frozen=True, slots=True)
class Rows:
    """What was read of a team."""

    people: Mapping[str, Person]
    deals: Sequence[DealRow]
    stays: Sequence[StayRow]
    tasks: Sequence[TaskRow]


def columns_of(rows: Rows, now: int) -> History:
    """All of it as of that moment: what was created later is not there, and what was decided or
    done later is still open.
    """
    people = list(rows.people.values())
    places = {person.id: place for place, person in enumerate(people)}
    return History(
        now,
        people,
        _deals(rows.deals, places, now),
        _stays(rows.stays, places, now),
        _tasks(rows.tasks, places, now),
    )


def _deals(rows: Sequence[DealRow], places: Mapping[str, int], now: int) -> Deals:
    import numpy as np

    by_column = _turned(rows, 12)
    created, closed, contacted, followed = (_instants(by_column[place]) for place in (0, 1, 5, 6))
    status = np.asarray([_STATUS[DealStatus(each)] for each in by_column[2]], dtype=np.int64)
    later = closed > now
    status[later] = OPEN
    value = np.asarray(
        [np.nan if each is None else each for each in by_column[4]], dtype=np.float64
    )
    fields: dict[str, Coded] = {}
    for place, name in enumerate(_FIELDS, start=8):
        found = coded(by_column[place])
        if found.names:
            fields[name] = found
    whole = Deals(
        created,
        np.where(later | (status == OPEN), NEVER, closed),
        status,
        _owners(by_column[3], places),
        value,
        np.where(contacted > now, NEVER, contacted),
        np.where(followed > now, NEVER, followed),
        np.asarray(by_column[7], dtype=np.bool_),
        fields,
    )
    return whole.only(created <= now)


def _stays(rows: Sequence[StayRow], places: Mapping[str, int], now: int) -> Stays:
    import numpy as np

    stage, entered, left, won, closed, person = _turned(rows, 6)
    whole = Stays(
        coded(stage),
        _instants(entered),
        _instants(left),
        np.asarray(won, dtype=np.bool_),
        _instants(closed),
        _owners(person, places),
    )
    return whole.only(whole.closed <= now)


def _tasks(rows: Sequence[TaskRow], places: Mapping[str, int], now: int) -> Tasks:
    import numpy as np

    created, completed, person = _turned(rows, 3)
    done = _instants(completed)
    whole = Tasks(_instants(created), np.where(done > now, NEVER, done), _owners(person, places))
    return whole.only((whole.created <= now) & (whole.owner != NOBODY))


def _turned(rows: Sequence[tuple[Any, ...]], width: int) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width


def _instants(values: Sequence[object]) -> Ints:
    import numpy as np

    return np.asarray([NEVER if each is None else each for each in values], dtype=np.int64)


def _owners(values: Sequence[object], places: Mapping[str, int]) -> Ints:
    import numpy as np

    named = [places.get(each, NOBODY) if isinstance(each, str) else NOBODY for each in values]
    return np.asarray(named, dtype=np.int64)
