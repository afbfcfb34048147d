"""What the owners that CRMs name have, and what waits for them."""

from collections import Counter
from typing import NamedTuple

from sqlalchemy import ColumnElement, Table, TextClause, func, select

from coach.events import OwnerKey
from coach.models import Person
from storage import people
from storage.database import Tx
from storage.tables import (
    OPEN_DEAL,
    OPEN_INSIGHT,
    PENDING_TASK,
    contacts,
    deals,
    insights,
    owners,
    tasks,
)


class Owned(NamedTuple):
    """One owner with all keys, and how many open things belong to them."""

    person: Person
    keys: list[OwnerKey]
    #: Names that others bear as well.
    shared: list[OwnerKey]
    deals: int
    tasks: int
    leads: int
    insights: int


async def every(tx: Tx, workspace_id: str) -> list[Owned]:
    """Every owner, first those nobody in Slack is, each group by name."""
    query = (
        select(owners.c.person_id, owners.c.connection_id, owners.c.owner_key)
        .where(owners.c.workspace_id == workspace_id)
        .order_by(owners.c.owner_key, owners.c.connection_id)
    )
    keys: dict[str, list[OwnerKey]] = {}
    for person_id, connection_id, key in await tx.execute(query):
        keys.setdefault(person_id, []).append(OwnerKey(connection_id, key))
    borne = Counter(key for held in keys.values() for key in held)
    counts = [
        await _counts(tx, workspace_id, table, live)
        for table, live in (
            (deals, OPEN_DEAL),
            (tasks, PENDING_TASK),
            (contacts, contacts.c.is_lead & ~contacts.c.deleted),
            (insights, OPEN_INSIGHT),
        )
    ]
    found = [
        Owned(
            person,
            keys[person.id],
            [key for key in keys[person.id] if borne[key] > 1],
            *(count.get(person.id, 0) for count in counts),
        )
        for person in (await people.load(tx, workspace_id, keys)).values()
    ]
    return sorted(
        found,
        key=lambda each: (each.person.slack_user_id is not None, each.person.name, each.person.id),
    )


async def _counts(
    tx: Tx, workspace_id: str, table: Table, live: TextClause | ColumnElement[bool]
) -> dict[str, int]:
    query = (
        select(table.c.person_id, func.count())
        .where(table.c.workspace_id == workspace_id, table.c.person_id.is_not(None), live)
        .group_by(table.c.person_id)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}
