"""Plans: which rules have checks in this database, and whose checks are still to be made."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    String,
    and_,
    bindparam,
    delete,
    exists,
    literal,
    select,
    true,
    tuple_,
    update,
)

from coach.models import SubjectKind
from storage import mirror
from storage.database import Tx, insert
from storage.prepared import Prepared
from storage.tables import UNFINISHED_PLAN, check_plans, workspaces


class Plan(NamedTuple):
    """Checks to be made: of a rule with everybody's things, or with one person's."""

    workspace_id: str
    rule: str
    #: Empty: everybody's.
    person_id: str
    kind: SubjectKind
    #: The last thing that was seen to.
    after: tuple[str, str]


class Announced(NamedTuple):
    """A rule that has, or is to have, checks in this database."""

    rule: str
    kind: SubjectKind
    at: datetime


class Thing(NamedTuple):
    """A thing to make a check for, whatever else its row holds."""

    connection_id: str
    id: str
    person_id: str | None


async def announce(tx: Tx, rules: Mapping[str, SubjectKind], now: datetime) -> None:
    """Say that this version knows these rules; one new to a workspace gets its checks made there.

    A workspace without a thing of the kind has nothing to be made.
    """
    for rule, kind in sorted(rules.items()):
        table = mirror.TABLES[kind]
        empty = ~exists().where(table.c.workspace_id == workspaces.c.id)
        names = [
            *("workspace_id", "rule", "person_id", "kind", "connection_id", "subject_id"),
            *("done", "announced_at"),
        ]
        given = select(
            workspaces.c.id,
            literal(rule),
            literal(""),
            literal(kind.value),
            literal(""),
            literal(""),
            empty,
            literal(now, check_plans.c.announced_at.type),
        ).where(true())
        new = insert(tx, check_plans).from_select(names, given)
        await tx.execute(
            new.on_conflict_do_update(
                index_elements=list(check_plans.primary_key),
                set_={"announced_at": new.excluded.announced_at},
            )
        )


_ANNOUNCED = Prepared(
    select(check_plans.c.rule, check_plans.c.kind, check_plans.c.announced_at).where(
        check_plans.c.workspace_id == bindparam("workspace"), check_plans.c.person_id == ""
    )
)


async def announced(tx: Tx, workspace_id: str) -> list[Announced]:
    """The rules that have or are to have checks in a workspace."""
    rows = await _ANNOUNCED.rows(tx, {"workspace": workspace_id})
    return [Announced(row[0], SubjectKind(row[1]), row[2]) for row in rows]


async def forget(tx: Tx, workspace_id: str, rule: str) -> None:
    """A rule is gone; should it ever return, its checks are made anew."""
    await tx.execute(
        delete(check_plans).where(
            check_plans.c.workspace_id == workspace_id, check_plans.c.rule == rule
        )
    )


async def owners(tx: Tx, workspace_id: str, kind: SubjectKind) -> list[str]:
    """Those whose things of this kind there are, in order."""
    table = mirror.TABLES[kind]
    query = (
        select(table.c.person_id)
        .distinct()
        .where(table.c.workspace_id == workspace_id, table.c.person_id.is_not(None))
    )
    return sorted((await tx.execute(query)).scalars())


async def again(
    tx: Tx,
    workspace_id: str,
    person_ids: Collection[str],
    rules: Mapping[str, SubjectKind],
    now: datetime,
) -> None:
    """Have these people's checks with these rules made anew, from the beginning."""
    if not rules or not person_ids:
        return
    new = insert(tx, check_plans)
    names = ("connection_id", "subject_id", "done")
    await tx.execute(
        new.on_conflict_do_update(
            index_elements=list(check_plans.primary_key),
            set_={name: new.excluded[name] for name in names},
        ),
        [
            {
                "workspace_id": workspace_id,
                "rule": rule,
                "person_id": person_id,
                "kind": kind.value,
                "connection_id": "",
                "subject_id": "",
                "done": False,
                "announced_at": now,
            }
            for person_id in sorted(person_ids)
            for rule, kind in sorted(rules.items())
        ],
    )


def _plan(row: Any) -> Plan:
    workspace_id, rule, person_id, kind, connection_id, subject_id = row
    return Plan(workspace_id, rule, person_id, SubjectKind(kind), (connection_id, subject_id))


_COLUMNS = [
    check_plans.c[name]
    for name in ("workspace_id", "rule", "person_id", "kind", "connection_id", "subject_id")
]


async def unfinished(tx: Tx, rules: Collection[str]) -> Plan | None:
    """One plan of these rules that is not done; those of one person go first."""
    query = (
        select(*_COLUMNS)
        .where(check_plans.c.rule.in_(sorted(rules)), UNFINISHED_PLAN)
        .order_by(check_plans.c.person_id == "")
        .limit(1)
    )
    row = (await tx.execute(query)).first()
    return _plan(row) if row else None


def _is(plan: Plan) -> Any:
    return and_(
        check_plans.c.workspace_id == plan.workspace_id,
        check_plans.c.rule == plan.rule,
        check_plans.c.person_id == plan.person_id,
    )


async def still(tx: Tx, plan: Plan) -> Plan | None:
    """The plan as it stands now, for this transaction alone; `None` when it is done."""
    query = select(*_COLUMNS).where(_is(plan), UNFINISHED_PLAN).with_for_update()
    row = (await tx.execute(query)).first()
    return _plan(row) if row else None


async def next_things(tx: Tx, plan: Plan, most: int) -> list[Thing]:
    """What a plan is to see to next, in the order of (connection, id)."""
    table = mirror.TABLES[plan.kind]
    after = tuple_(literal(plan.after[0], String()), literal(plan.after[1], String()))
    place: Any = table.c.connection_id
    whose = table.c.workspace_id == plan.workspace_id
    if plan.person_id:
        # The place to go on from must not look to SQLite like a way to find what is theirs: it
        # would read everybody's.
        place = place.concat("")
        whose = and_(whose, table.c.person_id == plan.person_id)
    query = (
        select(table.c.connection_id, table.c.id, table.c.person_id)
        .where(whose, tuple_(place, table.c.id) > after)
        .order_by(place, table.c.id)
        .limit(most)
    )
    return [Thing(*row) for row in await tx.execute(query)]


async def advance(tx: Tx, plan: Plan, seen_to: Sequence[Thing], *, done: bool) -> None:
    """Note how far a plan has come; one of a single person leaves no trace when it is done."""
    if done and plan.person_id:
        await tx.execute(delete(check_plans).where(_is(plan)))
        return
    values: dict[str, Any] = {"done": done}
    if seen_to:
        # The last in the database's own order: its collation need not be ours.
        values |= {"connection_id": seen_to[-1].connection_id, "subject_id": seen_to[-1].id}
    await tx.execute(update(check_plans).where(_is(plan)).values(**values))
