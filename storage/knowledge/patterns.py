"""What was found in the team's own figures: of the team, and of each person alone."""

from collections import defaultdict

from sqlalchemy import func, select

from coach.knowledge import FoundPattern
from coach.old_deals import OpenDeal
from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.tables import OPEN_DEAL, deals, patterns

#: The pattern that tells of a person's open deals, whose number changes from day to day.
OLD_DEALS = "open_too_long"


async def find(tx: Tx, asked: Asked) -> dict[str, list[FoundPattern]]:
    """The team's for everybody, and their own for each; what no longer holds too."""
    rows = (
        await tx.execute(select(patterns).where(patterns.c.workspace_id == asked.workspace_id))
    ).all()
    mine = {row.person_id for row in rows if row.pattern == OLD_DEALS and row.gone_at is None}
    open_deals = await _open_deals(tx, asked.workspace_id, mine & set(asked.people))
    found: dict[str, list[FoundPattern]] = {}
    for person_id in asked.people if rows else ():
        found[person_id] = [
            FoundPattern(
                row.key,
                row.pattern,
                row.group_name,
                row.person_id is not None,
                row.message,
                row.figures,
                row.chance,
                row.found_at,
                row.gone_at,
                tuple(open_deals.get(person_id, ())) if row.pattern == OLD_DEALS else (),
            )
            for row in rows
            if row.person_id in {None, person_id}
        ]
    return found


async def _open_deals(tx: Tx, workspace_id: str, people: set[str]) -> dict[str, list[OpenDeal]]:
    """Since when each of their open deals is there, and when it was last moved on."""
    found: dict[str, list[OpenDeal]] = defaultdict(list)
    moved = func.coalesce(
        deals.c.stage_entered_at, deals.c.created_at, type_=deals.c.created_at.type
    )
    for piece in chunks(sorted(people)):
        query = select(deals.c.person_id, deals.c.created_at, moved).where(
            deals.c.workspace_id == workspace_id, deals.c.person_id.in_(piece), OPEN_DEAL
        )
        for person_id, created_at, moved_at in await tx.execute(query):
            found[person_id].append(OpenDeal(created_at, moved_at))
    return found


LOADER = Loader(find)
