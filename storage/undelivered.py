"""Changes that were given up, and which message tells their person of them."""

from sqlalchemy import or_, select, update

from storage.crm_writes import UNDO, StoredWrite, from_row
from storage.database import Tx
from storage.tables import crm_writes


async def note(tx: Tx, write: StoredWrite, message_id: str) -> str | None:
    """Note which message tells of a change; returns its id, of another where that tells already.

    `None` when its person has taken the change back: they count on it no more.
    """
    place = (crm_writes.c.workspace_id == write.workspace_id, crm_writes.c.key == write.key)
    counted_on = or_(
        crm_writes.c.undone_at.is_(None),
        crm_writes.c.key.endswith(UNDO),
        # It was taken back by the refusal, and not by them.
        crm_writes.c.state == "refused",
    )
    await tx.execute(
        update(crm_writes)
        .where(*place, counted_on, crm_writes.c.told_in.is_(None))
        .values(told_in=message_id)
    )
    return (await tx.execute(select(crm_writes.c.told_in).where(*place))).scalar()


async def told_in(
    tx: Tx, workspace_id: str, person_id: str, message_id: str, most: int
) -> list[StoredWrite]:
    """What a message tells of, as it stands now, in the order in which it was made."""
    query = (
        select(crm_writes)
        .where(
            crm_writes.c.workspace_id == workspace_id,
            crm_writes.c.person_id == person_id,
            crm_writes.c.told_in == message_id,
            crm_writes.c.state != "withdrawn",
        )
        .order_by(crm_writes.c.created_at, crm_writes.c.key)
        .limit(most)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def of_insight(tx: Tx, workspace_id: str, fingerprint: str) -> list[StoredWrite]:
    """What was done from an insight, was given up, and has not got to the CRM since."""
    query = (
        select(crm_writes)
        .where(
            crm_writes.c.workspace_id == workspace_id,
            crm_writes.c.fingerprint == fingerprint,
            crm_writes.c.told_in.is_not(None),
            crm_writes.c.state.in_(["failed", "queued"]),
        )
        .order_by(crm_writes.c.created_at, crm_writes.c.key)
    )
    return [from_row(row) for row in await tx.execute(query)]
