"""The mirror: deals, contacts and tasks as the CRM has them now, and deals' stays in stages."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Float,
    Row,
    Table,
    TextClause,
    bindparam,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)

from coach.mirror import Visit
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
from storage.tables import LEAD, OPEN_DEAL, PENDING_TASK, contacts, deals, stage_visits, tasks

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

_FIELDS: Mapping[SubjectKind, tuple[str, ...]] = {
    kind: tuple(cls.__dataclass_fields__) for kind, cls in _CLASSES.items()
}


def _columns(kind: SubjectKind) -> list[Any]:
    table = TABLES[kind]
    return [table.c.workspace_id, *(table.c[name] for name in _FIELDS[kind])]


def _subject(kind: SubjectKind, row: Row[Any]) -> Subject:
    values: dict[str, Any] = dict(zip(_FIELDS[kind], row[1:], strict=True))
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
        query = select(*_columns(kind)).where(
            table.c.workspace_id == workspace_id,
            table.c.connection_id == connection_id,
            table.c.id.in_(piece),
        )
        for row in await tx.execute(query):
            subject = _subject(kind, row)
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
        for name in _FIELDS[kind]:
            row[name] = getattr(subject, name)
        row["told"] = {name: to_micros(at) for name, at in subject.told.items()}
        if isinstance(subject, Contact):
            row["is_lead"] = subject.is_lead
        rows[kind].append(row)
    for kind, values in rows.items():
        for piece in chunks(values, 1000):
            await put(tx, TABLES[kind], piece)


async def visits(
    tx: Tx, workspace_id: str, connection_id: str, deal_ids: Collection[str]
) -> dict[str, list[Visit]]:
    """The stays of deals in stages, in order, by deal id."""
    found: dict[str, list[Visit]] = {}
    for piece in chunks(sorted(deal_ids)):
        query = (
            select(
                stage_visits.c.deal_id,
                stage_visits.c.stage,
                stage_visits.c.entered_at,
                stage_visits.c.left_at,
            )
            .where(
                stage_visits.c.workspace_id == workspace_id,
                stage_visits.c.connection_id == connection_id,
                stage_visits.c.deal_id.in_(piece),
            )
            .order_by(stage_visits.c.deal_id, stage_visits.c.entered_at)
        )
        for row in await tx.execute(query):
            found.setdefault(row[0], []).append(Visit(row[1], row[2], row[3]))
    return found


async def save_visits(
    tx: Tx,
    workspace_id: str,
    connection_id: str,
    changed: Mapping[str, tuple[Sequence[Visit], Sequence[Visit]]],
) -> None:
    """Store the stays of deals: deal id -> (as they were, as they are)."""
    gone: list[tuple[str, datetime]] = []
    rows: list[dict[str, Any]] = []
    for deal_id, (before, after) in changed.items():
        kept = {visit.entered_at for visit in after}
        gone += [(deal_id, v.entered_at) for v in before if v.entered_at not in kept]
        known = set(before)
        rows += [
            {
                "workspace_id": workspace_id,
                "connection_id": connection_id,
                "deal_id": deal_id,
                "entered_at": visit.entered_at,
                "stage": visit.stage,
                "left_at": visit.left_at,
            }
            for visit in after
            if visit not in known
        ]
    for deal_id, entered_at in gone:
        await tx.execute(
            delete(stage_visits).where(
                stage_visits.c.workspace_id == workspace_id,
                stage_visits.c.connection_id == connection_id,
                stage_visits.c.deal_id == deal_id,
                stage_visits.c.entered_at == entered_at,
            )
        )
    for piece in chunks(rows, 1000):
        await put(tx, stage_visits, piece)


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
            query = select(*_columns(kind)).where(
                table.c.workspace_id == workspace_id,
                table.c.person_id.in_(piece),
                table.c[since] <= cutoff,
                _LIVE[kind],
            )
            for row in await tx.execute(query):
                subject = _subject(kind, row)
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


async def large_values(tx: Tx, workspace_id: str, person_ids: Collection[str]) -> dict[str, float]:
    """From which value a deal is in the top tenth of each person's open deals (ten at least)."""
    amount = cast(deals.c.value, Float)
    limits: dict[str, float] = {}
    for piece in chunks(sorted(person_ids)):
        ranked = (
            select(
                deals.c.person_id,
                amount.label("amount"),
                func.row_number()
                .over(partition_by=deals.c.person_id, order_by=amount.desc())
                .label("place"),
                func.count().over(partition_by=deals.c.person_id).label("total"),
            )
            .where(
                deals.c.workspace_id == workspace_id,
                deals.c.person_id.in_(piece),
                deals.c.value.is_not(None),
                _LIVE[SubjectKind.DEAL],
            )
            .subquery()
        )
        query = (
            select(ranked.c.person_id, func.min(ranked.c.amount))
            .where(ranked.c.total >= 10, ranked.c.place * 10 <= ranked.c.total)
            .group_by(ranked.c.person_id)
        )
        limits.update({row[0]: row[1] for row in await tx.execute(query)})
    return limits


