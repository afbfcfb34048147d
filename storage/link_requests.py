"""Requests to be recognised as an owner of a CRM, decided by the administrator."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from coach.events import OwnerKey
from storage.database import Tx
from storage.tables import link_requests


class LinkRequest(NamedTuple):
    """One request."""

    workspace_id: str
    id: str
    person_id: str
    connection_id: str
    owner_key: str
    state: str

    @property
    def key(self) -> OwnerKey:
        """By which the owner is known."""
        return OwnerKey(self.connection_id, self.owner_key)


_COLUMNS = [link_requests.c[name] for name in LinkRequest._fields]


async def add(tx: Tx, request: LinkRequest, now: datetime) -> None:
    """Store a new request."""
    await tx.execute(link_requests.insert().values(**request._asdict(), created_at=now))


async def get(tx: Tx, workspace_id: str, id: str) -> LinkRequest | None:
    """One request."""
    query = select(*_COLUMNS).where(
        link_requests.c.workspace_id == workspace_id, link_requests.c.id == id
    )
    row = (await tx.execute(query)).first()
    return LinkRequest(*row) if row else None


async def has_open(tx: Tx, workspace_id: str, person_id: str) -> bool:
    """Whether a request of this person is undecided."""
    query = select(link_requests.c.id).where(
        link_requests.c.workspace_id == workspace_id,
        link_requests.c.person_id == person_id,
        link_requests.c.state == "asked",
    )
    return (await tx.execute(query.limit(1))).first() is not None


async def decide(
    tx: Tx, workspace_id: str, id: str, *, state: str, by: str, now: datetime
) -> LinkRequest | None:
    """Confirm or refuse a request that is still open; `None` when it was decided before."""
    query = (
        update(link_requests)
        .where(
            link_requests.c.workspace_id == workspace_id,
            link_requests.c.id == id,
            link_requests.c.state == "asked",
        )
        .values(state=state, decided_at=now, decided_by=by)
        .returning(*_COLUMNS)
    )
    row = (await tx.execute(query)).first()
    return LinkRequest(*row) if row else None
