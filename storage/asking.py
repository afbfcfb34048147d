"""Whether to go on with a kind of advice that nobody answers: what was asked, and the answer."""

from datetime import datetime

from sqlalchemy import update

from coach.history import ANSWERED
from coach.models import InsightState
from coach.muting import KIND
from storage import mutes
from storage.database import Tx
from storage.mutes import Muted
from storage.tables import insights


async def fall_silent(tx: Tx, workspace_id: str, person_id: str, rule: str, now: datetime) -> None:
    """Say nothing more of this kind until the person wants to hear of it again."""
    await mutes.add(tx, workspace_id, person_id, Muted(f"{KIND}{rule}", "", None, now))


async def go_on(tx: Tx, workspace_id: str, person_id: str, rule: str) -> None:
    """The person wants to hear of it: what went unanswered until now counts no more."""
    await tx.execute(
        update(insights)
        .where(
            insights.c.workspace_id == workspace_id,
            insights.c.person_id == person_id,
            insights.c.rule == rule,
            insights.c.said_at.is_not(None),
            insights.c.state.in_([InsightState.OPEN.value, InsightState.EXPIRED.value]),
        )
        .values(said_by=ANSWERED, sayings=None)
    )
