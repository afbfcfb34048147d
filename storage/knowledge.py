"""What rules ask to be shown besides the thing itself, for many people at once."""

from collections.abc import Collection

from sqlalchemy import Float, cast, func, select

from coach.models import SubjectKind, Task
from storage import mirror
from storage.database import Tx, chunks
from storage.tables import OPEN_DEAL, PENDING_TASK, deals, tasks


async def large_values(tx: Tx, workspace_id: str, person_ids: Collection[str]) -> dict[str, float]:
    """From which value a deal is in the top tenth of each person's open deals (ten at least)."""
    amount = cast(deals.c.value, Float)
    limits: dict[str, float] = {}
    for piece in chunks(sorted(person_ids)):
        ranked = (
            select(
                deals.c.person_id,
                amount.label("amount"),
                func.row_number()
                .over(partition_by=deals.c.person_id, order_by=amount.desc())
                .label("place"),
                func.count().over(partition_by=deals.c.person_id).label("total"),
            )
            .where(
                deals.c.workspace_id == workspace_id,
                deals.c.person_id.in_(piece),
                deals.c.value.is_not(None),
                OPEN_DEAL,
            )
            .subquery()
        )
        query = (
            select(ranked.c.person_id, func.min(ranked.c.amount))
            .where(ranked.c.total >= 10, ranked.c.place * 10 <= ranked.c.total)
            .group_by(ranked.c.person_id)
        )
        limits.update({row[0]: row[1] for row in await tx.execute(query)})
    return limits


async def pressing_tasks(
    tx: Tx, workspace_id: str, person_ids: Collection[str]
) -> dict[str, list[Task]]:
    """Each person's few most pressing tasks: high and urgent, earliest due first."""
    found: dict[str, list[Task]] = {}
    for piece in chunks(sorted(person_ids)):
        place = (
            func.row_number()
            .over(
                partition_by=tasks.c.person_id,
                order_by=(tasks.c.due_date.is_(None), tasks.c.due_date, tasks.c.id),
            )
            .label("place")
        )
        ranked = (
            select(*mirror.columns(SubjectKind.TASK), place)
            .where(
                tasks.c.workspace_id == workspace_id,
                tasks.c.person_id.in_(piece),
                tasks.c.priority.in_(["high", "urgent"]),
                PENDING_TASK,
            )
            .subquery()
        )
        names = ["workspace_id", *mirror.FIELDS[SubjectKind.TASK]]
        # A batch may complete several of them before the next is named.
        query = select(*(ranked.c[name] for name in names)).where(ranked.c.place <= 50)
        for row in await tx.execute(query):
            task = mirror.from_row(SubjectKind.TASK, row)
            if isinstance(task, Task):
                found.setdefault(task.person_id or "", []).append(task)
    return found
