"""Changes that were given up, and which message tells their person of them."""

from datetime import datetime

from sqlalchemy import or_, select, update

from coach.writes import CreateTask
from storage.crm_writes import BY_HAND, UNDO, StoredWrite, from_row
from storage.database import Tx
from storage.leases import database_now
from storage.tables import crm_writes, tasks


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


async def by_hand(tx: Tx, write: StoredWrite, now: datetime) -> bool:
    """Note that its person has made a change in the CRM: nobody tries it any more.

    Says whether it was still missing there; not while it is being sent.
    """
    free = or_(
        crm_writes.c.leased_until.is_(None), crm_writes.c.leased_until <= database_now(tx, now)
    )
    settled = await tx.execute(
        update(crm_writes)
        .where(
            crm_writes.c.workspace_id == write.workspace_id,
            crm_writes.c.key == write.key,
            crm_writes.c.told_in.is_not(None),
            or_(crm_writes.c.state == "failed", (crm_writes.c.state == "queued") & free),
        )
        .values(state=BY_HAND, done_at=now, leased_until=None, fence=crm_writes.c.fence + 1)
        .returning(crm_writes.c.key)
    )
    return settled.first() is not None


async def not_by_hand(tx: Tx, write: StoredWrite) -> bool:
    """Take that back: it is missing in the CRM as before. Says whether it had been noted."""
    taken_back = await tx.execute(
        update(crm_writes)
        .where(
            crm_writes.c.workspace_id == write.workspace_id,
            crm_writes.c.key == write.key,
            crm_writes.c.state == BY_HAND,
        )
        .values(state="failed", done_at=None)
        .returning(crm_writes.c.key)
    )
    return taken_back.first() is not None


async def made_there(tx: Tx, write: StoredWrite, made: CreateTask) -> str | None:
    """The CRM's own id of a task that its person has made there in the place of ours.

    It has the same title, is about nothing else, and came later; `None` where there is not one.
    """
    about = {"deal_id": made.deal_id, "contact_id": made.contact_id}
    query = (
        select(tasks.c.id)
        .where(
            tasks.c.workspace_id == write.workspace_id,
            tasks.c.connection_id == write.connection_id,
            tasks.c.id != made.task_id,
            tasks.c.title == made.title,
            tasks.c.created_at >= write.made_at,
            ~tasks.c.deleted,
            *(
                or_(tasks.c[name] == id, tasks.c[name].is_(None))
                for name, id in about.items()
                if id is not None
            ),
        )
        .limit(2)
    )
    found = (await tx.execute(query)).scalars().all()
    return found[0] if len(found) == 1 else None


async def give_up_waiting(tx: Tx, workspace_id: str, connection_id: str) -> list[StoredWrite]:
    """Give up what is still on its way to a CRM; returns those, in the order they were made in.

    Of one that somebody has at this moment, or had when they were killed, nobody knows.
    """
    ended = (
        update(crm_writes)
        .where(
            crm_writes.c.workspace_id == workspace_id,
            crm_writes.c.connection_id == connection_id,
            crm_writes.c.state == "queued",
        )
        .values(
            state="failed",
            in_doubt=or_(crm_writes.c.in_doubt, crm_writes.c.leased_until.is_not(None)),
        )
        .returning(*crm_writes.c)
    )
    rows = (await tx.execute(ended)).all()
    return [from_row(row) for row in sorted(rows, key=lambda row: (row.created_at, row.key))]


async def given_up(tx: Tx, workspace_id: str, connection_id: str) -> list[StoredWrite]:
    """What was given up and is in a CRM not at all, or by somebody's hand."""
    query = (
        select(crm_writes)
        .where(
            crm_writes.c.workspace_id == workspace_id,
            crm_writes.c.connection_id == connection_id,
            crm_writes.c.told_in.is_not(None),
            crm_writes.c.state.in_(["failed", "queued", BY_HAND]),
        )
        .order_by(crm_writes.c.created_at, crm_writes.c.key)
    )
    return [from_row(row) for row in await tx.execute(query)]
