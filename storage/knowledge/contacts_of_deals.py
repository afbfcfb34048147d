"""Whom each deal that is asked about is with, where the mirror knows them."""

from coach.keys import subject_key
from coach.models import Contact, Deal, SubjectKind
from storage import mirror
from storage.database import Tx
from storage.loader import Asked, Loader


async def find(tx: Tx, asked: Asked) -> dict[str, dict[str, Contact]]:
    """By deal, the same for everybody; one without a contact is left out."""
    deals = [each for each in asked.subjects if isinstance(each, Deal) and each.contact_id]
    wanted: dict[str, set[str]] = {}
    for deal in deals:
        wanted.setdefault(deal.connection_id, set()).add(deal.contact_id or "")
    known: dict[tuple[str, str | None], Contact] = {}
    for connection_id, ids in wanted.items():
        loaded = await mirror.load(tx, SubjectKind.CONTACT, asked.workspace_id, connection_id, ids)
        for id, contact in loaded.items():
            if isinstance(contact, Contact) and not contact.deleted:
                known[connection_id, id] = contact
    found = {
        subject_key(deal): known[deal.connection_id, deal.contact_id]
        for deal in deals
        if (deal.connection_id, deal.contact_id) in known
    }
    return dict.fromkeys(asked.people, found) if found else {}


LOADER = Loader(find)
