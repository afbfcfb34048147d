"""A person's few most pressing tasks: pending, high and urgent, earliest due first.

What they have muted is none of them: nothing of it is said, so nothing of it is recommended.
"""

from sqlalchemy import func, select

from coach.models import SubjectKind, Task
from storage import mirror
from storage.database import Tx, chunks
from storage.loader import Asked, Loader
from storage.tables import PENDING_TASK, mutes, tasks

#: A batch may complete several of them before the next is named.
MOST = 50


#: Muted, be it until a moment ago: what is over is forgotten by the next tick.
_MUTED = (
    select(mutes.c.what)
    .where(
        mutes.c.workspace_id == tasks.c.workspace_id,
        mutes.c.person_id == tasks.c.person_id,
        mutes.c.what == "task:" + tasks.c.connection_id + ":" + tasks.c.id,
    )
    .exists()
)


async def find(tx: Tx, asked: Asked) -> dict[str, list[Task]]:
    """The tasks of each who has any."""
    found: dict[str, list[Task]] = {}
    for piece in chunks(sorted(asked.people)):
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
                tasks.c.workspace_id == asked.workspace_id,
                tasks.c.person_id.in_(piece),
                tasks.c.priority.in_(["high", "urgent"]),
                PENDING_TASK,
                ~_MUTED,
            )
            .subquery()
        )
        query = select(ranked).where(ranked.c.place <= MOST)
        for row in await tx.execute(query):
            task = mirror.from_row(SubjectKind.TASK, row[:-1])
            if isinstance(task, Task):
                found.setdefault(task.person_id or "", []).append(task)
    return found


LOADER = Loader(find)
