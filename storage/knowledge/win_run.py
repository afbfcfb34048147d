"""How many deals a person has won in a row, and how many they ever had.

Of deals that were closed at the same instant nobody knows which was first: of the run that goes on
the least is taken, of those of before the most.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import bindparam, case, func, select

from coach.knowledge import Run
from coach.models import Deal, DealStatus
from storage.among import among, texts
from storage.database import Tx, chunks
from storage.loader import Asked, Loader
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


_IN_ALL = _decided()
_BY_INSTANT = _decided(deals.c.closed_at)


async def find(tx: Tx, asked: Asked) -> dict[str, Run]:
    """Of whom a deal that is asked about was won."""
    whose = {
        each.person_id
        for each in asked.subjects
        if isinstance(each, Deal) and each.status is DealStatus.WON and each.person_id
    }
    found: dict[str, Run] = {}
    for piece in chunks(sorted(whose.intersection(asked.people))):
        lost_some: list[str] = []
        for row in await tx.execute(_IN_ALL, {"workspace": asked.workspace_id, "whose": piece}):
            if row.lost:
                lost_some.append(row.person_id)
            else:
                found[row.person_id] = Run(row.won, row.since, 0, 0, 0)
        if lost_some:
            rows = await tx.execute(
                _BY_INSTANT, {"workspace": asked.workspace_id, "whose": lost_some}
            )
            for person_id, its in groupby(rows, attrgetter("person_id")):
                if (run := _last(its)) is not None:
                    found[person_id] = run
    return found


def _last(instants: Iterable[Any]) -> Run | None:
    """The run that goes on after all of a person's deals, instant by instant; none after a loss.

    What was won at the instant of a loss belongs to the run before it.
    """
    length = longest = decided = lost = 0
    since: datetime | None = None
    for each in instants:
        if not length:
            since = each.since
        length += each.won
        if each.lost:
            longest, decided, lost = max(longest, length), decided + length, lost + each.lost
            length = 0
    if not length or since is None:
        return None
    return Run(length, since, longest, decided + lost, lost)


LOADER = Loader(find)
