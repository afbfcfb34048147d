"""Trouble with the webhooks of connections: what is wrong, whether it is mended, and told."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, literal, not_, or_, select, update

from storage.columns import UtcDateTime
from storage.database import Tx
from storage.tables import connections


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the webhooks of a connection, or was."""

    workspace_id: str
    connection_id: str
    why: str
    since: datetime
    mended: bool


async def found(
    tx: Tx, workspace_id: str, connection_id: str, why: str, now: datetime, *, mended: bool = False
) -> None:
    """Keep what is wrong, to be told; what is known of already is not told again.

    What was `mended` at once is told as well: something may have been missed meanwhile.
    """
    c = connections.c
    goes_on = and_(c.trouble.is_not(None), not_(c.mended))
    await tx.execute(
        update(connections)
        .where(
            c.workspace_id == workspace_id,
            c.id == connection_id,
            or_(c.trouble.is_(None), c.trouble != why, c.mended, c.mended != mended),
        )
        .values(
            trouble=why,
            trouble_at=case((goes_on, c.trouble_at), else_=literal(now, UtcDateTime)),
            mended=mended,
            trouble_told=False,
        )
    )


async def over(tx: Tx, workspace_id: str, connection_id: str) -> None:
    """Nothing is wrong any more, if anything was."""
    c = connections.c
    await tx.execute(
        update(connections)
        .where(
            c.workspace_id == workspace_id,
            c.id == connection_id,
            c.trouble.is_not(None),
            not_(c.mended),
        )
        .values(mended=True, trouble_told=False)
    )


async def untold(tx: Tx) -> list[Trouble]:
    """What the administrators have not been told of as it is by now."""
    c = connections.c
    query = (
        select(c.workspace_id, c.id, c.trouble, c.trouble_at, c.mended)
        .where(c.trouble.is_not(None), c.trouble_at.is_not(None), not_(c.trouble_told))
        .order_by(c.workspace_id, c.id)
    )
    return [Trouble(*row) for row in await tx.execute(query)]


async def told(tx: Tx, trouble: Trouble) -> None:
    """The administrator has been told, unless it has changed meanwhile."""
    c = connections.c
    await tx.execute(
        update(connections)
        .where(
            c.workspace_id == trouble.workspace_id,
            c.id == trouble.connection_id,
            c.trouble == trouble.why,
            c.mended == trouble.mended,
        )
        .values(trouble_told=True)
    )
