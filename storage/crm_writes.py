"""Changes on their way to the CRM: made once, in order for each thing, until the CRM has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, case, exists, func, or_, select, tuple_, update

from coach.models import TaskPriority, Verb
from coach.phrases import Phrase
from coach.writes import (
    CompleteTask,
    CreateTask,
    CrmWrite,
    DeleteTask,
    LogContact,
    MoveDeal,
    ReopenTask,
    RescheduleTask,
    subject,
)
from storage.database import Database, Tx, insert
from storage.leases import database_now, leased_until
from storage.tables import connections, crm_writes, insights

_KINDS: Mapping[str, type[CrmWrite]] = {
    "create_task": CreateTask,
    "complete_task": CompleteTask,
    "reschedule_task": RescheduleTask,
    "log_contact": LogContact,
    "move_deal": MoveDeal,
    "reopen_task": ReopenTask,
    "delete_task": DeleteTask,
}

_NAMES = {cls: name for name, cls in _KINDS.items()}

#: The end of the key of a change that takes another one back.
UNDO = ":undo"

#: The state of a change that was given up, and that its person has made in the CRM themselves.
BY_HAND = "by_hand"

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class StoredWrite:
    """One change, as stored."""

    workspace_id: str
    key: str
    fingerprint: str
    #: What was done, as the card says it.
    words: Phrase
    write: CrmWrite
    #: Who did it.
    person_id: str | None = None
    #: When it was made; set by the store.
    made_at: datetime = _NEVER
    attempts: int = 0
    error: str | None = None
    #: The number of the claim under which it was handed out.
    fence: int = 0
    #: How what it changes was before, as `coach.writes.before` says.
    before: Mapping[str, Any] = field(default_factory=dict)
    #: Where it stands: local, queued, done, failed, by_hand, refused or withdrawn; set by the
    #: store.
    state: str = ""
    #: Whether somebody had it before who never said what came of it: a process that was killed.
    lost: bool = False
    #: Of one that failed: whether nobody knows if the CRM has it.
    in_doubt: bool = False
    #: The message that tells its person of it, if it was given up once; set by the store.
    told_in: str | None = None

    @property
    def takes_back(self) -> bool:
        """Whether it only takes another one back, which has the same key without the end."""
        return self.key.endswith(UNDO)

    @property
    def connection_id(self) -> str:
        """The connection whose CRM is to hear of it."""
        return self.write.connection_id

    @property
    def subject_id(self) -> str:
        """The id of the thing it changes."""
        return subject(self.write)[1]


def stored(write: CrmWrite) -> dict[str, Any]:
    """A change in JSON values."""
    value = {each.name: _json(getattr(write, each.name)) for each in fields(write)}
    return {"kind": _NAMES[type(write)], **value}


def _json(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def restored(value: Mapping[str, Any]) -> CrmWrite:
    """The change of these JSON values."""
    told = dict(value)
    cls = _KINDS[told.pop("kind")]
    if told.get("due_date") is not None:
        told["due_date"] = date.fromisoformat(told["due_date"])
    for name, enumeration in (("priority", TaskPriority), ("verb", Verb)):
        if name in told:
            told[name] = enumeration(told[name])
    return cls(**told)


def from_row(row: Row[Any]) -> StoredWrite:
    """The change in a row of the whole table."""
    return StoredWrite(
        row.workspace_id,
        row.key,
        row.fingerprint,
        row.words,
        restored(row.write),
        row.person_id,
        row.created_at,
        row.attempts,
        row.error,
        row.fence,
        row.before or {},
        row.state,
        in_doubt=row.in_doubt,
        told_in=row.told_in,
    )


def _of_thing(workspace_id: str, write: CrmWrite) -> ColumnElement[bool]:
    kind, id = subject(write)
    return (
        (crm_writes.c.workspace_id == workspace_id)
        & (crm_writes.c.connection_id == write.connection_id)
        & (crm_writes.c.subject_kind == kind.value)
        & (crm_writes.c.subject_id == id)
    )


async def add(
    tx: Tx,
    write: StoredWrite,
    now: datetime,
    *,
    to_send: bool = True,
    takes_back: bool = False,
) -> bool:
    """Store a change unless it was made before; says whether it is new.

    Without `to_send` there is nowhere to tell of it: it is only kept. One that only takes another
    one back is nothing that was done from an insight. Whoever adds holds the
    workspace's lock, so that the changes to one thing are numbered in the order they were made.
    """
    kind, id = subject(write.write)
    last = select(func.coalesce(func.max(crm_writes.c.turn), 0)).where(
        _of_thing(write.workspace_id, write.write)
    )
    result = await tx.execute(
        insert(tx, crm_writes)
        .values(
            workspace_id=write.workspace_id,
            key=write.key,
            fingerprint=write.fingerprint,
            connection_id=write.connection_id,
            person_id=write.person_id,
            subject_kind=kind.value,
            subject_id=id,
            turn=last.scalar_subquery() + 1,
            words=write.words,
            write=stored(write.write),
            state="queued" if to_send else "local",
            not_before=now,
            created_at=now,
            before=dict(write.before),
            undone_at=now if takes_back else None,
        )
        .on_conflict_do_nothing(index_elements=list(crm_writes.primary_key))
        .returning(crm_writes.c.key)
    )
    return result.first() is not None


async def of_insight(tx: Tx, workspace_id: str, fingerprint: str) -> list[StoredWrite]:
    """What has been done from one insight, in order, without what was taken back."""
    query = (
        select(crm_writes)
        .where(
            crm_writes.c.workspace_id == workspace_id,
            crm_writes.c.fingerprint == fingerprint,
            crm_writes.c.undone_at.is_(None),
        )
        .order_by(crm_writes.c.created_at, crm_writes.c.key)
    )
    return [from_row(row) for row in await tx.execute(query)]


class Did(NamedTuple):
    """What somebody did of late, as it is told."""

    words: Phrase
    at: datetime
    #: The act it was part of; empty where it was done from an insight.
    act: str


async def of_person(
    tx: Tx, workspace_id: str, person_id: str, since: datetime, most: int
) -> list[Did]:
    """What a person has done here since then and not taken back, the latest first."""
    insight = (
        select(insights.c.fingerprint)
        .where(
            insights.c.workspace_id == crm_writes.c.workspace_id,
            insights.c.fingerprint == crm_writes.c.fingerprint,
        )
        .exists()
    )
    query = (
        select(
            crm_writes.c.words,
            crm_writes.c.created_at,
            case((insight, ""), else_=crm_writes.c.fingerprint),
        )
        .where(
            crm_writes.c.workspace_id == workspace_id,
            crm_writes.c.person_id == person_id,
            crm_writes.c.undone_at.is_(None),
            crm_writes.c.created_at > since,
        )
        .order_by(crm_writes.c.created_at.desc(), crm_writes.c.key)
        .limit(most)
    )
    return [Did(*row) for row in await tx.execute(query)]


async def undone(tx: Tx, workspace_id: str, fingerprint: str) -> set[str]:
    """The keys of what was done from one insight and taken back."""
    query = select(crm_writes.c.key).where(
        crm_writes.c.workspace_id == workspace_id,
        crm_writes.c.fingerprint == fingerprint,
        crm_writes.c.undone_at.is_not(None),
    )
    return set((await tx.execute(query)).scalars())


async def take_back(tx: Tx, write: StoredWrite, now: datetime) -> bool | None:
    """Note that a change was taken back; one that no CRM can have heard of yet is withdrawn.

    Returns whether it was withdrawn, or `None` when it was taken back before.
    """
    place = (
        crm_writes.c.workspace_id == write.workspace_id,
        crm_writes.c.key == write.key,
        crm_writes.c.undone_at.is_(None),
    )
    unheard = or_(
        crm_writes.c.state.in_(["local", "failed", BY_HAND]),
        # Of one that was tried nobody knows whether it got there.
        (crm_writes.c.state == "queued") & (crm_writes.c.attempts == 0),
    )
    for condition, values in ((unheard, {"state": "withdrawn"}), (~unheard, {})):
        result = await tx.execute(
            update(crm_writes)
            .where(*place, condition)
            .values(undone_at=now, **values)
            .returning(crm_writes.c.key)
        )
        if result.first() is not None:
            return bool(values)
    return None


def _due(tx: Tx, now: datetime) -> ColumnElement[bool]:
    earlier = crm_writes.alias("earlier")
    return (
        (crm_writes.c.state == "queued")
        & (crm_writes.c.not_before <= now)
        & or_(
            crm_writes.c.leased_until.is_(None), crm_writes.c.leased_until <= database_now(tx, now)
        )
        # One that waits or is on its way holds up what was done to the same thing after it.
        & ~exists().where(
            earlier.c.workspace_id == crm_writes.c.workspace_id,
            earlier.c.connection_id == crm_writes.c.connection_id,
            earlier.c.subject_kind == crm_writes.c.subject_kind,
            earlier.c.subject_id == crm_writes.c.subject_id,
            earlier.c.turn < crm_writes.c.turn,
            earlier.c.state == "queued",
        )
        & ~exists().where(
            connections.c.workspace_id == crm_writes.c.workspace_id,
            connections.c.id == crm_writes.c.connection_id,
            connections.c.paused_until > now,
        )
    )


async def any_due(tx: Tx, now: datetime) -> bool:
    """Whether a change is to be sent now."""
    query = select(crm_writes.c.key).where(_due(tx, now)).limit(1)
    return (await tx.execute(query)).first() is not None


async def claim(
    tx: Tx, database: Database, now: datetime, *, lease: timedelta, most: int
) -> list[StoredWrite]:
    """Changes to be sent now, oldest first; nobody else gets them until the lease has run out."""
    due = (
        select(crm_writes.c.workspace_id, crm_writes.c.key, crm_writes.c.leased_until)
        .where(_due(tx, now))
        .order_by(crm_writes.c.not_before, crm_writes.c.created_at, crm_writes.c.turn)
        .limit(most)
    )
    if not database.is_sqlite:
        due = due.with_for_update(skip_locked=True, of=crm_writes)
    # Whoever says what came of a claim ends its lease: one that ran out tells of somebody lost.
    before = {(row.workspace_id, row.key): row.leased_until for row in await tx.execute(due)}
    if not before:
        return []
    taken = await tx.execute(
        update(crm_writes)
        .where(tuple_(crm_writes.c.workspace_id, crm_writes.c.key).in_(list(before)))
        .values(
            leased_until=leased_until(tx, now, lease),
            fence=crm_writes.c.fence + 1,
            attempts=crm_writes.c.attempts + 1,
        )
        .returning(crm_writes)
    )
    claimed = [
        replace(from_row(row), lost=before[row.workspace_id, row.key] is not None) for row in taken
    ]
    return sorted(claimed, key=lambda each: (each.made_at, each.key))


async def finish(tx: Tx, write: StoredWrite, now: datetime) -> bool:
    """The CRM has it. Like each of these, says whether the claim it was handed out under held."""
    return await _settle(tx, write, state="done", done_at=now, error=None, in_doubt=False)


async def refuse(tx: Tx, write: StoredWrite, error: str, now: datetime) -> bool | None:
    """The CRM will not have it, and nobody is to try it again.

    Says whether there is anything to take back: not where its person has done that already; then
    the CRM need not be told so. `None` when the claim did not hold.
    """
    place = (
        crm_writes.c.workspace_id == write.workspace_id,
        crm_writes.c.key == write.key,
    )
    query = select(crm_writes.c.undone_at).where(*place)
    undone = (await tx.execute(query)).scalar() is not None
    if not await _settle(tx, write, state="refused", done_at=now, error=error, undone_at=now):
        return None
    if undone and not write.takes_back:
        await tx.execute(
            update(crm_writes)
            .where(
                place[0],
                crm_writes.c.key == f"{write.key}{UNDO}",
                crm_writes.c.state == "queued",
            )
            .values(state="withdrawn")
        )
        return False
    return True


async def one(tx: Tx, workspace_id: str, key: str) -> StoredWrite | None:
    """A change by its key."""
    query = select(crm_writes).where(
        crm_writes.c.workspace_id == workspace_id, crm_writes.c.key == key
    )
    row = (await tx.execute(query)).first()
    return from_row(row) if row else None


async def refused(
    tx: Tx, workspace_id: str, since: datetime, most: int | None = None
) -> list[StoredWrite]:
    """Changes that a CRM has refused since then, newest first."""
    query = (
        select(crm_writes)
        .where(
            crm_writes.c.workspace_id == workspace_id,
            crm_writes.c.state == "refused",
            crm_writes.c.done_at >= since,
        )
        .order_by(crm_writes.c.done_at.desc(), crm_writes.c.key)
        .limit(most)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def first_done(tx: Tx, workspace_id: str) -> dict[str, datetime]:
    """When each connection's CRM first took a change; one that has taken none is missing."""
    query = (
        select(crm_writes.c.connection_id, func.min(crm_writes.c.done_at))
        .where(crm_writes.c.workspace_id == workspace_id, crm_writes.c.state == "done")
        .group_by(crm_writes.c.connection_id)
    )
    return {row[0]: row[1] for row in await tx.execute(query) if row[1] is not None}


