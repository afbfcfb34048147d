"""Rounds: when each rule looks at each person. What is claimed here is looked at once."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, case, exists, literal, or_, select, tuple_, update

from coach.models import Enrolment
from storage.database import Tx, chunks, insert
from storage.prepared import Prepared
from storage.tables import (
    FAULTY_ROUND,
    UNFINISHED_PLAN,
    WAITING_ROUND,
    check_plans,
    people,
    rounds,
)


class Round(NamedTuple):
    """One rule's next look at one person."""

    workspace_id: str
    person_id: str
    rule: str
    #: Failures in a row so far.
    attempts: int = 0


class Next(NamedTuple):
    """When a round comes again."""

    of: Round
    due_at: datetime | None
    not_before: datetime | None = None


_COLUMNS = [rounds.c[name] for name in Round._fields]


async def hasten(tx: Tx, workspace_id: str, soonest: Mapping[tuple[str, str], datetime]) -> None:
    """Have the rounds of (person, rule) come by then, though never before they may."""
    if not soonest:
        return
    new = insert(tx, rounds)
    allowed = case(
        (rounds.c.not_before > new.excluded.due_at, rounds.c.not_before),
        else_=new.excluded.due_at,
    )
    statement = new.on_conflict_do_update(
        index_elements=list(rounds.primary_key),
        set_={"due_at": allowed},
        where=or_(rounds.c.due_at.is_(None), rounds.c.due_at > allowed),
    )
    rows = [
        {"workspace_id": workspace_id, "person_id": person_id, "rule": rule, "due_at": at}
        for (person_id, rule), at in sorted(soonest.items())
    ]
    await tx.execute(statement, rows)


async def free(tx: Tx, workspace_id: str, which: Collection[tuple[str, str]]) -> None:
    """Let rounds of (person, rule) come as soon as anything is due, whatever their rules wanted."""
    rows = [
        {"of_workspace": workspace_id, "of_person": person_id, "of_rule": rule}
        for person_id, rule in sorted(which)
    ]
    if rows:
        await tx.execute(_these(update(rounds)).values(not_before=None), rows)


async def wake(
    tx: Tx,
    workspace_id: str,
    person_ids: Collection[str],
    now: datetime,
    rules: Collection[str] | None = None,
) -> None:
    """Have these rules, or all, look at people at once, whatever they thought of it before."""
    statement = update(rounds).values(due_at=now, not_before=None, attempts=0, error=None)
    if rules is not None:
        statement = statement.where(rounds.c.rule.in_(sorted(rules)))
    for piece in chunks(sorted(person_ids)):
        await tx.execute(
            statement.where(rounds.c.workspace_id == workspace_id, rounds.c.person_id.in_(piece))
        )


async def enlist(
    tx: Tx, rules: Iterable[str], now: datetime, one: tuple[str, str] | None = None
) -> None:
    """Have rules that look at people by themselves look at whoever has started; at one, or all.

    Whom they look at already they go on to look at as before.
    """
    for rule in sorted(rules):
        started = select(
            people.c.workspace_id, people.c.id, literal(rule), literal(now, rounds.c.due_at.type)
        ).where(people.c.enrolment == Enrolment.STARTED.value)
        if one is not None:
            started = started.where(tuple_(people.c.workspace_id, people.c.id) == one)
        new = insert(tx, rounds).from_select(
            ["workspace_id", "person_id", "rule", "due_at"], started
        )
        await tx.execute(new.on_conflict_do_nothing(index_elements=list(rounds.primary_key)))


async def hold(tx: Tx, workspace_id: str, person_ids: Collection[str]) -> None:
    """Let nobody look at these people until the transaction ends; waits for who is at it.

    Everybody who waits takes locks in one order: the workspace (`workspaces.lock`) where rounds or
    the mirror change, then rounds, then people (`deciding.reconsider`), then what is theirs.
    """
    await tx.execute(
        select(rounds.c.rule)
        .where(rounds.c.workspace_id == workspace_id, rounds.c.person_id.in_(sorted(person_ids)))
        .order_by(rounds.c.person_id, rounds.c.rule)
        .with_for_update()
    )


