"""Insights: made once, claimed by one sender, decided once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select, update

from coach import lifecycle
from coach.engine import fingerprint
from coach.models import (
    Draft,
    Enrolment,
    Insight,
    InsightState,
    InsightType,
    Message,
    PastInsight,
    Priority,
    Span,
    Suggestion,
)
from storage.database import Database, Tx, chunks, insert
from storage.tables import decisions, insights, people, workspaces

#: How far back rules look at what they have said.
MEMORY = timedelta(days=365)


def stored(message: Message) -> list[list[str | None]]:
    """A message as it is kept."""
    return [[span.text, span.url] for span in message]


def _message(stored: Iterable[Sequence[str]]) -> Message:
    return tuple(Span(text, url) for text, url in stored)


def _insight(row: Row[Any]) -> Insight:
    return Insight(
        workspace_id=row.workspace_id,
        fingerprint=row.fingerprint,
        person_id=row.person_id,
        rule=row.rule,
        type=InsightType(row.type),
        priority=Priority(row.priority),
        subject=row.subject,
        message=_message(row.message),
        reason=_message(row.reason),
        suggestion=Suggestion(row.action, row.params),
        state=InsightState(row.state),
        created_at=row.created_at,
        expires_at=row.expires_at,
        about=tuple(row.about),
        seen_at=row.seen_at,
        decided_at=row.decided_at,
        outcome=_message(row.outcome),
        channel=row.channel,
        ts=row.ts,
        error=row.error,
    )


def _is(workspace_id: str, print_: str) -> ColumnElement[bool]:
    return (insights.c.workspace_id == workspace_id) & (insights.c.fingerprint == print_)


def _in(states: Collection[InsightState]) -> ColumnElement[bool]:
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
            "message": stored(draft.message),
            "reason": stored(draft.reason),
            "action": draft.suggestion.action,
            "params": draft.suggestion.params,
            "about": list(draft.about),
            "state": each.state.value,
            "created_at": now,
            "expires_at": draft.expires_at,
            "outcome": [],
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
    row = (await tx.execute(select(insights).where(_is(workspace_id, fingerprint)))).first()
    return _insight(row) if row else None


async def pending(tx: Tx, workspace_id: str, person_id: str, now: datetime) -> list[Insight]:
    """A person's open insights: by priority, high first, then newest."""
    query = (
        select(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            _in(lifecycle.PENDING),
            insights.c.expires_at > now,
        )
        .order_by(insights.c.priority.desc(), insights.c.created_at.desc(), insights.c.fingerprint)
    )
    return [_insight(row) for row in await tx.execute(query)]


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
                    row.rule, row.subject, row.created_at, dismissed, tuple(row.about), row.occasion
                )
            )
    return found


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
        values |= {
            "decided_at": now,
            "render_due": insights.c.ts.is_not(None),
            "attempts": 0,
            "not_before": None,
        }
    query = (
        update(insights)
        .where(_is(workspace_id, fingerprint), _in(lifecycle.sources(to)))
        .values(state=to.value, **values)
        .returning(insights)
    )
    if to in {InsightState.TAKEN, InsightState.DISMISSED}:
        query = query.where(insights.c.expires_at > now)
    row = (await tx.execute(query)).first()
    if row is None:
        return None
    insight = _insight(row)
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
        select(insights.c.fingerprint)
        .where(_in(lifecycle.PENDING), insights.c.expires_at <= now)
        .limit(1)
    )
    return (await tx.execute(query)).first() is not None