async def retry(tx: Tx, write: StoredWrite, at: datetime, error: str) -> bool:
    """The CRM could not be told: again at that time."""
    return await _settle(tx, write, not_before=at, error=error)


async def put_back(tx: Tx, write: StoredWrite, at: datetime) -> bool:
    """It was not its turn yet: again at that time, and this was no try."""
    return await _settle(tx, write, not_before=at, attempts=crm_writes.c.attempts - 1)


async def fail(tx: Tx, write: StoredWrite, error: str, *, in_doubt: bool = False) -> bool:
    """It is given up; what was done to the same thing after it may go on.

    It is `in_doubt` when nobody knows whether the CRM has it.
    """
    return await _settle(tx, write, state="failed", error=error, in_doubt=in_doubt)


async def _settle(tx: Tx, write: StoredWrite, **values: object) -> bool:
    # Whoever comes back after its lease ran out must not undo what another has recorded.
    result = await tx.execute(
        update(crm_writes)
        .where(
            crm_writes.c.workspace_id == write.workspace_id,
            crm_writes.c.key == write.key,
            crm_writes.c.fence == write.fence,
        )
        .values(leased_until=None, fence=crm_writes.c.fence + 1, **values)
        .returning(crm_writes.c.key)
    )
    return result.first() is not None


