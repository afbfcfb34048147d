"""Whether to go on with a kind of advice that nobody answers: what was asked, and the answer."""

from datetime import datetime

from sqlalchemy import delete, update

from coach.history import ANSWERED
from coach.models import InsightState
from storage.database import Tx, add_new
from storage.tables import insights, mutes


async def fall_silent(
    tx: Tx, workspace_id: str, person_id: str, rule: str, name: str, now: datetime
) -> None:
    """Say nothing more of this kind until the person wants to hear of it again."""
    row = {
        "workspace_id": workspace_id,
        "person_id": person_id,
        "what": f"rule:{rule}",
        "name": name,
        "until": None,
        "created_at": now,
    }
    await add_new(tx, mutes, [row])


async def go_on(tx: Tx, workspace_id: str, person_id: str, rule: str) -> None:
    """The person wants to hear of it: what went unanswered until now counts no more."""
    await tx.execute(
        delete(mutes).where(
            mutes.c.workspace_id == workspace_id,
            mutes.c.person_id == person_id,
            mutes.c.what == f"rule:{rule}",
        )
    )
    await tx.execute(
        update(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.rule == rule,
            insights.c.said_at.is_not(None),
            insights.c.state.in_([InsightState.OPEN.value, InsightState.EXPIRED.value]),
        )
        .values(said_by=ANSWERED)
    )
