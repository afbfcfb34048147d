"""Departures: workspaces where the app was removed; what is kept of them goes after a while."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Table, delete, select, tuple_, update

from storage.database import Tx
from storage.tables import metadata, workspaces


class Departure(NamedTuple):
    """A workspace whose data are to be deleted from then on."""

    workspace_id: str
    delete_at: datetime


async def leave(
    tx: Tx, workspace_ids: Collection[str], now: datetime, delete_at: datetime | None
) -> None:
    """The app is gone from there; since when, stays as first told."""
    await tx.execute(
        update(workspaces)
        .where(workspaces.c.id.in_(workspace_ids), workspaces.c.left_at.is_(None))
        .values(left_at=now, delete_at=delete_at)
    )


async def due(tx: Tx, now: datetime, most: int = 20) -> list[Departure]:
    """Those whose time is up."""
    c = workspaces.c
    query = select(c.id, c.delete_at).where(c.delete_at <= now).order_by(c.delete_at).limit(most)
    return [Departure(*row) for row in await tx.execute(query)]


async def begin(tx: Tx, departure: Departure, until: datetime) -> bool:
    """Take the turn to delete one, until then; of several who found it, one gets it.

    From now on it is no team's: installed again, the team gets a new one.
    """
    c = workspaces.c
    begun = await tx.execute(
        update(workspaces)
        .where(
            c.id == departure.workspace_id,
            c.delete_at == departure.delete_at,
            c.left_at.is_not(None),
        )
        .values(team_id=None, enterprise_id=None, delete_at=until)
        .returning(c.id)
    )
    return begun.first() is not None


async def go_on(tx: Tx, workspace_id: str, until: datetime) -> None:
    """Keep the turn for longer."""
    await tx.execute(
        update(workspaces).where(workspaces.c.id == workspace_id).values(delete_at=until)
    )


#: All that is kept by workspace, what refers to something else before that.
OF_A_WORKSPACE: list[Table] = [
    table for table in reversed(metadata.sorted_tables) if "workspace_id" in table.c
]


async def delete_some(tx: Tx, table: Table, workspace_id: str, most: int) -> int:
    """Delete so many rows of a workspace at most; returns how many there were."""
    key = list(table.primary_key)
    some = select(*key).where(table.c.workspace_id == workspace_id).limit(most)
    rows = [tuple(row) for row in await tx.execute(some)]
    if rows:
        await tx.execute(delete(table).where(tuple_(*key).in_(rows)))
    return len(rows)


async def end(tx: Tx, workspace_id: str) -> None:
    """Delete the workspace itself, with what came meanwhile: what was on its way."""
    for table in OF_A_WORKSPACE:
        await tx.execute(delete(table).where(table.c.workspace_id == workspace_id))
    await tx.execute(
        delete(workspaces).where(workspaces.c.id == workspace_id, workspaces.c.team_id.is_(None))
    )