def _due(rules: Collection[str], now: datetime) -> Select[Any]:
    # While checks are still to be made, what is there would not be the whole truth.
    unfinished = exists().where(
        check_plans.c.workspace_id == rounds.c.workspace_id,
        check_plans.c.rule == rounds.c.rule,
        or_(check_plans.c.person_id == "", check_plans.c.person_id == rounds.c.person_id),
        UNFINISHED_PLAN,
    )
    return select(*_COLUMNS).where(
        rounds.c.rule.in_(sorted(rules)), WAITING_ROUND, rounds.c.due_at <= now, ~unfinished
    )


async def due(tx: Tx, rules: Collection[str], now: datetime, most: int) -> list[Round]:
    """Rounds of these rules that are due, over all workspaces; none is claimed."""
    return [Round(*row) for row in await tx.execute(_due(rules, now).limit(most))]


async def due_of(
    tx: Tx, workspace_id: str, person_ids: Collection[str], rules: Collection[str], now: datetime
) -> set[str]:
    """Of which of these people rounds are due that can be made."""
    if not person_ids:
        return set()
    query = _due(rules, now).where(
        rounds.c.workspace_id == workspace_id, rounds.c.person_id.in_(sorted(person_ids))
    )
    return {Round(*row).person_id for row in await tx.execute(query)}


def _alone(query: Select[Any]) -> Select[Any]:
    """The same rounds for this transaction alone, without those that another is busy with."""
    theirs = (people.c.workspace_id == rounds.c.workspace_id) & (people.c.id == rounds.c.person_id)
    return query.join(people, theirs).with_for_update(
        of=(rounds, people), key_share=True, skip_locked=True
    )


async def claim(tx: Tx, rules: Collection[str], now: datetime, most: int) -> list[Round]:
    """Rounds that are due, for this transaction alone: others pass them by until it ends.

    All rules' rounds of a person come together, as far as they are due. Their people are had too,
    and whom another is busy with is passed by: who claims waits for nobody, so that no ring of
    waiting goes through it.
    """
    query = _alone(_due(rules, now).limit(most))
    found = {Round(*row) for row in await tx.execute(query)}
    whom = sorted({(each.workspace_id, each.person_id) for each in found})
    for piece in chunks(whom):
        theirs = _due(rules, now).where(
            tuple_(rounds.c.workspace_id, rounds.c.person_id).in_(piece)
        )
        found |= {Round(*row) for row in await tx.execute(_alone(theirs))}
    return sorted(found)


async def claim_one(tx: Tx, one: Round, now: datetime) -> bool:
    """Claim this round, if it is still due and nobody else's."""
    query = _due([one.rule], now).where(
        rounds.c.workspace_id == one.workspace_id, rounds.c.person_id == one.person_id
    )
    return (await tx.execute(_alone(query))).first() is not None


def _these(table_update: Any) -> Any:
    return table_update.where(
        rounds.c.workspace_id == bindparam("of_workspace"),
        rounds.c.person_id == bindparam("of_person"),
        rounds.c.rule == bindparam("of_rule"),
    )


_FINISHED = Prepared(
    _these(
        update(rounds).values(
            due_at=bindparam("next"), not_before=bindparam("least"), attempts=0, error=None
        )
    )
)


async def finish(tx: Tx, done: Iterable[Next]) -> None:
    """Set when claimed rounds come again; what failed before is forgotten."""
    rows = [
        {
            "of_workspace": each.of.workspace_id,
            "of_person": each.of.person_id,
            "of_rule": each.of.rule,
            "next": each.due_at,
            "least": each.not_before,
        }
        for each in done
    ]
    if rows:
        await _FINISHED.do_each(tx, rows)


async def put_off(tx: Tx, failed: Round, until: datetime, error: str) -> None:
    """Keep with a round why it failed, and have it tried again."""
    await tx.execute(
        _these(update(rounds)).values(
            due_at=until, not_before=until, attempts=failed.attempts + 1, error=error
        ),
        {
            "of_workspace": failed.workspace_id,
            "of_person": failed.person_id,
            "of_rule": failed.rule,
        },
    )


async def faults(tx: Tx, workspace_id: str, most: int | None = None) -> list[tuple[Round, str]]:
    """Rounds that failed and have not come right since, with the reason."""
    query = (
        select(*_COLUMNS, rounds.c.error)
        .where(rounds.c.workspace_id == workspace_id, FAULTY_ROUND)
        .order_by(rounds.c.rule, rounds.c.person_id)
        .limit(most)
    )
    return [(Round(*row[:-1]), row[-1]) for row in await tx.execute(query)]
