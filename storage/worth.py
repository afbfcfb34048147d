"""The money at stake in insights: what the deals they are about are worth now."""

from collections.abc import Collection

from sqlalchemy import Float, bindparam, cast, func, select, union

from coach.importance import Worth
from coach.keys import FINISHED
from coach.models import SubjectKind
from storage.among import among, texts
from storage.database import Tx
from storage.prepared import Prepared
from storage.tables import OPEN_DEAL, deals, insight_subjects, tasks

_about, _deal = insight_subjects, insight_subjects.alias("deal")
_ASKED = (
    _about.c.workspace_id == bindparam("workspace"),
    among(_about.c.fingerprint, texts("fingerprints")),
    # What was done has nothing at stake any more.
    _about.c.mark != FINISHED,
)
#: Of an insight about a deal that one counts, and not all the client's.
_OF_NO_DEAL = ~(
    select(_deal.c.subject_id)
    .where(
        _deal.c.workspace_id == _about.c.workspace_id,
        _deal.c.fingerprint == _about.c.fingerprint,
        _deal.c.kind == SubjectKind.DEAL.value,
    )
    .exists()
)
#: Each deal once: itself, the one a task belongs to, and the open ones with a contact.
_DEALS = union(
    select(
        _about.c.fingerprint, _about.c.connection_id, _about.c.subject_id.label("deal_id")
    ).where(*_ASKED, _about.c.kind == SubjectKind.DEAL.value),
    select(_about.c.fingerprint, tasks.c.connection_id, tasks.c.deal_id)
    .join(
        tasks,
        (tasks.c.workspace_id == _about.c.workspace_id)
        & (tasks.c.connection_id == _about.c.connection_id)
        & (tasks.c.id == _about.c.subject_id),
    )
    .where(
        *_ASKED,
        _about.c.kind == SubjectKind.TASK.value,
        tasks.c.deal_id.is_not(None),
        _OF_NO_DEAL,
    ),
    select(_about.c.fingerprint, deals.c.connection_id, deals.c.id)
    .join(
        deals,
        (deals.c.workspace_id == _about.c.workspace_id)
        & (deals.c.connection_id == _about.c.connection_id)
        & (deals.c.contact_id == _about.c.subject_id),
    )
    .where(*_ASKED, _about.c.kind == SubjectKind.CONTACT.value, OPEN_DEAL, _OF_NO_DEAL),
).subquery()
_WORTH = Prepared(
    select(
        _DEALS.c.fingerprint,
        deals.c.currency,
        func.sum(cast(deals.c.value, Float)),
    )
    .join(
        deals,
        (deals.c.connection_id == _DEALS.c.connection_id) & (deals.c.id == _DEALS.c.deal_id),
    )
    .where(
        deals.c.workspace_id == bindparam("workspace"),
        ~deals.c.deleted,
        deals.c.value.is_not(None),
    )
    .group_by(_DEALS.c.fingerprint, deals.c.currency)
)


async def of(tx: Tx, workspace_id: str, fingerprints: Collection[str]) -> dict[str, Worth]:
    """What is at stake in each of these; what is of several currencies is not told."""
    asked = {"workspace": workspace_id, "fingerprints": sorted(fingerprints)}
    found: dict[str, list[Worth]] = {}
    for print_, currency, amount in await _WORTH.rows(tx, asked):
        found.setdefault(print_, []).append(Worth(currency or "", amount))
    return {print_: each[0] for print_, each in found.items() if len(each) == 1}
