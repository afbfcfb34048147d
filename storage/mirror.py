"""The mirror: deals, contacts and tasks as the CRM has them now."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Row,
    Table,
    TextClause,
    bindparam,
    func,
    or_,
    select,
    update,
)

from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Subject,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
)
from storage.columns import from_micros, to_micros
from storage.database import Tx, chunks, put
from storage.tables import LEAD, OPEN_DEAL, PENDING_TASK, contacts, deals, tasks

TABLES: Mapping[SubjectKind, Table] = {
    SubjectKind.DEAL: deals,
    SubjectKind.CONTACT: contacts,
    SubjectKind.TASK: tasks,
}

_CLASSES: Mapping[SubjectKind, type[Subject]] = {
    SubjectKind.DEAL: Deal,
    SubjectKind.CONTACT: Contact,
    SubjectKind.TASK: Task,
}

#: What is kept of each kind of thing.
FIELDS: Mapping[SubjectKind, tuple[str, ...]] = {
    kind: tuple(cls.__dataclass_fields__) for kind, cls in _CLASSES.items()
}


def columns(kind: SubjectKind) -> list[Any]:
    """What `from_row` reads: the workspace, then every field of the thing."""
    table = TABLES[kind]
    return [table.c.workspace_id, *(table.c[name] for name in FIELDS[kind])]


def from_row(kind: SubjectKind, row: Row[Any]) -> Subject:
    """The thing in a row of `columns`."""
    values: dict[str, Any] = dict(zip(FIELDS[kind], row[1:], strict=True))
    values["told"] = {name: from_micros(at) for name, at in values["told"].items()}
    if kind is SubjectKind.DEAL:
        values["status"] = DealStatus(values["status"])
        return Deal(**values)
    if kind is SubjectKind.CONTACT:
        return Contact(**values)
    values["status"] = TaskStatus(values["status"])
    values["priority"] = TaskPriority(values["priority"])
    return Task(**values)


def kind_of(subject: Subject) -> SubjectKind:
    """Which kind of thing it is."""
    match subject:
        case Deal():
            return SubjectKind.DEAL
        case Contact():
            return SubjectKind.CONTACT
        case Task():
            return SubjectKind.TASK


async def load(
    tx: Tx, kind: SubjectKind, workspace_id: str, connection_id: str, ids: Collection[str]
) -> dict[str, Subject]:
    """Things of one kind and connection by id."""
    table = TABLES[kind]
    found: dict[str, Subject] = {}
    for piece in chunks(sorted(ids)):
        query = select(*columns(kind)).where(
            table.c.workspace_id == workspace_id,
            table.c.connection_id == connection_id,
            table.c.id.in_(piece),
        )
        for row in await tx.execute(query):
            subject = from_row(kind, row)
            found[subject.id] = subject
    return found


async def save(
    tx: Tx, workspace_id: str, subjects: Iterable[tuple[Subject, datetime | None]]
) -> None:
    """Store things whole, each with the time of its next check."""
    rows: dict[SubjectKind, list[dict[str, Any]]] = {kind: [] for kind in SubjectKind}
    for subject, next_check_at in subjects:
        kind = kind_of(subject)
        row: dict[str, Any] = {"workspace_id": workspace_id, "next_check_at": next_check_at}
        for name in FIELDS[kind]:
            row[name] = getattr(subject, name)
        row["told"] = {name: to_micros(at) for name, at in subject.told.items()}
        if isinstance(subject, Contact):
            row["is_lead"] = subject.is_lead
        rows[kind].append(row)
    for kind, values in rows.items():
        for piece in chunks(values, 1000):
            await put(tx, TABLES[kind], piece)


async def due(
    tx: Tx, kind: SubjectKind, now: datetime, most: int
) -> dict[str, list[tuple[str, str, str | None]]]:
    """What the clock must look at: workspace -> (connection id, id, person id); cost follows it."""
    table = TABLES[kind]
    query = (
        select(table.c.workspace_id, table.c.connection_id, table.c.id, table.c.person_id)
        .where(table.c.next_check_at <= now)
        .order_by(table.c.next_check_at)
        .limit(most)
    )
    found: dict[str, list[tuple[str, str, str | None]]] = {}
    for row in await tx.execute(query):
        found.setdefault(row[0], []).append((row[1], row[2], row[3]))
    return found


#: What the coach may still have something to say about.
_LIVE: Mapping[SubjectKind, TextClause] = {
    SubjectKind.DEAL: OPEN_DEAL,
    SubjectKind.CONTACT: LEAD,
    SubjectKind.TASK: PENDING_TASK,
}


async def ripe(
    tx: Tx,
    kind: SubjectKind,
    workspace_id: str,
    since: str,
    cutoffs: Mapping[str, datetime | date],
) -> dict[str, list[Subject]]:
    """Each person's live things whose `since` field is at or before that person's cut-off."""
    table = TABLES[kind]
    found: dict[str, list[Subject]] = {}
    by_cutoff: dict[datetime | date, list[str]] = {}
    for person_id, cutoff in cutoffs.items():
        by_cutoff.setdefault(cutoff, []).append(person_id)
    for cutoff, person_ids in by_cutoff.items():
        for piece in chunks(person_ids):
            query = select(*columns(kind)).where(
                table.c.workspace_id == workspace_id,
                table.c.person_id.in_(piece),
                table.c[since] <= cutoff,
                _LIVE[kind],
            )
            for row in await tx.execute(query):
                subject = from_row(kind, row)
                found.setdefault(subject.person_id or "", []).append(subject)
    return found


async def set_checks(
    tx: Tx,
    kind: SubjectKind,
    workspace_id: str,
    checks: Mapping[tuple[str, str], datetime | None],
) -> None:
    """Set when each thing, by (connection id, id), is looked at next."""
    if not checks:
        return
    table = TABLES[kind]
    await tx.execute(
        update(table)
        .where(
            table.c.workspace_id == workspace_id,
            table.c.connection_id == bindparam("of_connection"),
            table.c.id == bindparam("of_id"),
        )
        .values(next_check_at=bindparam("at")),
        [
            {"of_connection": connection_id, "of_id": id, "at": at}
            for (connection_id, id), at in checks.items()
        ],
    )


async def check_person_now(tx: Tx, workspace_id: str, person_id: str, now: datetime) -> None:
    """Have the clock look at all live things of a person at once: their thresholds changed."""
    for kind, table in TABLES.items():
        await tx.execute(
            update(table)
            .where(
                table.c.workspace_id == workspace_id, table.c.person_id == person_id, _LIVE[kind]
            )
            .values(next_check_at=now)
        )


async def check_everything_now(tx: Tx, workspace_id: str, now: datetime) -> None:
    """Have the clock look at all live things that belong to somebody: the rules changed."""
    for kind, table in TABLES.items():
        await tx.execute(
            update(table)
            .where(
                table.c.workspace_id == workspace_id, table.c.person_id.is_not(None), _LIVE[kind]
            )
            .values(next_check_at=now)
        )


async def counts(tx: Tx, workspace_id: str) -> dict[SubjectKind, int]:
    """How many things of each kind the mirror holds."""
    found = {}
    for kind, table in TABLES.items():
        query = select(func.count()).where(
            table.c.workspace_id == workspace_id, or_(~table.c.deleted)
        )
        found[kind] = (await tx.execute(query)).scalar_one()
    return found
