"""Cards: insights on their way to Slack, claimed by one sender, rendered again when they change."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, update

from coach import lifecycle
from coach.models import Enrolment, Insight, InsightState
from storage.columns import UtcDateTime
from storage.database import Database, Tx, chunks
from storage.insights import from_row, one, within
from storage.tables import STALE_CARD, insights, people, workspaces


@dataclass(frozen=True, slots=True)
class Card:
    """An insight to be posted or rendered again, with the address of its person."""

    insight: Insight
    slack_user_id: str
    attempts: int
    time_zone: str | None


# The sender asks the same at every turn: its statements are made once and filled in.
_NOW = bindparam("now", type_=UtcDateTime)
_FREE = or_(insights.c.not_before.is_(None), insights.c.not_before <= _NOW)


def _not_paused(paused: bool) -> list[ColumnElement[bool]]:
    # `paused` says whether any workspace is; an empty list would look at every row for nothing.
    return [insights.c.workspace_id.not_in(bindparam("paused", expanding=True))] if paused else []


def _filled(now: datetime, paused: Collection[str]) -> dict[str, object]:
    return {"now": now, "paused": sorted(paused)} if paused else {"now": now}


def _sendable(paused: bool) -> list[ColumnElement[bool]]:
    """What must hold for a card to be sent now, over insights, people and workspaces."""
    return [
        insights.c.state == InsightState.QUEUED.value,
        insights.c.expires_at > _NOW,
        _FREE,
        or_(people.c.send_after.is_(None), people.c.send_after <= _NOW),
        people.c.slack_user_id.is_not(None),
        people.c.enrolment == Enrolment.STARTED.value,
        people.c.enabled,
        workspaces.c.slack_error.is_(None),
        *_not_paused(paused),
    ]


_JOINED = insights.join(
    people,
    and_(
        people.c.workspace_id == insights.c.workspace_id,
        people.c.id == insights.c.person_id,
    ),
).join(workspaces, workspaces.c.id == insights.c.workspace_id)


@cache
def waiting(paused: bool) -> Select[Any]:
    """One card that is due."""
    return select(insights.c.fingerprint).select_from(_JOINED).where(*_sendable(paused)).limit(1)


#: One card that was claimed by a sender that died.
LOST = (
    select(insights.c.fingerprint)
    .where(insights.c.state == InsightState.SENDING.value, insights.c.claimed_until <= _NOW)
    .limit(1)
)


async def rendered(tx: Tx, insight: Insight) -> None:
    """The message shows the insight as it was read; a later change stays to be rendered."""
    await tx.execute(
        update(insights)
        .where(
            one(insight.workspace_id, insight.fingerprint),
            insights.c.state == insight.state.value,
        )
        .values(render_due=False, attempts=0)
    )


@cache
def _next(paused: bool, most: int) -> Select[Any]:
    """The next card of each person whose turn has come."""
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
    first = (
        select(insights.c.workspace_id, insights.c.fingerprint, insights.c.person_id, place)
        .select_from(_JOINED)
        .where(*_sendable(paused))
        .subquery()
    )
    return (
        select(first.c.workspace_id, first.c.fingerprint, first.c.person_id)
        .where(first.c.place == 1)
        .limit(most)
    )


async def claim(
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
    found = await tx.execute(_next(bool(paused), most), _filled(now, paused))
    chosen = [(row[0], row[1], row[2]) for row in found]
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
                within(lifecycle.sources(InsightState.SENDING)),
            )
            .values(
                state=InsightState.SENDING.value,
                claimed_until=now + lease,
                attempts=insights.c.attempts + 1,
            )
            .returning(insights)
        )
        for row in await tx.execute(claim):
            user, time_zone = mine.pop(row.person_id)
            cards.append(Card(from_row(row), user, row.attempts, time_zone))
    if mine:
        # Answered in this very moment: the next card need not wait for one that never came.
        await tx.execute(
            update(people)
            .where(people.c.workspace_id == workspace_id, people.c.id.in_(sorted(mine)))
            .values(send_after=now)
        )
    return cards


_RECLAIM = (
    update(insights)
    .where(insights.c.state == InsightState.SENDING.value, insights.c.claimed_until <= _NOW)
    .values(state=InsightState.QUEUED.value, claimed_until=None)
    .returning(insights.c.fingerprint)
)


async def reclaim(tx: Tx, now: datetime) -> int:
    """Queue again what a sender claimed and never finished: it died in between."""
    return len((await tx.execute(_RECLAIM, {"now": now})).all())


@cache
def stale(paused: bool, most: int) -> Select[Any]:
    """Cards in Slack that no longer show the truth, with their people."""
    return (
        select(insights, people.c.slack_user_id, people.c.time_zone)
        .select_from(_JOINED)
        .where(STALE_CARD, _FREE, workspaces.c.slack_error.is_(None), *_not_paused(paused))
        .order_by(insights.c.decided_at)
        .limit(most)
    )


async def to_render(tx: Tx, now: datetime, most: int, paused: Collection[str] = ()) -> list[Card]:
    """Messages in Slack that no longer show the truth, oldest decision first."""
    found = await tx.execute(stale(bool(paused), most), _filled(now, paused))
    return [
        Card(from_row(row), row.slack_user_id or "", row.attempts, row.time_zone) for row in found
    ]
