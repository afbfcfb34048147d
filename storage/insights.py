"""Insights: made once, claimed by one sender, decided once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Update, bindparam, case, func, select, update

from coach import lifecycle
from coach.keys import fingerprint
from coach.models import (
    Draft,
    Insight,
    InsightState,
    InsightType,
    PastInsight,
    Priority,
    Suggestion,
)
from storage.database import Tx, chunks, insert
from storage.tables import PENDING_INSIGHT, decisions, insights

#: How far back rules look at what they have said.
MEMORY = timedelta(days=365)


def from_row(row: Row[Any]) -> Insight:
    """The insight in a row of the whole table."""
    return Insight(
        workspace_id=row.workspace_id,
        fingerprint=row.fingerprint,
        person_id=row.person_id,
        rule=row.rule,
        type=InsightType(row.type),
        priority=Priority(row.priority),
        subject=row.subject,
        message=row.message,
        reason=row.reason,
        suggestion=Suggestion(row.action, row.params),
        state=InsightState(row.state),
        created_at=row.created_at,
        expires_at=row.expires_at,
        about=tuple(row.about),
        seen_at=row.seen_at,
        decided_at=row.decided_at,
        outcome=row.outcome,
        channel=row.channel,
        ts=row.ts,
        error=row.error,
    )


def one(workspace_id: str, print_: str) -> ColumnElement[bool]:
    """The condition that it is this insight."""
    return (insights.c.workspace_id == workspace_id) & (insights.c.fingerprint == print_)


def within(states: Collection[InsightState]) -> ColumnElement[bool]:
    """The condition that it is in one of these states."""
    return insights.c.state.in_(sorted(state.value for state in states))


@dataclass(frozen=True, slots=True)
class NewInsight:
    """A draft on its way into the store."""

    rule: str
    type: InsightType
    draft: Draft
    state: InsightState


async def add(
    tx: Tx, workspace_id: str, new: Sequence[NewInsight], now: datetime
) -> list[tuple[str, NewInsight]]:
    """Store insights; returns (fingerprint, insight) of those that were not there already."""
    rows: dict[str, dict[str, Any]] = {}
    by_print: dict[str, NewInsight] = {}
    for each in new:
        draft = each.draft
        print_ = fingerprint(workspace_id, each.rule, draft)
        if print_ in rows:
            continue
        by_print[print_] = each
        rows[print_] = {
            "workspace_id": workspace_id,
            "fingerprint": print_,
            "person_id": draft.person_id,
            "rule": each.rule,
            "type": each.type.value,
            "priority": int(draft.priority),
            "subject": draft.subject,
            "occasion": draft.occasion,
            "message": draft.message,
            "reason": draft.reason,
            "action": draft.suggestion.action,
            "params": draft.suggestion.params,
            "about": list(draft.about),
            "state": each.state.value,
            "created_at": now,
            "expires_at": draft.expires_at,
            "outcome": None,
        }
    made: list[str] = []
    statement = (
        insert(tx, insights)
        .on_conflict_do_nothing(index_elements=list(insights.primary_key))
        .returning(insights.c.fingerprint)
    )
    for piece in chunks(list(rows.values())):
        made += (await tx.execute(statement, piece)).scalars()
    return [(print_, by_print[print_]) for print_ in made]


async def get(tx: Tx, workspace_id: str, fingerprint: str) -> Insight | None:
    """One insight."""
    row = (await tx.execute(select(insights).where(one(workspace_id, fingerprint)))).first()
    return from_row(row) if row else None


async def pending(tx: Tx, workspace_id: str, person_id: str, now: datetime) -> list[Insight]:
    """A person's open insights: by priority, high first, then newest."""
    query = (
        select(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            within(lifecycle.PENDING),
            insights.c.expires_at > now,
        )
        .order_by(insights.c.priority.desc(), insights.c.created_at.desc(), insights.c.fingerprint)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def past(
    tx: Tx, workspace_id: str, rules: Collection[str], person_ids: Collection[str], now: datetime
) -> dict[tuple[str, str], list[PastInsight]]:
    """What these rules have said to these people: (rule, person id) -> newest first.

    The last few for each subject are enough to know how often in a row it was dismissed.
    """
    found: dict[tuple[str, str], list[PastInsight]] = {}
    for piece in chunks(sorted(person_ids)):
        place = (
            func.row_number()
            .over(
                partition_by=(insights.c.person_id, insights.c.rule, insights.c.subject),
                order_by=insights.c.created_at.desc(),
            )
            .label("place")
        )
        ranked = (
            select(
                insights.c.rule,
                insights.c.person_id,
                insights.c.subject,
                insights.c.occasion,
                insights.c.created_at,
                insights.c.state,
                insights.c.decided_at,
                insights.c.about,
                place,
            )
            .where(
                insights.c.workspace_id == workspace_id,
                insights.c.person_id.in_(piece),
                insights.c.rule.in_(sorted(rules)),
                insights.c.created_at > now - MEMORY,
            )
            .subquery()
        )
        query = select(ranked).where(ranked.c.place <= 8).order_by(ranked.c.created_at.desc())
        for row in await tx.execute(query):
            dismissed = row.decided_at if row.state == InsightState.DISMISSED.value else None
            found.setdefault((row.rule, row.person_id), []).append(
                PastInsight(
                    row.rule,
                    row.subject,
                    row.created_at,
                    dismissed,
                    tuple(row.about),
                    row.occasion,
                    row.state == InsightState.TAKEN.value,
                )
            )
    return found


#: What can be decided only before the insight's time is up.
_IN_TIME = frozenset({InsightState.TAKEN, InsightState.DISMISSED})


@cache
def _moving(to: InsightState, columns: tuple[str, ...]) -> Update:
    """The conditional update of `move`: made once for each kind of it."""
    values: dict[str, Any] = {name: bindparam(f"_{name}") for name in columns}
    if to in lifecycle.DECIDED:
        values["render_due"] = insights.c.ts.is_not(None)
    query = (
        update(insights)
        .where(
            insights.c.workspace_id == bindparam("_workspace"),
            insights.c.fingerprint == bindparam("_fingerprint"),
            within(lifecycle.sources(to)),
        )
        .values(state=to.value, **values)
        .returning(insights)
    )
    if to in _IN_TIME:
        query = query.where(insights.c.expires_at > bindparam("_now"))
    return query


async def move(
    tx: Tx,
    workspace_id: str,
    fingerprint: str,
    to: InsightState,
    now: datetime,
    **values: object,
) -> Insight | None:
    """Bring an insight to a state if it may go there from where it is: the claim of a click.

    Returns it as it is afterwards, or `None` when somebody or something was faster. A decision is
    kept in the history, and a message that shows it is marked to be rendered again.
    """
    decided = to in lifecycle.DECIDED
    if decided:
        values |= {"decided_at": now, "attempts": 0, "not_before": None}
    given = {f"_{name}": value for name, value in values.items()}
    given |= {"_workspace": workspace_id, "_fingerprint": fingerprint}
    if to in _IN_TIME:
        given["_now"] = now
    row = (await tx.execute(_moving(to, tuple(values)), given)).first()
    if row is None:
        return None
    insight = from_row(row)
    if decided:
        await _decide(tx, [(insight.fingerprint, insight.person_id)], workspace_id, to.value, now)
    return insight


async def _decide(
    tx: Tx, made: Sequence[tuple[str, str]], workspace_id: str, decision: str, now: datetime
) -> None:
    if made:
        await tx.execute(
            insert(tx, decisions).on_conflict_do_nothing(
                index_elements=list(decisions.primary_key)
            ),
            [
                {
                    "workspace_id": workspace_id,
                    "fingerprint": print_,
                    "at": now,
                    "decision": decision,
                    "person_id": person_id,
                }
                for print_, person_id in made
            ],
        )


async def see(tx: Tx, workspace_id: str, fingerprints: Collection[str], now: datetime) -> None:
    """Note that the person has had these before their eyes."""
    for piece in chunks(sorted(fingerprints)):
        query = (
            update(insights)
            .where(
                insights.c.workspace_id == workspace_id,
                insights.c.fingerprint.in_(piece),
                insights.c.seen_at.is_(None),
            )
            .values(seen_at=now)
            .returning(insights.c.fingerprint, insights.c.person_id)
        )
        seen = [(row[0], row[1]) for row in await tx.execute(query)]
        await _decide(tx, seen, workspace_id, "opened", now)


async def any_expired(tx: Tx, now: datetime) -> bool:
    """Whether the time of any open insight is up."""
    query = (
        select(insights.c.fingerprint).where(PENDING_INSIGHT, insights.c.expires_at <= now).limit(1)
    )
    return (await tx.execute(query)).first() is not None


async def expire(tx: Tx, now: datetime) -> int:
    """End every open insight whose time is up; messages in Slack are to lose their buttons."""
    query = (
        update(insights)
        .where(
            PENDING_INSIGHT,
            within(lifecycle.sources(InsightState.EXPIRED)),
            insights.c.expires_at <= now,
        )
        .values(
            state=InsightState.EXPIRED.value,
            decided_at=now,
            render_due=insights.c.ts.is_not(None),
            attempts=0,
            not_before=None,
        )
        .returning(insights.c.workspace_id, insights.c.fingerprint, insights.c.person_id)
    )
    by_workspace: dict[str, list[tuple[str, str]]] = {}
    for workspace_id, print_, person_id in await tx.execute(query):
        by_workspace.setdefault(workspace_id, []).append((print_, person_id))
    for workspace_id, made in by_workspace.items():
        await _decide(tx, made, workspace_id, InsightState.EXPIRED.value, now)
    return sum(map(len, by_workspace.values()))


async def release(tx: Tx, workspace_id: str, person_id: str, level: int) -> None:
    """Queue what was held for a person who may be written to now; lesser things stay quiet."""
    await tx.execute(
        update(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            within([InsightState.HELD, InsightState.FAILED]),
        )
        .values(
            state=case(
                (insights.c.priority + level > int(Priority.HIGH), InsightState.QUEUED.value),
                else_=InsightState.QUIET.value,
            ),
            attempts=0,
            not_before=None,
        )
    )


async def quieten(tx: Tx, workspace_id: str, person_id: str, level: int) -> None:
    """Take back what waits to be sent but is too unimportant for the person's new level."""
    await tx.execute(
        update(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            within([InsightState.HELD, InsightState.QUEUED]),
            insights.c.priority + level <= int(Priority.HIGH),
        )
        .values(state=InsightState.QUIET.value)
    )


async def silence(tx: Tx, workspace_id: str, person_id: str) -> None:
    """Keep what waits for a person who wants no messages where only they can look at it."""
    await tx.execute(
        update(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            within([InsightState.HELD, InsightState.QUEUED]),
        )
        .values(state=InsightState.QUIET.value)
    )


async def change(tx: Tx, workspace_id: str, fingerprint: str, **values: object) -> None:
    """Set columns that are not the state."""
    await tx.execute(update(insights).where(one(workspace_id, fingerprint)).values(**values))


async def newest_unanswered(tx: Tx, workspace_id: str, person_id: str) -> datetime | None:
    """When the newest card this person has not answered was sent."""
    query = (
        select(insights.c.sent_at)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.state == InsightState.SENT.value,
            insights.c.sent_at.is_not(None),
        )
        .order_by(insights.c.sent_at.desc())
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def counts(tx: Tx, workspace_id: str) -> dict[InsightState, int]:
    """How many insights stand in each state."""
    query = (
        select(insights.c.state, func.count())
        .where(insights.c.workspace_id == workspace_id)
        .group_by(insights.c.state)
    )
    return {InsightState(row[0]): row[1] for row in await tx.execute(query)}


async def failed(tx: Tx, workspace_id: str, most: int = 20) -> list[Insight]:
    """Insights Slack refused for good, newest first."""
    query = (
        select(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.state == InsightState.FAILED.value,
        )
        .order_by(insights.c.created_at.desc())
        .limit(most)
    )
    return [from_row(row) for row in await tx.execute(query)]


async def replay(tx: Tx, workspace_id: str, now: datetime) -> int:
    """Queue what Slack refused for good once more, unless its time is up; returns how many."""
    query = (
        update(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.state == InsightState.FAILED.value,
            insights.c.expires_at > now,
        )
        .values(state=InsightState.QUEUED.value, attempts=0, not_before=None, error=None)
        .returning(insights.c.fingerprint)
    )
    return len((await tx.execute(query)).all())


async def recent(tx: Tx, workspace_id: str, person_id: str, most: int = 50) -> list[Insight]:
    """A person's latest insights, whatever became of them."""
    query = (
        select(insights)
        .where(insights.c.workspace_id == workspace_id, insights.c.person_id == person_id)
        .order_by(insights.c.created_at.desc(), insights.c.fingerprint)
        .limit(most)
    )
    return [from_row(row) for row in await tx.execute(query)]
