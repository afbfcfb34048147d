"""From rows of the mirror, page by page, to the columns that patterns are found in."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from coach.arrays import Bools, Floats, Ints
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
)
from coach.models import DealStatus, Person

_STATUS: Mapping[str, int] = {
    DealStatus.OPEN.value: OPEN,
    DealStatus.WON.value: WON,
    DealStatus.LOST.value: LOST,
}

#: (id, created, closed, status, person, value, contacted, followed, whether a contact is known,
#: currency, source, product, sector); instants in microseconds since 1970.
DealRow = Sequence[Any]

#: (deal's id, stage, entered, left), every stay in a stage that has ended.
StayRow = Sequence[Any]

#: (created, completed, person)
TaskRow = Sequence[Any]

_FIELDS = ("currency", "source", "product", "sector")


@dataclass(frozen=True, slots=True)
class Page:
    """Some deals of one connection, all stays of these, and some tasks."""

    deals: Sequence[DealRow] = ()
    stays: Sequence[StayRow] = ()
    tasks: Sequence[TaskRow] = ()


class Coder:
    """Gives texts codes; those that differ in case or in spaces around them alone are the same.

    Each is called as it was first met; an empty one is none.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._places: dict[str, int] = {}
        self._known: dict[str | None, int] = {None: NOBODY}

    def codes(self, values: Sequence[str | None]) -> Ints:
        """The code of each."""
        import numpy as np

        known = self._known
        for value in dict.fromkeys(values):
            if value not in known:
                self._new(value or "")
        return np.fromiter(map(known.__getitem__, values), np.int64, len(values))

    def _new(self, value: str) -> None:
        shown = " ".join(value.split())
        code = NOBODY
        if shown:
            code = self._places.setdefault(shown.casefold(), len(self.names))
            if code == len(self.names):
                self.names.append(shown)
        self._known[value] = code


@dataclass(slots=True)
class Gathered:
    """Pages made columns; each page is given and forgotten.

    They may be looked at as of one moment after the other.
    """

    _parts: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    _coders: dict[str, Coder] = field(default_factory=lambda: defaultdict(Coder))
    _deals: int = 0

    def take(self, page: Page) -> None:
        """One more page; each deal comes in one page only."""
        if page.deals:
            self._take_deals(page.deals, page.stays)
        if page.tasks:
            created, completed, person = _turned(page.tasks, 3)
            self._add("task", _instants(created), _instants(completed), self._owners(person))

    def owners(self) -> Sequence[str]:
        """The ids of the people who own anything."""
        return self._coders["person"].names

    def _take_deals(self, rows: Sequence[DealRow], stays: Sequence[StayRow]) -> None:
        import numpy as np

        (
            ids, created, closed, status, person, value, contacted, followed, known, *fields
        ) = _turned(rows, 13)  # fmt: skip
        self._add(
            "deal",
            _instants(created),
            _instants(closed),
            np.fromiter(map(_STATUS.__getitem__, status), np.int64, len(status)),
            self._owners(person),
            # Of none it makes what is not a number.
            np.asarray(value, dtype=np.float64),
            _instants(contacted),
            _instants(followed),
            np.asarray(known, dtype=np.bool_),
        )
        self._add("field", *(
            self._coders[name].codes(column) for name, column in zip(_FIELDS, fields, strict=True)
        ))  # fmt: skip
        if stays:
            places = {id: self._deals + place for place, id in enumerate(ids)}
            deal, stage, entered, left = _turned(stays, 4)
            self._add(
                "stay",
                np.fromiter(map(places.__getitem__, deal), np.int64, len(deal)),
                self._coders["stage"].codes(stage),
                _instants(entered),
                _instants(left),
            )
        self._deals += len(rows)

    def _owners(self, ids: Sequence[str | None]) -> Ints:
        return self._coders["person"].codes(ids)

    def _add(self, name: str, *columns: Any) -> None:
        self._parts[name].append(columns)

    def _columns(self, name: str, width: int) -> list[Any]:
        import numpy as np

        parts = self._parts[name]
        if not parts:
            return [np.zeros(0, dtype=np.int64)] * width
        if len(parts) > 1:
            # Put together once, in the place of what it was put together from.
            parts[:] = [tuple(np.concatenate(each) for each in zip(*parts, strict=True))]
        return list(parts[0])

    def history(self, people: Mapping[str, Person], now: int) -> History:
        """All of it as of that moment: what was created later is not there, and what was
        decided or done later is still open. What belongs to nobody among `people` is nobody's.
        """
        import numpy as np

        names = self._coders["person"].names
        places = [place for place, id in enumerate(names) if id in people]
        known = np.full(len(names) + 1, NOBODY, dtype=np.int64)
        known[places] = np.arange(len(places))
        deals = self._all_deals(known, now)
        stays = self._all_stays(deals)
        created, completed, person = self._columns("task", 3)
        tasks = Tasks(created, np.where(completed > now, NEVER, completed), known[person])
        return History(
            now,
            [people[names[place]] for place in places],
            deals.only(deals.created <= now),
            stays,
            tasks.only((tasks.created <= now) & (tasks.owner != NOBODY)),
        )

    def _all_deals(self, known: Ints, now: int) -> Deals:
        import numpy as np

        created, closed, status, owner, value, contacted, followed, with_contact = self._columns(
            "deal", 8
        )
        later = closed > now
        status = np.where(later, OPEN, status)
        coders = [self._coders[name] for name in _FIELDS]
        fields = {
            name: Coded(codes, tuple(coder.names))
            for name, coder, codes in zip(_FIELDS, coders, self._columns("field", 4), strict=True)
            if coder.names
        }
        values: Floats = value.astype(np.float64)
        reachable: Bools = with_contact.astype(np.bool_)
        return Deals(
            created,
            np.where(status == OPEN, NEVER, closed),
            status,
            known[owner],
            values,
            np.where(contacted > now, NEVER, contacted),
            np.where(followed > now, NEVER, followed),
            reachable,
            fields,
        )

    def _all_stays(self, deals: Deals) -> Stays:
        """One for each stage and deal that is decided, as long as all its stays there."""
        import numpy as np

        deal, stage, entered, left = self._columns("stay", 4)
        names = tuple(self._coders["stage"].names)
        decided = (deals.status != OPEN) & (deals.closed != NEVER)
        which = decided[deal] if len(deal) else np.zeros(0, dtype=np.bool_)
        deal, stage, entered, left = deal[which], stage[which], entered[which], left[which]
        keys, first, group = np.unique(
            deal * (len(names) + 1) + stage, return_index=True, return_inverse=True
        )
        lengths = np.zeros(len(keys), dtype=np.int64)
        np.add.at(lengths, group, left - entered)
        deal, began = deal[first], entered[first]
        return Stays(
            Coded(stage[first], names),
            began,
            began + lengths,
            deals.status[deal] == WON,
            deals.closed[deal],
            deals.owner[deal],
        )


def _turned(rows: Sequence[Sequence[Any]], width: int) -> list[list[Any]]:
    """The columns of some rows.

    `zip` makes an object for each row, and has Python look for garbage among them all.
    """
    return [list(map(itemgetter(place), rows)) for place in range(width)]


def _instants(values: Sequence[int | None]) -> Ints:
    import numpy as np

    found = [NEVER if each is None else each for each in values] if None in values else values
    return np.fromiter(found, np.int64, len(values))
