"""The mirror: deals, contacts and tasks as the CRM has them now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Table, bindparam, delete, func, or_, select

from coach.keys import kind_of
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
from storage.among import among, texts
from storage.columns import from_micros, to_micros
from storage.database import Tx, chunks, put
from storage.prepared import Prepared
from storage.tables import OPEN_DEAL, contacts, deals, tasks

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

#: What is kept of each kind of thing; what tells a deal from others depends on the others.
FIELDS: Mapping[SubjectKind, tuple[str, ...]] = {
    kind: tuple(name for name in cls.__dataclass_fields__ if name != "apart")
    for kind, cls in _CLASSES.items()
}


_VALUES = {kind: attrgetter(*names) for kind, names in FIELDS.items()}


def columns(kind: SubjectKind) -> list[Any]:
    """What `from_row` reads: the workspace, then every field of the thing."""
    table = TABLES[kind]
    return [table.c.workspace_id, *(table.c[name] for name in FIELDS[kind])]


def from_row(kind: SubjectKind, row: Sequence[Any]) -> Subject:
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


_THESE = {
    kind: Prepared(
        select(*columns(kind)).where(
            table.c.workspace_id == bindparam("workspace"),
            table.c.connection_id == bindparam("connection"),
            among(table.c.id, texts("ids")),
        )
    )
    for kind, table in TABLES.items()
}


async def load(
    tx: Tx, kind: SubjectKind, workspace_id: str, connection_id: str, ids: Collection[str]
) -> dict[str, Subject]:
    """Things of one kind and connection by id."""
    if not ids:
        return {}
    asked = {"workspace": workspace_id, "connection": connection_id, "ids": list(ids)}
    found = [from_row(kind, row) for row in await _THESE[kind].rows(tx, asked)]
    return {subject.id: subject for subject in found}


_OPEN_WITH = Prepared(
    select(deals.c.contact_id, deals.c.id).where(
        deals.c.workspace_id == bindparam("workspace"),
        deals.c.connection_id == bindparam("connection"),
        among(deals.c.contact_id, texts("contacts")),
        OPEN_DEAL,
    )
)


async def open_deals_with(
    tx: Tx, workspace_id: str, connection_id: str, contact_ids: Collection[str]
) -> dict[str, list[str]]:
    """The ids of the open deals with each of these contacts."""
    asked = {
        "workspace": workspace_id,
        "connection": connection_id,
        "contacts": sorted(contact_ids),
    }
    found: dict[str, list[str]] = {}
    for contact_id, deal_id in await _OPEN_WITH.rows(tx, asked):
        found.setdefault(contact_id, []).append(deal_id)
    return found


async def save(tx: Tx, workspace_id: str, subjects: Iterable[Subject]) -> None:
    """Store things whole."""
    rows: dict[SubjectKind, list[dict[str, Any]]] = {kind: [] for kind in SubjectKind}
    for subject in subjects:
        kind = kind_of(subject)
        row: dict[str, Any] = dict(zip(FIELDS[kind], _VALUES[kind](subject), strict=True))
        row["workspace_id"] = workspace_id
        row["told"] = {name: to_micros(at) for name, at in subject.told.items()}
        if isinstance(subject, Contact):
            row["is_lead"] = subject.is_lead
        rows[kind].append(row)
    for kind, values in rows.items():
        for piece in chunks(values, 1000):
            await put(tx, TABLES[kind], piece)


async def forget(
    tx: Tx, kind: SubjectKind, workspace_id: str, connection_id: str, ids: Collection[str]
) -> None:
    """Take things out of the mirror: another one's double, or of a CRM that is linked no more."""
    table = TABLES[kind]
    for piece in chunks(sorted(ids)):
        await tx.execute(
            delete(table).where(
                table.c.workspace_id == workspace_id,
                table.c.connection_id == connection_id,
                table.c.id.in_(piece),
            )
        )


async def some(
    tx: Tx, kind: SubjectKind, workspace_id: str, connection_id: str, most: int
) -> list[Subject]:
    """At most so many things of one kind and connection."""
    table = TABLES[kind]
    query = (
        select(*columns(kind))
        .where(table.c.workspace_id == workspace_id, table.c.connection_id == connection_id)
        .order_by(table.c.id)
        .limit(most)
    )
    return [from_row(kind, row) for row in await tx.execute(query)]


async def counts(tx: Tx, workspace_id: str) -> dict[SubjectKind, int]:
    """How many things of each kind the mirror holds."""
    found = {}
    for kind, table in TABLES.items():
        query = select(func.count()).where(
            table.c.workspace_id == workspace_id, or_(~table.c.deleted)
        )
        found[kind] = (await tx.execute(query)).scalar_one()
    return found
