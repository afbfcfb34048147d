"""How many deals a person has won in a row, and how many they ever had.

Of deals that were closed at the same instant nobody knows which was first: of the run that goes on
the least is taken, of those of before the most.
"""

from typing import Any

from sqlalchemy import case, func, select

from coach.knowledge import Run
from coach.models import Deal, DealStatus
from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.tables import deals


async def find(tx: Tx, asked: Asked) -> dict[str, Run]:
    """Of whom a deal that is asked about was won."""
    whose = {
        each.person_id
        for each in asked.subjects
        if isinstance(each, Deal) and each.status is DealStatus.WON and each.person_id
    }
    found: dict[str, Run] = {}
    for piece in chunks(sorted(whose.intersection(asked.people))):
        runs: dict[str, list[Any]] = {}
        for row in await tx.execute(_runs(asked.workspace_id, piece)):
            runs.setdefault(row.person_id, []).append(row)
        for person_id, its in runs.items():
            *before, last = its
            if last.won and not last.lost:
                lost = sum(each.lost for each in its)
                longest = max((each.won for each in before), default=0)
                decided = sum(each.won for each in before) + lost
                found[person_id] = Run(last.won, last.since, longest, decided, lost)
    return found


def _runs(workspace_id: str, person_ids: list[str]) -> Any:
    """Each person's deals won between two lost ones, in order; the last run goes on."""
    lost = case((deals.c.status == DealStatus.LOST.value, 1), else_=0)
    so_far = func.sum(lost).over(
        partition_by=deals.c.person_id, order_by=deals.c.closed_at, range_=(None, 0)
    )
    just_then = func.sum(lost).over(partition_by=(deals.c.person_id, deals.c.closed_at))
    decided = (
        select(
            deals.c.person_id,
            deals.c.closed_at,
            lost.label("lost"),
            # What was won at the instant of a loss is taken to belong to the run before it.
            (so_far - just_then).label("run"),
        )
        .where(
            deals.c.workspace_id == workspace_id,
            deals.c.person_id.in_(person_ids),
            deals.c.status.in_([DealStatus.WON.value, DealStatus.LOST.value]),
            deals.c.closed_at.is_not(None),
            ~deals.c.deleted,
        )
        .subquery()
    )
    won_at = case((decided.c.lost == 0, decided.c.closed_at))
    return (
        select(
            decided.c.person_id,
            decided.c.run,
            func.count(won_at).label("won"),
            func.min(won_at).label("since"),
            func.sum(decided.c.lost).label("lost"),
        )
        .group_by(decided.c.person_id, decided.c.run)
        .order_by(decided.c.person_id, decided.c.run)
    )


LOADER = Loader(find)
