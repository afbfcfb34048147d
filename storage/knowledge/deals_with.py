"""What deals there are with each lead that is asked about, whoever's the deals are."""

from sqlalchemy import Float, bindparam, case, cast, func, select

from coach.keys import subject_key
from coach.knowledge import Dealings
from coach.models import Contact, DealStatus
from storage.among import among, texts
from storage.database import Tx
from storage.loader import Asked, Loader
from storage.prepared import Prepared
from storage.tables import deals

_OPEN = deals.c.status == DealStatus.OPEN.value
_LOST = deals.c.status == DealStatus.LOST.value

_OF_CONTACTS = Prepared(
    select(
        deals.c.contact_id,
        func.max(case((deals.c.status == DealStatus.WON.value, 1), else_=0)),
        func.max(case((_OPEN, cast(deals.c.value, Float)))),
        func.min(case((_OPEN, deals.c.expected_close_date))),
        func.min(case((_LOST, 1), else_=0)),
        func.max(case((_LOST, deals.c.closed_at))),
    )
    .where(
        deals.c.workspace_id == bindparam("workspace"),
        deals.c.connection_id == bindparam("connection"),
        among(deals.c.contact_id, texts("contacts")),
        ~deals.c.deleted,
    )
    .group_by(deals.c.contact_id)
)


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, Dealings]]:
    """By contact, the same for everybody; one without deals is left out."""
    wanted: dict[str, dict[str, Contact]] = {}
    for each in asked.subjects:
        if isinstance(each, Contact) and each.is_lead:
            wanted.setdefault(each.connection_id, {})[each.id] = each
    found: dict[str, Dealings] = {}
    for connection_id, contacts in wanted.items():
        given = {
            "workspace": asked.workspace_id,
            "connection": connection_id,
            "contacts": sorted(contacts),
        }
        for id, won, value, closes, lost, lost_at in await _OF_CONTACTS.rows(tx, given):
            found[subject_key(contacts[id])] = Dealings(
                bool(won), bool(lost), lost_at if lost else None, value, closes
            )
    return dict.fromkeys(asked.people, found) if found else {}


LOADER = Loader(find)
