"""All that is stored of one person: to be given to them, and to be deleted."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, delete, func, select, tuple_, update

from coach.models import Verb
from storage import tables
from storage.connections import token_hash
from storage.database import Tx, put

#: Rows that are read at once.
PAGE = 500

#: What is of no meaning to anybody but the coach itself.
_INNER = frozenset({"workspace_id", "fence", "leased_until", "told", "lookup_after", "decide_at"})

#: What is kept of a person, by the name it has in the file.
KEPT: dict[str, Table] = {
    "person": tables.people,
    "owners": tables.owners,
    "mutes": tables.mutes,
    "link_requests": tables.link_requests,
    "insights": tables.insights,
    "decisions": tables.decisions,
    "messages": tables.messages,
    "changes": tables.crm_writes,
    "activities": tables.activities,
    "contacts_made": tables.contacts_made,
    "patterns": tables.patterns,
    "deals": tables.deals,
    "contacts": tables.contacts,
    "tasks": tables.tasks,
}


#: In the place of the message that tells of a change: its person wants to hear of nothing.
FORGOTTEN = "forgotten"


class Link(NamedTuple):
    """Whose data a link gives."""

    workspace_id: str
    person_id: str


async def offer(tx: Tx, link: Link, secret: str, until: datetime) -> None:
    """Let this secret give a person's data once, until then; one before it gives nothing more."""
    row = {
        "workspace_id": link.workspace_id,
        "person_id": link.person_id,
        "link_hash": token_hash(secret),
        "expires_at": until,
    }
    await put(tx, tables.exports, [row])


async def is_good(tx: Tx, secret: str, now: datetime) -> bool:
    """Whether a secret gives anything now."""
    query = select(tables.exports.c.person_id).where(*_good(secret, now))
    return (await tx.execute(query)).first() is not None


async def use(tx: Tx, secret: str, now: datetime) -> Link | None:
    """Use a secret up: of several who have it, one gets the data; `None` for all others."""
    query = (
        delete(tables.exports)
        .where(*_good(secret, now))
        .returning(tables.exports.c.workspace_id, tables.exports.c.person_id)
    )
    row = (await tx.execute(query)).first()
    return Link(*row) if row else None


def _good(secret: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        tables.exports.c.link_hash == token_hash(secret),
        tables.exports.c.expires_at > now,
    )


async def rows(tx: Tx, table: Table, whose: Link) -> AsyncIterator[dict[str, Any]]:
    """Everything of this table that is the person's, in the order of its key."""
    key = list(table.primary_key)
    mine = table.c.id if table is tables.people else table.c.person_id
    query = (
        select(table)
        .where(table.c.workspace_id == whose.workspace_id, mine == whose.person_id)
        .order_by(*key)
        .limit(PAGE)
    )
    last: tuple[Any, ...] | None = None
    while True:
        page = query if last is None else query.where(tuple_(*key) > last)
        found = (await tx.execute(page)).mappings().all()
        for row in found:
            yield {name: value for name, value in row.items() if name not in _INNER}
        if len(found) < PAGE:
            return
        last = tuple(found[-1][column.name] for column in key)


#: What is deleted of a person who wants to be forgotten.
_FORGOTTEN = (
    tables.messages,
    tables.insights,
    tables.decisions,
    tables.mutes,
    tables.link_requests,
    tables.patterns,
    tables.exports,
)


async def forget(tx: Tx, whose: Link) -> int:
    """Delete what the coach has said to a person, what they did and set; returns how many rows.

    What the CRM says of their deals, contacts and tasks stays, with them as its owner, and so does
    what is still on its way there; that they are not to be written to is kept as well. The caller
    holds the workspace's lock, and has noted their turn.
    """
    count = 0
    for table in _FORGOTTEN:
        count += await _delete(tx, table, whose)
    count += await _delete(
        tx, tables.activities, whose, tables.activities.c.verb == Verb.COMMAND_USED.value
    )
    # Nobody is written to about what is still on its way.
    await tx.execute(
        update(tables.crm_writes)
        .where(
            tables.crm_writes.c.workspace_id == whose.workspace_id,
            tables.crm_writes.c.person_id == whose.person_id,
        )
        .values(told_in=FORGOTTEN)
    )
    return count + await _delete(
        tx, tables.crm_writes, whose, tables.crm_writes.c.state != "queued"
    )


async def _delete(tx: Tx, table: Table, whose: Link, *more: ColumnElement[bool]) -> int:
    """Delete what is theirs in a table; returns how many rows, which not every driver counts."""
    mine = (
        table.c.workspace_id == whose.workspace_id,
        table.c.person_id == whose.person_id,
        *more,
    )
    count = (await tx.execute(select(func.count()).select_from(table).where(*mine))).scalar_one()
    await tx.execute(delete(table).where(*mine))
    return int(count)