async def pressing_tasks(
    tx: Tx, workspace_id: str, person_ids: Collection[str]
) -> dict[str, list[Task]]:
    """Each person's few most pressing tasks: high and urgent, earliest due first."""
    found: dict[str, list[Task]] = {}
    for piece in chunks(sorted(person_ids)):
        place = (
            func.row_number()
            .over(
                partition_by=tasks.c.person_id,
                order_by=(tasks.c.due_date.is_(None), tasks.c.due_date, tasks.c.id),
            )
            .label("place")
        )
        ranked = (
            select(*_columns(SubjectKind.TASK), place)
            .where(
                tasks.c.workspace_id == workspace_id,
                tasks.c.person_id.in_(piece),
                tasks.c.priority.in_(["high", "urgent"]),
                _LIVE[SubjectKind.TASK],
            )
            .subquery()
        )
        names = ["workspace_id", *_FIELDS[SubjectKind.TASK]]
        # A batch may complete several of them before the next is named.
        query = select(*(ranked.c[name] for name in names)).where(ranked.c.place <= 50)
        for row in await tx.execute(query):
            task = _subject(SubjectKind.TASK, row)
            if isinstance(task, Task):
                found.setdefault(task.person_id or "", []).append(task)
    return found


async def tasks_of(
    tx: Tx, workspace_id: str, person_id: str, *, due_before: date | None = None, most: int = 100
) -> list[Task]:
    """A person's pending tasks, earliest due first and undated last."""
    query = (
        select(*_columns(SubjectKind.TASK))
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.person_id == person_id,
            _LIVE[SubjectKind.TASK],
        )
        .order_by(tasks.c.due_date.is_(None), tasks.c.due_date, tasks.c.id)
        .limit(most)
    )
    if due_before is not None:
        query = query.where(tasks.c.due_date < due_before)
    rows = [_subject(SubjectKind.TASK, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Task)]


async def tasks_by_id(tx: Tx, workspace_id: str, ids: Collection[str]) -> list[Task]:
    """Tasks by id, in whichever connection, done or not."""
    if not ids:
        return []
    query = select(*_columns(SubjectKind.TASK)).where(
        tasks.c.workspace_id == workspace_id, tasks.c.id.in_(sorted(ids))
    )
    rows = [_subject(SubjectKind.TASK, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Task)]


async def deals_of(tx: Tx, workspace_id: str, person_id: str, most: int = 100) -> list[Deal]:
    """A person's open deals, largest first."""
    query = (
        select(*_columns(SubjectKind.DEAL))
        .where(
            deals.c.workspace_id == workspace_id,
            deals.c.person_id == person_id,
            _LIVE[SubjectKind.DEAL],
        )
        .order_by(deals.c.value.is_(None), cast(deals.c.value, Float).desc(), deals.c.id)
        .limit(most)
    )
    rows = [_subject(SubjectKind.DEAL, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Deal)]


async def stages(tx: Tx, workspace_id: str, connection_id: str) -> list[str]:
    """The stages deals of a connection have been in, in the order they usually go through them."""
    before = func.lag(stage_visits.c.stage).over(
        partition_by=stage_visits.c.deal_id, order_by=stage_visits.c.entered_at
    )
    told = (
        select(
            stage_visits.c.deal_id,
            stage_visits.c.stage,
            stage_visits.c.entered_at,
            before.label("before"),
        )
        .where(
            stage_visits.c.workspace_id == workspace_id,
            stage_visits.c.connection_id == connection_id,
        )
        .subquery()
    )
    place = (
        func.row_number()
        .over(partition_by=told.c.deal_id, order_by=told.c.entered_at)
        .label("place")
    )
    # A stage that was only told again is no further place on the deal's way.
    ordered = (
        select(told.c.stage, place)
        .where(or_(told.c.before.is_(None), told.c.before != told.c.stage))
        .subquery()
    )
    query = (
        select(ordered.c.stage)
        .group_by(ordered.c.stage)
        .order_by(func.avg(ordered.c.place), func.count().desc(), ordered.c.stage)
        .limit(100)
    )
    return list((await tx.execute(query)).scalars())


async def counts(tx: Tx, workspace_id: str) -> dict[SubjectKind, int]:
    """How many things of each kind the mirror holds."""
    found = {}
    for kind, table in TABLES.items():
        query = select(func.count()).where(
            table.c.workspace_id == workspace_id, or_(~table.c.deleted)
        )
        found[kind] = (await tx.execute(query)).scalar_one()
    return found
