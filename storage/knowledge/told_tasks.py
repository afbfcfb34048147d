"""The tasks of which a message that time has brought speaks now, or in a moment."""

from sqlalchemy import bindparam, select

from coach.keys import key_of
from coach.models import About, InsightType, SubjectKind, Task
from coach.verdicts import Verdict
from storage.among import among, texts
from storage.database import Tx
from storage.loader import Asked, Loader
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, insight_subjects, insights

_TOLD = Prepared(
    select(insights.c.person_id, insight_subjects.c.connection_id, insight_subjects.c.subject_id)
    .join(
        insight_subjects,
        (insight_subjects.c.workspace_id == insights.c.workspace_id)
        & (insight_subjects.c.fingerprint == insights.c.fingerprint),
    )
    .where(
        OPEN_INSIGHT,
        insights.c.workspace_id == bindparam("workspace"),
        among(insights.c.person_id, texts("people")),
        insights.c.type == InsightType.TIME.value,
        # What was put off is not said, and what attention holds back for another reason neither.
        insights.c.snoozed_until.is_(None),
        insights.c.verdict == Verdict.NOW.value,
        insight_subjects.c.kind == SubjectKind.TASK.value,
        among(insight_subjects.c.subject_id, texts("tasks")),
    )
)


async def find(tx: Tx, asked: Asked) -> dict[str, set[str]]:
    """Those of each person, by `subject_key`."""
    tasks = sorted({each.id for each in asked.subjects if isinstance(each, Task)})
    if not tasks:
        return {}
    given = {"workspace": asked.workspace_id, "people": sorted(asked.people), "tasks": tasks}
    found: dict[str, set[str]] = {}
    for person_id, connection_id, id in await _TOLD.rows(tx, given):
        found.setdefault(person_id, set()).add(key_of(About(SubjectKind.TASK, connection_id, id)))
    return found


LOADER = Loader(find)