async def counts(tx: Tx, workspace_id: str) -> dict[str, int]:
    """How many changes stand in each state."""
    query = (
        select(crm_writes.c.state, func.count())
        .where(crm_writes.c.workspace_id == workspace_id)
        .group_by(crm_writes.c.state)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def failed(tx: Tx, workspace_id: str, most: int | None = None) -> list[StoredWrite]:
    """Changes that could not be brought to the CRM, newest first."""
    query = (
        select(crm_writes)
        .where(crm_writes.c.workspace_id == workspace_id, crm_writes.c.state == "failed")
        .order_by(crm_writes.c.created_at.desc())
        .limit(most)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def replay(
    tx: Tx, workspace_id: str, now: datetime, keys: Sequence[str] | None = None
) -> int:
    """Try failed changes (all, or these) again; returns how many.

    What the CRM may have already is tried again only by its key: it could be there twice.
    """
    query = (
        update(crm_writes)
        .where(crm_writes.c.workspace_id == workspace_id, crm_writes.c.state == "failed")
        .values(state="queued", attempts=0, not_before=now)
        .returning(crm_writes.c.key)
    )
    if keys is None:
        query = query.where(~crm_writes.c.in_doubt)
    else:
        query = query.where(crm_writes.c.key.in_(list(keys)))
    return len((await tx.execute(query)).all())
