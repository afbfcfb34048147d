"""The tasks of each deal that is asked about, whoever's they are, done or not."""

from sqlalchemy import bindparam, select

from coach.keys import subject_key
from coach.models import Deal, SubjectKind, Task
from storage import mirror
from storage.among import among, texts
from storage.database import Tx
from storage.loader import Asked, Loader
from storage.prepared import Prepared
from storage.tables import tasks

_OF_DEALS = Prepared(
    select(*mirror.columns(SubjectKind.TASK))
    .where(
        tasks.c.workspace_id == bindparam("workspace"),
        tasks.c.connection_id == bindparam("connection"),
        among(tasks.c.deal_id, texts("deals")),
        ~tasks.c.deleted,
    )
    .order_by(tasks.c.created_at, tasks.c.id)
)


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, list[Task]]]:
    """By deal, the same for everybody: a task of the deal's is one whoever is to do it."""
    wanted: dict[str, dict[str, Deal]] = {}
    for each in asked.subjects:
        if isinstance(each, Deal):
            wanted.setdefault(each.connection_id, {})[each.id] = each
    found: dict[str, list[Task]] = {}
    for connection_id, deals in wanted.items():
        given = {
            "workspace": asked.workspace_id,
            "connection": connection_id,
            "deals": sorted(deals),
        }
        for row in await _OF_DEALS.rows(tx, given):
            task = mirror.from_row(SubjectKind.TASK, row)
            if isinstance(task, Task) and task.deal_id in deals:
                found.setdefault(subject_key(deals[task.deal_id]), []).append(task)
    return dict.fromkeys(asked.people, found) if found else {}


LOADER = Loader(find)
