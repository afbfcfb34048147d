"""Who administers the coach in a workspace, besides the one whom the operator or Slack names."""

from datetime import datetime

from sqlalchemy import delete, select

from storage.database import Tx, insert
from storage.tables import administrators

#: More than a team needs.
MOST = 20


async def of(tx: Tx, workspace_id: str) -> list[str]:
    """The Slack users, those who were named first before the others."""
    query = (
        select(administrators.c.slack_user_id)
        .where(administrators.c.workspace_id == workspace_id)
        .order_by(administrators.c.added_at, administrators.c.slack_user_id)
        .limit(MOST)
    )
    return list((await tx.execute(query)).scalars())


async def add(tx: Tx, workspace_id: str, slack_user_id: str, by: str, now: datetime) -> bool:
    """Name one more; says whether that is news."""
    made = await tx.execute(
        insert(tx, administrators)
        .values(workspace_id=workspace_id, slack_user_id=slack_user_id, added_by=by, added_at=now)
        .on_conflict_do_nothing(index_elements=list(administrators.primary_key))
        .returning(administrators.c.slack_user_id)
    )
    return made.first() is not None


async def remove(tx: Tx, workspace_id: str, slack_user_id: str) -> bool:
    """Name one no more; says whether they were named."""
    gone = await tx.execute(
        delete(administrators)
        .where(
            administrators.c.workspace_id == workspace_id,
            administrators.c.slack_user_id == slack_user_id,
        )
        .returning(administrators.c.slack_user_id)
    )
    return gone.first() is not None
