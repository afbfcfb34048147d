"""What can be taken back for a while: until when, the claim of who takes it back, and its end."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update

from coach.models import Dismissed, Insight, InsightState
from coach.phrases import Phrase
from storage import deciding, messages
from storage.columns import UtcDateTime
from storage.database import Tx, add_new
from storage.insights import from_row, one
from storage.prepared import Prepared
from storage.tables import decisions, insights

#: How long something can be taken back.
WITHIN = timedelta(minutes=10)

_NOW = bindparam("_now", type_=UtcDateTime)


async def allow(tx: Tx, workspace_id: str, fingerprint: str, until: datetime) -> None:
    """Let what was decided, or done from an insight, be taken back until then."""
    await tx.execute(
        update(insights).where(one(workspace_id, fingerprint)).values(undo_until=until)
    )


async def explain(
    tx: Tx, workspace_id: str, fingerprint: str, why: Dismissed, now: datetime
) -> Insight | None:
    """Note why an insight was sent away; `None` when it was not, was explained, or it is too late.

    From then on it can be taken back anew.
    """
    query = (
        update(insights)
        .where(
            one(workspace_id, fingerprint),
            insights.c.state == InsightState.DISMISSED.value,
            insights.c.dismissed_as.is_(None),
            insights.c.undo_until > now,
        )
        .values(dismissed_as=why.value, undo_until=now + WITHIN)
        .returning(insights)
    )
    row = (await tx.execute(query)).first()
    return from_row(row) if row else None


async def tell(tx: Tx, workspace_id: str, fingerprint: str, said: Phrase) -> None:
    """Have the messages of an insight say what has come of it."""
    await tx.execute(update(insights).where(one(workspace_id, fingerprint)).values(outcome=said))
    await messages.changed(tx, workspace_id, [fingerprint])


async def claim(tx: Tx, workspace_id: str, fingerprint: str, now: datetime) -> Insight | None:
    """Take back what was decided: once, and while that is possible; `None` when it is not."""
    query = (
        update(insights)
        .where(one(workspace_id, fingerprint), insights.c.undo_until > now)
        .values(undo_until=None)
        .returning(insights)
    )
    row = (await tx.execute(query)).first()
    return from_row(row) if row else None


async def reopen(
    tx: Tx,
    insight: Insight,
    outcome: Phrase | None,
    now: datetime,
    **values: Any,
) -> None:
    """Let an insight that was claimed be open once more, or expired if its time is up.

    Kept in the history; its messages are drawn again. Its person's turn is noted before.
    """
    in_time = values.get("expires_at", insight.expires_at) > now
    state = InsightState.OPEN if in_time else InsightState.EXPIRED
    row = {
        "workspace_id": insight.workspace_id,
        "fingerprint": insight.fingerprint,
        "at": now,
        "decision": "undone",
        "person_id": insight.person_id,
    }
    await tx.execute(
        update(insights)
        .where(one(insight.workspace_id, insight.fingerprint))
        .values(
            state=state.value,
            outcome=outcome,
            decided_at=None if in_time else now,
            dismissed_as=None,
            **values,
        )
    )
    await add_new(tx, decisions, [row])
    await messages.changed(tx, insight.workspace_id, [insight.fingerprint])


_ANY = Prepared(select(insights.c.fingerprint).where(insights.c.undo_until <= _NOW).limit(1))
_OVER = Prepared(
    select(insights.c.workspace_id, insights.c.person_id, insights.c.fingerprint).where(
        insights.c.undo_until <= _NOW
    )
)


async def any_over(tx: Tx, now: datetime) -> bool:
    """Whether the time to take something back is up."""
    return await _ANY.first(tx, {"_now": now}) is not None


async def end(tx: Tx, now: datetime) -> int:
    """Have messages drawn without their Undo where its time is up; returns of how many insights.

    Those of people whom another is busy with wait for the next time.
    """
    found: dict[str, dict[str, str]] = {}
    for workspace_id, person_id, print_ in await _OVER.rows(tx, {"_now": now}):
        found.setdefault(workspace_id, {})[print_] = person_id
    count = 0
    for workspace_id, owners in found.items():
        free = await deciding.free_of(tx, workspace_id, owners.values())
        await deciding.reconsider(tx, workspace_id, free, now)
        theirs = sorted(print_ for print_, person_id in owners.items() if person_id in free)
        for print_ in theirs:
            await tx.execute(
                update(insights)
                .where(one(workspace_id, print_), insights.c.undo_until <= now)
                .values(undo_until=None)
            )
        await messages.changed(tx, workspace_id, theirs)
        count += len(theirs)
    return count
