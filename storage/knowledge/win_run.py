"""How many deals a person had won in a row with each of theirs, and how many they ever had.

Of deals that were closed at the same instant nobody knows which was first, nor of those of one day
where of any of them the day alone is known: of the run that goes on the least is taken, of those of
before the most.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import bindparam, case, func, select

from coach.calendar import is_hourless
from coach.keys import subject_key
from coach.knowledge import Run
from coach.models import Deal, DealStatus
from storage.among import among, texts
from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.prepared import Prepared
from storage.tables import DECIDED_DEAL, deals


def _decided(*by: Any) -> Any:
    """How many deals of each person were won and lost, by this too, in its order."""
    lost = func.count(case((deals.c.status == DealStatus.LOST.value, 1)))
    return (
        select(
            deals.c.person_id,
            (func.count() - lost).label("won"),
            lost.label("lost"),
            func.min(deals.c.closed_at).label("since"),
        )
        .where(
            deals.c.workspace_id == bindparam("workspace"),
            among(deals.c.person_id, texts("whose")),
            DECIDED_DEAL,
            deals.c.closed_at.is_not(None),
        )
        .group_by(deals.c.person_id, *by)
        .order_by(deals.c.person_id, *by)
    )


_IN_ALL = Prepared(_decided())
_BY_INSTANT = Prepared(_decided(deals.c.closed_at))


class _Closed(NamedTuple):
    """Deals of one person of which nobody knows which was closed first, and when they were."""

    since: datetime
    until: datetime
    won: int
    lost: int


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, Run]]:
    """By deal, for whoever has won it."""
    won: dict[str, dict[str, datetime]] = {}
    for each in asked.subjects:
        if isinstance(each, Deal) and each.status is DealStatus.WON and each.closed_at:
            won.setdefault(each.person_id or "", {})[subject_key(each)] = each.closed_at
    found: dict[str, dict[str, Run]] = {}
    for piece in chunks(sorted(won.keys() & set(asked.people))):
        lost_some: list[str] = []
        for row in await _IN_ALL.rows(tx, {"workspace": asked.workspace_id, "whose": piece}):
            if row.lost:
                lost_some.append(row.person_id)
            else:
                run = Run(row.won, row.since, 0, 0, 0)
                found[row.person_id] = dict.fromkeys(won[row.person_id], run)
        if lost_some:
            rows = await _BY_INSTANT.rows(tx, {"workspace": asked.workspace_id, "whose": lost_some})
            for person_id, its in groupby(rows, attrgetter("person_id")):
                if runs := _runs(_in_order(its), won[person_id]):
                    found[person_id] = runs
    return found


def _in_order(instants: Iterable[Any]) -> Iterator[_Closed]:
    """The instants at which a person's deals were closed; a day where that is all that is known."""
    for _, of_day in groupby(instants, lambda each: each.since.astimezone(UTC).date()):
        its = [_Closed(each.since, each.since, each.won, each.lost) for each in of_day]
        if any(is_hourless(each.since) for each in its):
            won, lost = sum(each.won for each in its), sum(each.lost for each in its)
            yield _Closed(its[0].since, its[-1].since, won, lost)
        else:
            yield from its


def _runs(closed: Iterable[_Closed], asked: Mapping[str, datetime]) -> dict[str, Run]:
    """In which run each of these deals was won, given when; none for one won at that of a loss.

    What was won at the instant of a loss belongs to none; of the longest of before it counts for
    the run before it as well as for the one after, the most that each may have been.
    """
    found: dict[str, Run] = {}
    going: list[str] = []
    length = longest = decided = lost = perhaps = 0
    since: datetime | None = None
    for each in closed:
        if not length:
            since = each.since
        length += each.won
        if each.lost:
            found |= {key: replace(found[key], ended=True) for key in going}
            longest = max(longest, perhaps + length)
            decided, lost = decided + length, lost + each.lost
            length, perhaps, going = 0, each.won, []
            continue
        its = [key for key, at in asked.items() if each.since <= at <= each.until]
        run = Run(length, since or each.since, longest, decided + lost, lost, each.won)
        found |= dict.fromkeys(its, run)
        going += its
    return found


LOADER = Loader(find)
