"""What is asked to tell somebody why they see an insight."""

from collections import Counter
from datetime import datetime

from sqlalchemy import func, or_, select

from coach.explaining import Outcomes, Told
from coach.models import Dismissed, Insight, InsightState
from coach.verdicts import Decided, Reason, Verdict
from storage.database import Tx
from storage.insights import from_row, one
from storage.tables import OPEN_INSIGHT, insights

#: Put before their person: said, or answered from a list.
_PUT = or_(
    insights.c.said_at.is_not(None),
    insights.c.state.in_([InsightState.TAKEN.value, InsightState.DISMISSED.value]),
)


async def told(tx: Tx, workspace_id: str, fingerprint: str) -> Told | None:
    """An insight with how attention decided about it, and how it came to its person."""
    row = (await tx.execute(select(insights).where(one(workspace_id, fingerprint)))).first()
    if row is None:
        return None
    decided = None
    if row.verdict is not None:
        decided = Decided(Verdict(row.verdict), Reason(row.verdict_reason), row.verdict_until)
    return Told(from_row(row), decided, row.own_act, row.said_at, row.said_by)


async def latest(
    tx: Tx, workspace_id: str, person_id: str, now: datetime, most: int
) -> list[Insight]:
    """What was said to a person, the latest first, and then what was not said but waits."""
    said = (
        select(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.said_at.is_not(None),
        )
        .order_by(
            insights.c.said_at.desc(),
            insights.c.priority.desc(),
            insights.c.created_at.desc(),
            insights.c.rank,
            insights.c.fingerprint,
        )
        .limit(most)
    )
    waiting = (
        select(insights)
        .where(
            OPEN_INSIGHT,
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.said_at.is_(None),
            insights.c.expires_at > now,
        )
        .order_by(insights.c.priority.desc(), insights.c.created_at.desc(), insights.c.fingerprint)
        .limit(most)
    )
    found = [from_row(row) for row in await tx.execute(said)]
    if len(found) < most:
        found += [from_row(row) for row in await tx.execute(waiting)]
    return found[:most]


async def outcomes(tx: Tx, workspace_id: str, person_id: str, rule: str) -> Outcomes:
    """What became of all of a rule's insights that were put before a person."""
    query = (
        select(insights.c.state, insights.c.dismissed_as, func.count())
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.rule == rule,
            _PUT,
        )
        .group_by(insights.c.state, insights.c.dismissed_as)
    )
    counts: Counter[InsightState] = Counter()
    dismissed_as: dict[Dismissed, int] = {}
    for state, why, count in await tx.execute(query):
        counts[InsightState(state)] += count
        if state == InsightState.DISMISSED.value and why is not None:
            dismissed_as[Dismissed(why)] = count
    return Outcomes(
        told=counts.total(),
        done=counts[InsightState.TAKEN],
        dismissed=counts[InsightState.DISMISSED],
        dismissed_as=dismissed_as,
        resolved=counts[InsightState.RESOLVED],
        expired=counts[InsightState.EXPIRED],
    )
