"""How soon the leads that were won had been contacted."""

from sqlalchemy import bindparam, func, select

from coach.models import DealStatus
from coach.usual import Wait
from storage.database import Tx
from storage.prepared import Prepared
from storage.tables import contacts, contacts_made, deals

_WON = (
    select(deals.c.id)
    .where(
        deals.c.workspace_id == contacts.c.workspace_id,
        deals.c.connection_id == contacts.c.connection_id,
        deals.c.contact_id == contacts.c.id,
        deals.c.contact_id.is_not(None),
        deals.c.status == DealStatus.WON.value,
        ~deals.c.deleted,
    )
    .exists()
)

_WAITED = Prepared(
    select(
        contacts.c.created_at,
        func.min(contacts_made.c.at).label("contacted_at"),
        contacts.c.person_id,
    )
    .join(
        contacts_made,
        (contacts_made.c.workspace_id == contacts.c.workspace_id)
        & (contacts_made.c.connection_id == contacts.c.connection_id)
        & (contacts_made.c.contact_id == contacts.c.id),
    )
    .where(
        contacts.c.workspace_id == bindparam("workspace"),
        contacts.c.created_at.is_not(None),
        contacts.c.person_id.is_not(None),
        ~contacts.c.deleted,
        _WON,
    )
    .group_by(contacts.c.connection_id, contacts.c.id, contacts.c.created_at, contacts.c.person_id)
)


async def waits(tx: Tx, workspace_id: str) -> list[Wait]:
    """How long the leads that were won had waited until they were first contacted.

    Those are contacts of whom a deal was won, and of whom both moments are known, and whose they
    are.
    """
    rows = await _WAITED.rows(tx, {"workspace": workspace_id})
    return [Wait(row.person_id, row.created_at, row.contacted_at) for row in rows]
