"""What people are shown in lists and screens: their own deals and tasks."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import Float, cast, select

from coach.models import Deal, SubjectKind, Task
from storage import mirror
from storage.database import Tx
from storage.tables import OPEN_DEAL, PENDING_TASK, deals, tasks


async def tasks_of(
    tx: Tx, workspace_id: str, person_id: str, *, due_before: date | None = None, most: int = 100
) -> list[Task]:
    """A person's pending tasks, earliest due first and undated last."""
    query = (
        select(*mirror.columns(SubjectKind.TASK))
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.person_id == person_id,
            PENDING_TASK,
        )
        .order_by(tasks.c.due_date.is_(None), tasks.c.due_date, tasks.c.id)
        .limit(most)
    )
    if due_before is not None:
        query = query.where(tasks.c.due_date < due_before)
    rows = [mirror.from_row(SubjectKind.TASK, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Task)]


async def tasks_by_id(tx: Tx, workspace_id: str, ids: Collection[str]) -> list[Task]:
    """Tasks by id, in whichever connection, done or not."""
    if not ids:
        return []
    query = select(*mirror.columns(SubjectKind.TASK)).where(
        tasks.c.workspace_id == workspace_id, tasks.c.id.in_(sorted(ids))
    )
    rows = [mirror.from_row(SubjectKind.TASK, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Task)]


async def deals_of(tx: Tx, workspace_id: str, person_id: str, most: int = 100) -> list[Deal]:
    """A person's open deals, largest first."""
    query = (
        select(*mirror.columns(SubjectKind.DEAL))
        .where(
            deals.c.workspace_id == workspace_id,
            deals.c.person_id == person_id,
            OPEN_DEAL,
        )
        .order_by(deals.c.value.is_(None), cast(deals.c.value, Float).desc(), deals.c.id)
        .limit(most)
    )
    rows = [mirror.from_row(SubjectKind.DEAL, row) for row in await tx.execute(query)]
    return [row for row in rows if isinstance(row, Deal)]
