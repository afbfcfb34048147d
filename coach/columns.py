"""What patterns are found in: a team's deals, stays and tasks, in columns.

Instants are whole microseconds since 1970 in UTC, `NEVER` for none; whose a thing is, is the place
of its person in `History.people`, `NOBODY` for nobody's. What the CRM calls things is coded: a
column of numbers, and the names they stand for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise, starmap
from typing import Generic, TypeAlias, TypeVar

from coach.arrays import Bools, Floats, Ints
from coach.models import Person

NEVER = -(2**62)
NOBODY = -1

OPEN, WON, LOST = 0, 1, 2

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

#: A date that came without an hour stands for noon or for midnight in UTC.
_HOURLESS = (0, 12 * HOUR)

#: Some of a column: a sign for each place, places, or a piece.
Which: TypeAlias = "Bools | Ints | slice"

T = TypeVar("T", "Deals", "Stays", "Tasks")


@dataclass(frozen=True, slots=True)
class Coded:
    """What each thing is called: a code, `NOBODY` where the CRM does not say, and the names."""

    codes: Ints
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Deals:
    """Every deal the CRM has, one place each."""

    created: Ints
    closed: Ints
    #: `OPEN`, `WON` or `LOST`.
    status: Ints
    owner: Ints
    #: What it is worth, not a number where nobody has said.
    value: Floats
    #: When its contact was first called, written to or met after it was created.
    contacted: Ints
    #: When the first task for it was made after it was created.
    followed: Ints
    #: Whether the CRM tells with whom it is.
    with_contact: Bools
    #: By name: `source`, `product`, `sector`, `currency`.
    fields: Mapping[str, Coded] = field(default_factory=dict)

    def only(self, which: Which) -> "Deals":
        """Those of them."""
        fields = {
            name: replace(each, codes=each.codes[which]) for name, each in self.fields.items()
        }
        return Deals(
            self.created[which],
            self.closed[which],
            self.status[which],
            self.owner[which],
            self.value[which],
            self.contacted[which],
            self.followed[which],
            self.with_contact[which],
            fields,
        )


@dataclass(frozen=True, slots=True)
class Stays:
    """Every stay in a stage that has ended, of a deal that is decided."""

    stage: Coded
    entered: Ints
    left: Ints
    won: Bools
    closed: Ints
    owner: Ints

    def only(self, which: Which) -> "Stays":
        """Those of them."""
        stage = replace(self.stage, codes=self.stage.codes[which])
        return Stays(
            stage,
            self.entered[which],
            self.left[which],
            self.won[which],
            self.closed[which],
            self.owner[which],
        )


@dataclass(frozen=True, slots=True)
class Tasks:
    """Every task of somebody."""

    created: Ints
    completed: Ints
    owner: Ints

    def only(self, which: Which) -> "Tasks":
        """Those of them."""
        return Tasks(self.created[which], self.completed[which], self.owner[which])


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of a team, or of one of its people, at one time."""

    now: int
    #: Those who own anything, at the places that `owner` names.
    people: Sequence[Person]
    deals: Deals
    stays: Stays
    tasks: Tasks

    def by_owner(self) -> "Mapping[int, History]":
        """What is each person's own; those who have nothing are missing."""
        deals, stays, tasks = _by_owner(self.deals), _by_owner(self.stays), _by_owner(self.tasks)
        return {
            owner: replace(self, deals=deals(owner), stays=stays(owner), tasks=tasks(owner))
            for owner in sorted({*deals.owners, *tasks.owners} - {NOBODY})
        }


@dataclass(frozen=True, slots=True)
class _Parts(Generic[T]):
    """Things put in the order of their owners, so that what is somebody's is a piece of each
    column, and need not be looked for.
    """

    things: T
    #: From where to where each one's are.
    owners: Mapping[int, slice]

    def __call__(self, owner: int) -> T:
        return self.things.only(self.owners.get(owner, slice(0)))


def _by_owner(things: T) -> _Parts[T]:
    import numpy as np

    # Within what is one person's, the order stays.
    order = np.argsort(things.owner, kind="stable")
    ordered = things.only(order)
    column: Ints = things.owner[order]
    owners, begins = np.unique(column, return_index=True)
    first: Ints = begins
    borders: list[int] = [*first.tolist(), len(column)]
    return _Parts(
        ordered, dict(zip(owners.tolist(), starmap(slice, pairwise(borders)), strict=True))
    )


def micros(at: datetime) -> int:
    """An instant as these columns have it."""
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * SECOND)


def has_hour(at: Ints) -> Bools:
    """Of which instants the hour is known, and not the day alone."""
    import numpy as np

    known: Bools = (at != NEVER) & ~np.isin(at % DAY, _HOURLESS)
    return known


def numbered(values: Ints) -> tuple[Ints, int]:
    """Each value by its place among those there are, in their order, and how many there are.

    Where they lie close together, as months do, nothing has to be sorted.
    """
    import numpy as np

    if not len(values):
        return values, 0
    first = int(values.min())
    away = values - first
    wide = int(away.max()) + 1
    if wide > 4 * len(values) + 1000:
        found, places = np.unique(values, return_inverse=True)
        return places.astype(np.int64), len(found)
    there = np.zeros(wide, dtype=np.bool_)
    there[away] = True
    places = np.cumsum(there) - 1
    return places[away], int(places[-1]) + 1


def month(at: Ints) -> Ints:
    """The month of each instant, counted from 1970."""
    import numpy as np

    return at.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
