"""Checks: from when on each thing is each rule's business, and what of a person is due now."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Select,
    bindparam,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from coach.models import Subject, SubjectKind
from coach.muting import KIND
from storage import mirror, rounds
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx, chunks, put
from storage.prepared import Prepared
from storage.tables import FAULTY_CHECK, OLD_CHECK, checks, deals, mutes, tasks
from storage.tables import rounds as rounds_table


class Key(NamedTuple):
    """Which check: one rule's with one thing."""

    rule: str
    kind: SubjectKind
    connection_id: str
    subject_id: str


class Check(NamedTuple):
    """One rule's appointment with one thing of one person."""

    key: Key
    person_id: str
    due_at: datetime
    #: Why the rule could not say when.
    error: str | None = None
    #: Whether it was so before anybody here knew of it; `None`: as it was.
    old: bool | None = False


@dataclass(frozen=True, slots=True)
class Due:
    """What of one person is due with a rule."""

    #: The first of it, in order.
    subjects: list[Subject]
    #: How much it is in truth.
    count: int


async def save(tx: Tx, workspace_id: str, made: Iterable[Check], gone: Iterable[Key]) -> None:
    """Make checks or move them, drop those that are gone, and have the rounds come in time."""
    # Everybody takes the rounds first and then the checks, each in order: nobody waits in a ring.
    kept = sorted(made, key=lambda check: check.key)
    soonest: dict[tuple[str, str], datetime] = {}
    backlog: set[tuple[str, str]] = set()
    for check in kept:
        whose = (check.person_id, check.key.rule)
        soonest[whose] = min(check.due_at, soonest.get(whose, check.due_at))
        if check.old:
            backlog.add(whose)
    # What a rule has said of other things is no reason to leave it out of the summary.
    await rounds.free(tx, workspace_id, backlog)
    await rounds.hasten(tx, workspace_id, soonest)
    rows = [
        {
            "workspace_id": workspace_id,
            "rule": check.key.rule,
            "kind": check.key.kind.value,
            "connection_id": check.key.connection_id,
            "subject_id": check.key.subject_id,
            "person_id": check.person_id,
            "due_at": check.due_at,
            "since": check.due_at,
            "error": check.error,
            "old": check.old,
        }
        for check in kept
    ]
    told = [row for row in rows if row["old"] is not None]
    kept_as_it_was = [
        {name: value for name, value in row.items() if name != "old"}
        for row in rows
        if row["old"] is None
    ]
    for piece in (*chunks(told, 1000), *chunks(kept_as_it_was, 1000)):
        await put(tx, checks, piece)
    await _change(tx, delete(checks), workspace_id, [{"key": key} for key in sorted(set(gone))])


async def put_off(
    tx: Tx, workspace_id: str, later: Iterable[tuple[Key, datetime, str | None]]
) -> None:
    """Let things be due again from another time; their rounds are set by whoever holds them."""
    rows = [{"key": key, "at": at, "why": why} for key, at, why in sorted(later)]
    moved = update(checks).values(due_at=bindparam("at"), error=bindparam("why"))
    await _change(tx, moved, workspace_id, rows)


async def drop(tx: Tx, workspace_id: str, gone: Iterable[Key]) -> None:
    """Forget checks."""
    await _change(tx, delete(checks), workspace_id, [{"key": key} for key in sorted(gone)])


async def _change(
    tx: Tx, statement: Any, workspace_id: str, rows: Sequence[dict[str, Any]]
) -> None:
    if not rows:
        return
    one = statement.where(
        checks.c.workspace_id == workspace_id,
        checks.c.rule == bindparam("of_rule"),
        checks.c.kind == bindparam("of_kind"),
        checks.c.connection_id == bindparam("of_connection"),
        checks.c.subject_id == bindparam("of_subject"),
    )
    given = []
    for row in rows:
        key: Key = row["key"]
        given.append(
            {name: value for name, value in row.items() if name != "key"}
            | {
                "of_rule": key.rule,
                "of_kind": key.kind.value,
                "of_connection": key.connection_id,
                "of_subject": key.subject_id,
            }
        )
    await tx.execute(one, given)


