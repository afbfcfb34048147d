"""Activities: everything that happened, each once, and what can be asked about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from coach.models import CONTACT_VERBS, Origin, Verb
from storage.database import Tx, add_new, chunks
from storage.tables import activities, contacts_made

#: Where `/coach` commands come from, in the place of a connection.
SLACK = "slack"


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One activity as stored: ids instead of things."""

    connection_id: str
    dedupe_key: str
    verb: Verb
    occurred_at: datetime
    recorded_at: datetime
    person_id: str | None = None
    deal_id: str | None = None
    contact_id: str | None = None
    task_id: str | None = None
    origin: Origin = Origin.API
    #: What changed: {field: [before, after]}, in JSON values.
    changes: dict[str, list[Any]] = field(default_factory=dict)
    delivery_id: str | None = None


async def unknown(tx: Tx, workspace_id: str, connection_id: str, keys: Sequence[str]) -> set[str]:
    """Which of these events have not been recorded yet."""
    missing = set(keys)
    for piece in chunks(sorted(missing)):
        query = select(activities.c.dedupe_key).where(
            activities.c.workspace_id == workspace_id,
            activities.c.connection_id == connection_id,
            activities.c.dedupe_key.in_(piece),
        )
        missing.difference_update((await tx.execute(query)).scalars())
    return missing


async def record(tx: Tx, workspace_id: str, rows: Sequence[ActivityRow]) -> None:
    """Store activities; one whose key is known already stays as it is. Keeps contacts made."""
    if not rows:
        return
    values = [
        {
            "workspace_id": workspace_id,
            "connection_id": row.connection_id,
            "dedupe_key": row.dedupe_key,
            "verb": row.verb.value,
            "occurred_at": row.occurred_at,
            "recorded_at": row.recorded_at,
            "person_id": row.person_id,
            "deal_id": row.deal_id,
            "contact_id": row.contact_id,
            "task_id": row.task_id,
            "origin": row.origin.value,
            "changes": row.changes,
            "delivery_id": row.delivery_id,
        }
        for row in rows
    ]
    await add_new(tx, activities, values)
    made = [
        {
            "workspace_id": workspace_id,
            "connection_id": row.connection_id,
            "contact_id": row.contact_id,
            "at": row.occurred_at,
            "verb": row.verb.value,
            "person_id": row.person_id,
        }
        for row in rows
        if row.verb in CONTACT_VERBS and row.contact_id
    ]
    await add_new(tx, contacts_made, made)


async def recent(
    tx: Tx, workspace_id: str, *, person_id: str | None = None, most: int = 50
) -> list[ActivityRow]:
    """The latest activities of a workspace or of one person, newest first."""
    names = list(ActivityRow.__slots__)
    query = (
        select(*(activities.c[name] for name in names))
        .where(activities.c.workspace_id == workspace_id)
        .order_by(activities.c.occurred_at.desc(), activities.c.dedupe_key)
        .limit(most)
    )
    if person_id is not None:
        query = query.where(activities.c.person_id == person_id)
    found = []
    for row in await tx.execute(query):
        values = dict(zip(names, row, strict=True))
        values["verb"], values["origin"] = Verb(values["verb"]), Origin(values["origin"])
        found.append(ActivityRow(**values))
    return found


async def counts_by_verb(
    tx: Tx, workspace_id: str, *, now: datetime, days: int, person_id: str | None = None
) -> dict[Verb, int]:
    """How often each thing happened in the last `days` days, most frequent first."""
    count = func.count()
    query = (
        select(activities.c.verb, count)
        .where(
            activities.c.workspace_id == workspace_id,
            activities.c.occurred_at > now - timedelta(days=days),
            activities.c.occurred_at <= now,
        )
        .group_by(activities.c.verb)
        .order_by(count.desc(), activities.c.verb)
    )
    if person_id is not None:
        query = query.where(activities.c.person_id == person_id)
    return {Verb(row[0]): row[1] for row in await tx.execute(query)}
