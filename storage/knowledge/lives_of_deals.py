"""What is known to have happened with each deal that is asked about, and with whom it is with.

An edit is none of it: nobody knows whether a person made it. Nor does a deal come to life because
nobody knows of any contact: of such a deal nothing is said.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import bindparam, case, func, select

from coach.keys import subject_key
from coach.knowledge import Life
from coach.models import CONTACT_VERBS, Contact, Deal, SubjectKind, Verb
from storage import mirror
from storage.among import among, texts
from storage.database import Tx
from storage.loader import Asked, Loader
from storage.prepared import Prepared
from storage.tables import activities, tasks

#: What happened to a deal itself, other than that somebody was in touch.
_MOVES = frozenset(
    {
        *(Verb.DEAL_CREATED, Verb.DEAL_STAGE_CHANGED, Verb.DEAL_REOPENED),
        *(Verb.DEAL_AMOUNT_CHANGED, Verb.DEAL_OWNER_CHANGED, Verb.TASK_COMPLETED),
    }
)
_TOUCHES = sorted(CONTACT_VERBS)

_HAPPENED = Prepared(
    select(
        activities.c.deal_id,
        func.max(case((activities.c.verb.in_(_TOUCHES), activities.c.occurred_at))),
        func.max(activities.c.occurred_at),
    )
    .where(
        activities.c.workspace_id == bindparam("workspace"),
        activities.c.connection_id == bindparam("connection"),
        among(activities.c.deal_id, texts("deals")),
        activities.c.deal_id.is_not(None),
        activities.c.verb.in_(sorted({*_TOUCHES, *_MOVES})),
    )
    .group_by(activities.c.deal_id)
)
_DONE = Prepared(
    select(tasks.c.deal_id, func.max(tasks.c.completed_at).label("done_at"))
    .where(
        tasks.c.workspace_id == bindparam("workspace"),
        tasks.c.connection_id == bindparam("connection"),
        among(tasks.c.deal_id, texts("deals")),
        tasks.c.deal_id.is_not(None),
        ~tasks.c.deleted,
    )
    .group_by(tasks.c.deal_id)
)


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, Life]]:
    """By deal, the same for everybody."""
    wanted: dict[str, dict[str, Deal]] = {}
    for each in asked.subjects:
        if isinstance(each, Deal):
            wanted.setdefault(each.connection_id, {})[each.id] = each
    found: dict[str, Life] = {}
    for connection_id, deals in wanted.items():
        given = {
            "workspace": asked.workspace_id,
            "connection": connection_id,
            "deals": sorted(deals),
        }
        happened = {id: (touch, last) for id, touch, last in await _HAPPENED.rows(tx, given)}
        done = {row.deal_id: row.done_at for row in await _DONE.rows(tx, given)}
        with_ = {deal.contact_id for deal in deals.values() if deal.contact_id}
        contacts = await mirror.load(
            tx, SubjectKind.CONTACT, asked.workspace_id, connection_id, with_
        )
        for id, deal in deals.items():
            touch, last = happened.get(id, (None, None))
            contact = contacts.get(deal.contact_id or "")
            spoken = contact.last_contacted_at if isinstance(contact, Contact) else None
            contacted = _latest((touch, spoken))
            if contacted is not None:
                moments = (contacted, last, done.get(id), deal.stage_since, deal.created_at)
                found[subject_key(deal)] = Life(contacted, _latest(moments) or contacted)
    return dict.fromkeys(asked.people, found) if found else {}


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((each for each in moments if each is not None), default=None)


LOADER = Loader(find)