def _muted(
    now: datetime | ColumnElement[datetime], *, kinds: bool = False, of: FromClause = checks
) -> ColumnElement[bool]:
    """That the person hears nothing of a thing: then it is not spoken of, and not counted.

    With `kinds` also where it is the rule of which they hear nothing.
    """
    key = of.c.kind + ":" + of.c.connection_id + ":" + of.c.subject_id
    names = [key, literal(KIND).concat(of.c.rule)] if kinds else [key]
    return (
        select(mutes.c.what)
        .where(
            mutes.c.workspace_id == of.c.workspace_id,
            mutes.c.person_id == of.c.person_id,
            mutes.c.what.in_(names),
            or_(mutes.c.until.is_(None), mutes.c.until > now),
        )
        .exists()
    )


_NOW = bindparam("now", type_=UtcDateTime)


#: Of a person's tasks so many of the most pressing are shown besides, whenever they became due.
PRESSING = 100


@cache
def _due(kind: SubjectKind, largest_first: bool, latest_first: bool, old: bool) -> Select[Any]:
    table = mirror.TABLES[kind]
    since: Any = func.coalesce(checks.c.since, checks.c.due_at) if old else checks.c.due_at
    is_due = (OLD_CHECK if old else ~checks.c.old) & (since <= _NOW)
    since = since.desc() if latest_first else since
    order: list[Any] = [since, checks.c.connection_id, checks.c.subject_id]
    if largest_first:
        order = [deals.c.value.is_(None), cast(deals.c.value, Float).desc(), *order]
    whose = checks.c.person_id
    urgency = []
    if kind is SubjectKind.TASK:
        pressing = case((tasks.c.priority == "urgent", 0), (tasks.c.priority == "high", 1))
        first = func.row_number().over(
            partition_by=whose, order_by=[pressing.is_(None), pressing, *order]
        )
        urgency = [case((pressing.is_not(None), first)).label("urgency")]
    ranked = (
        select(
            *mirror.columns(kind),
            whose.label("whose"),
            func.row_number().over(partition_by=whose, order_by=order).label("place"),
            func.count().over(partition_by=whose).label("total"),
            *urgency,
        )
        .join(
            table,
            (table.c.workspace_id == checks.c.workspace_id)
            & (table.c.connection_id == checks.c.connection_id)
            & (table.c.id == checks.c.subject_id)
            & (table.c.person_id == checks.c.person_id),
        )
        .where(
            checks.c.workspace_id == bindparam("workspace"),
            among(checks.c.person_id, texts("people")),
            checks.c.rule == bindparam("rule"),
            checks.c.kind == kind.value,
            is_due,
            ~_muted(_NOW),
        )
        .subquery()
    )
    shown = [ranked.c.place <= bindparam("most")]
    if urgency:
        # What is pressing is not hidden by what has been due for longer.
        shown.append(ranked.c.urgency <= PRESSING)
    columns = [column for column in ranked.c if column.name != "urgency"]
    return select(*columns).where(or_(*shown)).order_by(ranked.c.place)


async def due(
    tx: Tx,
    workspace_id: str,
    rule: str,
    kind: SubjectKind,
    person_ids: Collection[str],
    now: datetime,
    *,
    most: int,
    largest_first: bool = False,
    latest_first: bool = False,
    old: bool = False,
) -> dict[str, Due]:
    """What is due with a rule, by person: at most so many things of each, and the true number.

    Without what is backlog; with `old` that alone, what of it was put off since too.

    First comes what has been due the longest, or, where it is said, the deals of largest value or
    what became due last.
    """
    if not person_ids:
        return {}
    statement = _due(kind, largest_first, latest_first, old)
    asked = {"workspace": workspace_id, "people": sorted(person_ids), "rule": rule}
    found: dict[str, Due] = {}
    for row in await tx.execute(statement, {**asked, "now": now, "most": most}):
        *thing, whose, _, total = row
        found.setdefault(whose, Due([], total)).subjects.append(mirror.from_row(kind, thing))
    return found


async def grow_old(tx: Tx, workspace_id: str, person_id: str, now: datetime) -> None:
    """All that is due with somebody is backlog, what was put off since too."""
    await tx.execute(
        update(checks)
        .where(
            checks.c.workspace_id == workspace_id,
            checks.c.person_id == person_id,
            func.coalesce(checks.c.since, checks.c.due_at) <= now,
        )
        .values(old=True)
    )


#: Of one rule before another, as a parameter: `stronger>weaker`.
_BEFORE = ">"


