"""Changes on their way to the CRM: made once, retried until the CRM has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from coach.phrases import Phrase
from storage.database import Database, Tx, insert
from storage.tables import crm_writes


@dataclass(frozen=True, slots=True)
class StoredWrite:
    """One change, as stored."""

    workspace_id: str
    key: str
    fingerprint: str
    connection_id: str
    #: The id of the thing it changed.
    subject_id: str
    #: What was done, as the card says it.
    words: Phrase
    #: The request's body; `None` when the connection has nowhere to send it.
    body: str | None
    attempts: int = 0
    error: str | None = None


def _write(row: Row[Any]) -> StoredWrite:
    return StoredWrite(*(getattr(row, name) for name in StoredWrite.__slots__))


async def add(tx: Tx, write: StoredWrite, now: datetime) -> bool:
    """Store a change unless it was made before; says whether it is new."""
    result = await tx.execute(
        insert(tx, crm_writes)
        .values(
            workspace_id=write.workspace_id,
            key=write.key,
            fingerprint=write.fingerprint,
            connection_id=write.connection_id,
            subject_id=write.subject_id,
            words=write.words,
            body=write.body,
            state="queued" if write.body is not None else "local",
            not_before=now,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=list(crm_writes.primary_key))
        .returning(crm_writes.c.key)
    )
    return result.first() is not None


async def of_insight(tx: Tx, workspace_id: str, fingerprint: str) -> list[StoredWrite]:
    """What has been done from one insight, in order."""
    query = (
        select(crm_writes)
        .where(crm_writes.c.workspace_id == workspace_id, crm_writes.c.fingerprint == fingerprint)
        .order_by(crm_writes.c.created_at, crm_writes.c.key)
    )
    return [_write(row) for row in await tx.execute(query)]


async def any_due(tx: Tx, now: datetime) -> bool:
    """Whether a change is to be sent now."""
    query = (
        select(crm_writes.c.key)
        .where(crm_writes.c.state == "queued", crm_writes.c.not_before <= now)
        .limit(1)
    )
    return (await tx.execute(query)).first() is not None


async def claim(
    tx: Tx, database: Database, now: datetime, *, until: datetime, most: int
) -> list[StoredWrite]:
    """Changes to be sent now, oldest first; nobody else gets them before `until`."""
    query = (
        select(crm_writes.c.workspace_id, crm_writes.c.key)
        .where(crm_writes.c.state == "queued", crm_writes.c.not_before <= now)
        .order_by(crm_writes.c.not_before, crm_writes.c.created_at)
        .limit(most)
    )
    if not database.is_sqlite:
        query = query.with_for_update(skip_locked=True)
    claimed = []
    for workspace_id, key in (await tx.execute(query)).all():
        taken = await tx.execute(
            update(crm_writes)
            .where(crm_writes.c.workspace_id == workspace_id, crm_writes.c.key == key)
            .values(not_before=until, attempts=crm_writes.c.attempts + 1)
            .returning(crm_writes)
        )
        claimed += [_write(row) for row in taken]
    return claimed


async def finish(tx: Tx, write: StoredWrite, now: datetime) -> None:
    """The CRM has it."""
    await _set(tx, write, state="done", done_at=now, error=None)


async def retry(tx: Tx, write: StoredWrite, at: datetime, error: str) -> None:
    """The CRM could not be reached: again at that time."""
    await _set(tx, write, not_before=at, error=error)


async def fail(tx: Tx, write: StoredWrite, error: str) -> None:
    """The CRM will not have it."""
    await _set(tx, write, state="failed", error=error)


async def _set(tx: Tx, write: StoredWrite, **values: object) -> None:
    await tx.execute(
        update(crm_writes)
        .where(crm_writes.c.workspace_id == write.workspace_id, crm_writes.c.key == write.key)
        .values(**values)
    )


async def counts(tx: Tx, workspace_id: str) -> dict[str, int]:
    """How many changes stand in each state."""
    query = (
        select(crm_writes.c.state, func.count())
        .where(crm_writes.c.workspace_id == workspace_id)
        .group_by(crm_writes.c.state)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def failed(tx: Tx, workspace_id: str, most: int = 20) -> list[StoredWrite]:
    """Changes the CRM refused for good, newest first."""
    query = (
        select(crm_writes)
        .where(crm_writes.c.workspace_id == workspace_id, crm_writes.c.state == "failed")
        .order_by(crm_writes.c.created_at.desc())
        .limit(most)
    )
    return [_write(row) for row in await tx.execute(query)]


async def replay(
    tx: Tx, workspace_id: str, now: datetime, keys: Sequence[str] | None = None
) -> int:
    """Try failed changes (all, or these) again; returns how many."""
    query = (
        update(crm_writes)
        .where(crm_writes.c.workspace_id == workspace_id, crm_writes.c.state == "failed")
        .values(state="queued", attempts=0, not_before=now)
        .returning(crm_writes.c.key)
    )
    if keys is not None:
        query = query.where(crm_writes.c.key.in_(list(keys)))
    return len((await tx.execute(query)).all())