async def expire(tx: Tx, now: datetime) -> int:
    """End every open insight whose time is up; messages in Slack are to lose their buttons."""
    query = (
        update(insights)
        .where(_in(lifecycle.sources(InsightState.EXPIRED)), insights.c.expires_at <= now)
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
            _in([InsightState.HELD, InsightState.FAILED]),
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


async def silence(tx: Tx, workspace_id: str, person_id: str) -> None:
    """Keep what waits for a person who wants no messages where only they can look at it."""
    await tx.execute(
        update(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            _in([InsightState.HELD, InsightState.QUEUED]),
        )
        .values(state=InsightState.QUIET.value)
    )


@dataclass(frozen=True, slots=True)
class Card:
    """An insight to be posted or rendered again, with the address of its person."""

    insight: Insight
    slack_user_id: str
    attempts: int
    time_zone: str | None


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(insights.c.not_before.is_(None), insights.c.not_before <= now)


async def any_to_send(tx: Tx, now: datetime) -> bool:
    """Whether a card may be due: a cheap look before the claim takes the write lock."""
    turn = or_(people.c.send_after.is_(None), people.c.send_after <= now)
    waiting = (
        select(insights.c.fingerprint)
        .join(
            people,
            and_(
                people.c.workspace_id == insights.c.workspace_id,
                people.c.id == insights.c.person_id,
            ),
        )
        .where(insights.c.state == InsightState.QUEUED.value, _free(now), turn)
        .limit(1)
    )
    lost = (
        select(insights.c.fingerprint)
        .where(insights.c.state == InsightState.SENDING.value, insights.c.claimed_until <= now)
        .limit(1)
    )
    for query in (waiting, lost):
        if (await tx.execute(query)).first() is not None:
            return True
    return False


async def rendered(tx: Tx, insight: Insight) -> None:
    """The message shows the insight as it was read; a later change stays to be rendered."""
    await tx.execute(
        update(insights)
        .where(
            _is(insight.workspace_id, insight.fingerprint),
            insights.c.state == insight.state.value,
        )
        .values(render_due=False, attempts=0)
    )


async def claim_cards(
    tx: Tx,
    database: Database,
    now: datetime,
    *,
    lease: timedelta,
    apart: timedelta,
    most: int,
    paused: Collection[str] = (),
) -> list[Card]:
    """Claim the next card of each person whose turn has come: most important first, then newest.

    A claim lasts for `lease`; afterwards another sender may try again. Claiming also moves the
    person's next turn by `apart`, so that two senders cannot both find it come.
    """
    turn = or_(people.c.send_after.is_(None), people.c.send_after <= now)
    place = (
        func.row_number()
        .over(
            partition_by=(insights.c.workspace_id, insights.c.person_id),
            order_by=(
                insights.c.priority.desc(),
                insights.c.created_at.desc(),
                insights.c.fingerprint,
            ),
        )
        .label("place")
    )
    joined = insights.join(
        people,
        and_(
            people.c.workspace_id == insights.c.workspace_id,
            people.c.id == insights.c.person_id,
        ),
    ).join(workspaces, workspaces.c.id == insights.c.workspace_id)
    ranked = (
        select(insights.c.workspace_id, insights.c.fingerprint, insights.c.person_id, place)
        .select_from(joined)
        .where(
            insights.c.state == InsightState.QUEUED.value,
            insights.c.expires_at > now,
            _free(now),
            turn,
            people.c.slack_user_id.is_not(None),
            people.c.enrolment == Enrolment.STARTED.value,
            people.c.enabled,
            workspaces.c.slack_error.is_(None),
        )
    )
    if paused:
        ranked = ranked.where(insights.c.workspace_id.not_in(sorted(paused)))
    first = ranked.subquery()
    query = (
        select(first.c.workspace_id, first.c.fingerprint, first.c.person_id)
        .where(first.c.place == 1)
        .limit(most)
    )
    chosen = [(row[0], row[1], row[2]) for row in await tx.execute(query)]
    cards: list[Card] = []
    by_workspace: dict[str, dict[str, str]] = {}
    for workspace_id, print_, person_id in chosen:
        by_workspace.setdefault(workspace_id, {})[person_id] = print_
    for workspace_id, wanted in by_workspace.items():
        cards += await _claim(tx, workspace_id, wanted, now, lease, apart)
    return cards


async def _claim(
    tx: Tx,
    workspace_id: str,
    wanted: Mapping[str, str],
    now: datetime,
    lease: timedelta,
    apart: timedelta,
) -> list[Card]:
    # The person's turn is taken first: of two senders only one finds it come.
    mine: dict[str, tuple[str, str | None]] = {}
    for piece in chunks(sorted(wanted)):
        query = (
            update(people)
            .where(
                people.c.workspace_id == workspace_id,
                people.c.id.in_(piece),
                or_(people.c.send_after.is_(None), people.c.send_after <= now),
            )
            .values(send_after=now + apart)
            .returning(people.c.id, people.c.slack_user_id, people.c.time_zone)
        )
        for row in await tx.execute(query):
            mine[row[0]] = (row[1], row[2])
    cards = []
    for piece in chunks([wanted[person_id] for person_id in mine]):
        claim = (
            update(insights)
            .where(
                insights.c.workspace_id == workspace_id,
                insights.c.fingerprint.in_(piece),
                _in(lifecycle.sources(InsightState.SENDING)),
            )
            .values(
                state=InsightState.SENDING.value,
                claimed_until=now + lease,
                attempts=insights.c.attempts + 1,
            )
            .returning(insights)
        )
        for row in await tx.execute(claim):
            user, time_zone = mine[row.person_id]
            cards.append(Card(_insight(row), user, row.attempts, time_zone))
    return cards


async def reclaim(tx: Tx, now: datetime) -> int:
    """Queue again what a sender claimed and never finished: it died in between."""
    query = (
        update(insights)
        .where(insights.c.state == InsightState.SENDING.value, insights.c.claimed_until <= now)
        .values(state=InsightState.QUEUED.value, claimed_until=None)
        .returning(insights.c.fingerprint)
    )
    return len((await tx.execute(query)).all())


async def to_render(tx: Tx, now: datetime, most: int, paused: Collection[str] = ()) -> list[Card]:
    """Messages in Slack that no longer show the truth, oldest decision first."""
    query = (
        select(insights, people.c.slack_user_id, people.c.time_zone)
        .select_from(
            insights.join(
                people,
                and_(
                    people.c.workspace_id == insights.c.workspace_id,
                    people.c.id == insights.c.person_id,
                ),
            ).join(workspaces, workspaces.c.id == insights.c.workspace_id)
        )
        .where(insights.c.render_due, _free(now), workspaces.c.slack_error.is_(None))
        .order_by(insights.c.decided_at)
        .limit(most)
    )
    if paused:
        query = query.where(insights.c.workspace_id.not_in(sorted(paused)))
    return [
        Card(_insight(row), row.slack_user_id or "", row.attempts, row.time_zone)
        for row in await tx.execute(query)
    ]


async def change(tx: Tx, workspace_id: str, fingerprint: str, **values: object) -> None:
    """Set columns that are not the state."""
    await tx.execute(update(insights).where(_is(workspace_id, fingerprint)).values(**values))


async def next_send_time(tx: Tx, now: datetime) -> datetime | None:
    """When the sender has something to do next, as far as is known now."""
    joined = insights.join(
        people,
        and_(
            people.c.workspace_id == insights.c.workspace_id,
            people.c.id == insights.c.person_id,
        ),
    )
    ready = func.coalesce(insights.c.not_before, insights.c.created_at)
    turn = func.coalesce(people.c.send_after, insights.c.created_at)
    query = (
        select(func.min(case((ready > turn, ready), else_=turn)))
        .select_from(joined)
        .where(
            insights.c.state == InsightState.QUEUED.value,
            people.c.enrolment == Enrolment.STARTED.value,
            people.c.enabled,
        )
    )
    value = (await tx.execute(query)).scalar_one()
    return value if isinstance(value, datetime) or value is None else None


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
    return [_insight(row) for row in await tx.execute(query)]


async def recent(tx: Tx, workspace_id: str, person_id: str, most: int = 50) -> list[Insight]:
    """A person's latest insights, whatever became of them."""
    query = (
        select(insights)
        .where(insights.c.workspace_id == workspace_id, insights.c.person_id == person_id)
        .order_by(insights.c.created_at.desc(), insights.c.fingerprint)
        .limit(most)
    )
    return [_insight(row) for row in await tx.execute(query)]