def _counted_elsewhere(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """That a stronger rule, of those that are given, counts the same thing for the same person."""
    other = checks.alias("other")
    return (
        select(other.c.rule)
        .where(
            other.c.workspace_id == checks.c.workspace_id,
            other.c.person_id == checks.c.person_id,
            other.c.kind == checks.c.kind,
            other.c.connection_id == checks.c.connection_id,
            other.c.subject_id == checks.c.subject_id,
            other.c.old,
            among(other.c.rule + _BEFORE + checks.c.rule, texts("before")),
            ~_muted(now, kinds=True, of=other),
        )
        .exists()
    )


def _pairs(before: Collection[tuple[str, str]]) -> list[str]:
    return sorted(f"{stronger}{_BEFORE}{weaker}" for stronger, weaker in before)


_BACKLOG = Prepared(
    select(checks.c.person_id, checks.c.rule, func.count())
    .where(
        checks.c.workspace_id == bindparam("workspace"),
        among(checks.c.person_id, texts("people")),
        OLD_CHECK,
        ~_muted(_NOW, kinds=True),
        ~_counted_elsewhere(_NOW),
    )
    .group_by(checks.c.person_id, checks.c.rule)
)


async def backlog(
    tx: Tx,
    workspace_id: str,
    person_ids: Collection[str],
    before: Collection[tuple[str, str]],
    now: datetime,
) -> dict[str, dict[str, int]]:
    """How much of what was so before the coach knew of it is so still: person -> rule -> count.

    Each thing counts once: `before` tells which rule counts it before which other, for all of them.
    """
    found: dict[str, dict[str, int]] = defaultdict(dict)
    asked = {
        "workspace": workspace_id, "people": sorted(person_ids), "before": _pairs(before),
        "now": now,
    }  # fmt: skip
    for person_id, rule, count in await _BACKLOG.rows(tx, asked):
        found[person_id][rule] = count
    return found


async def old_of(
    tx: Tx,
    workspace_id: str,
    rule: str,
    kind: SubjectKind,
    person_id: str,
    before: Collection[tuple[str, str]],
    now: datetime,
    *,
    most: int,
    largest_first: bool = False,
) -> list[Subject]:
    """The worst of what `backlog` counts with a rule: the largest deals, or what was so longest."""
    table = mirror.TABLES[kind]
    order: list[Any] = [checks.c.since, checks.c.connection_id, checks.c.subject_id]
    if largest_first:
        order = [deals.c.value.is_(None), cast(deals.c.value, Float).desc(), *order]
    query = (
        select(*mirror.columns(kind))
        .join_from(
            checks,
            table,
            (table.c.workspace_id == checks.c.workspace_id)
            & (table.c.connection_id == checks.c.connection_id)
            & (table.c.id == checks.c.subject_id),
        )
        .where(
            checks.c.workspace_id == workspace_id,
            checks.c.person_id == person_id,
            checks.c.rule == rule,
            OLD_CHECK,
            ~_muted(now, kinds=True),
            ~_counted_elsewhere(now),
        )
        .order_by(*order)
        .limit(most)
    )
    rows = await tx.execute(query, {"before": _pairs(before)})
    return [mirror.from_row(kind, row) for row in rows]


# One look into the index for each, instead of reading all that is to come.
_EARLIEST = (
    select(func.min(checks.c.due_at))
    .where(
        checks.c.workspace_id == rounds_table.c.workspace_id,
        checks.c.person_id == rounds_table.c.person_id,
        checks.c.rule == rounds_table.c.rule,
        checks.c.due_at > _NOW,
    )
    .scalar_subquery()
)
_UPCOMING = Prepared(
    select(rounds_table.c.person_id, _EARLIEST).where(
        rounds_table.c.workspace_id == bindparam("workspace"),
        among(rounds_table.c.person_id, texts("people")),
        rounds_table.c.rule == bindparam("rule"),
    )
)


async def upcoming(
    tx: Tx, workspace_id: str, rule: str, person_ids: Collection[str], now: datetime
) -> dict[str, datetime]:
    """When the next thing of each person becomes due with a rule after now, where one does."""
    if not person_ids:
        return {}
    asked = {"workspace": workspace_id, "people": sorted(person_ids), "rule": rule, "now": now}
    rows = await _UPCOMING.rows(tx, asked)
    return {row[0]: row[1] for row in rows if row[1] is not None}


async def faults(tx: Tx, workspace_id: str, most: int | None = None) -> list[Check]:
    """Checks whose rule could not say when, with its reason."""
    query = select(checks).where(checks.c.workspace_id == workspace_id, FAULTY_CHECK).limit(most)
    return [
        Check(
            Key(row.rule, SubjectKind(row.kind), row.connection_id, row.subject_id),
            row.person_id,
            row.due_at,
            row.error,
        )
        for row in await tx.execute(query)
    ]
