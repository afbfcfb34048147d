"""What is asked to tell somebody why they see an insight."""

from collections import Counter, defaultdict
from datetime import datetime

from sqlalchemy import case, exists, func, or_, select

from coach.explaining import Outcomes, Told
from coach.models import Dismissed, Insight, InsightState
from coach.verdicts import Decided, Reason, Verdict
from storage.database import Tx
from storage.insights import from_row, one
from storage.tables import OPEN_INSIGHT, crm_writes, insights

#: Put before their person: said, or answered from a list.
_PUT = or_(
    insights.c.said_at.is_not(None),
    insights.c.state.in_([InsightState.TAKEN.value, InsightState.DISMISSED.value]),
)


#: What became of it: a list whose time was up when something of it was done was no less answered.
_BECAME = case(
    (
        (insights.c.state == InsightState.EXPIRED.value)
        & exists().where(
            crm_writes.c.workspace_id == insights.c.workspace_id,
            crm_writes.c.fingerprint == insights.c.fingerprint,
            crm_writes.c.undone_at.is_(None),
        ),
        InsightState.TAKEN.value,
    ),
    else_=insights.c.state,
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


async def outcomes(
    tx: Tx,
    workspace_id: str,
    *,
    person_id: str | None = None,
    rule: str | None = None,
    since: datetime | None = None,
) -> dict[str, Outcomes]:
    """What became of what was put before a person, or before everybody, by rule.

    `since` leaves only what was made after it. One query, whatever there is.
    """
    query = (
        select(insights.c.rule, _BECAME, insights.c.dismissed_as, func.count())
        .where(insights.c.workspace_id == workspace_id, _PUT)
        .group_by(insights.c.rule, _BECAME, insights.c.dismissed_as)
    )
    if person_id is not None:
        query = query.where(insights.c.person_id == person_id)
    if rule is not None:
        query = query.where(insights.c.rule == rule)
    if since is not None:
        query = query.where(insights.c.created_at > since)
    counts: dict[str, Counter[InsightState]] = defaultdict(Counter)
    dismissed_as: dict[str, dict[Dismissed, int]] = defaultdict(dict)
    for its_rule, state, why, count in await tx.execute(query):
        counts[its_rule][InsightState(state)] += count
        if state == InsightState.DISMISSED.value and why is not None:
            dismissed_as[its_rule][Dismissed(why)] = count
    return {
        its_rule: Outcomes(
            told=its.total(),
            done=its[InsightState.TAKEN],
            dismissed=its[InsightState.DISMISSED],
            dismissed_as=dismissed_as[its_rule],
            muted=its[InsightState.MUTED],
            resolved=its[InsightState.RESOLVED],
            expired=its[InsightState.EXPIRED],
        )
        for its_rule, its in sorted(counts.items())
    }
