"""Activities: everything that happened, each once, and what can be asked about them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, tuple_, update

from coach.models import CONTACT_VERBS, Origin, SubjectKind, Verb
from coach.values import quick
from storage.among import among, texts
from storage.database import Tx, add_new, insert
from storage.prepared import Prepared
from storage.tables import activities, contacts_made

#: Where `/coach` commands come from, in the place of a connection.
SLACK = "slack"


@quick
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
    #: What else was told of it, in JSON values, as the CRM named it.
    details: dict[str, Any] | None = None
    #: Who did it, where that was told: `automation`, or a key that an owner is recognised by.
    actor: str | None = None


_KNOWN = Prepared(
    select(activities.c.dedupe_key).where(
        activities.c.workspace_id == bindparam("workspace"),
        activities.c.connection_id == bindparam("connection"),
        among(activities.c.dedupe_key, texts("keys")),
    )
)


async def unknown(tx: Tx, workspace_id: str, connection_id: str, keys: Sequence[str]) -> set[str]:
    """Which of these events have not been recorded yet."""
    asked = {"workspace": workspace_id, "connection": connection_id, "keys": list(keys)}
    return set(keys).difference(await _KNOWN.column(tx, asked))


async def record(tx: Tx, workspace_id: str, rows: Sequence[ActivityRow]) -> None:
    """Store activities; one whose key is known already stays as it is. Keeps contacts made."""
    if not rows:
        return
    await add_new(tx, activities, [_values(workspace_id, row) for row in rows])
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


async def record_first(tx: Tx, workspace_id: str, row: ActivityRow) -> bool:
    """Store an activity that makes no contact; `False` where its key is known already."""
    statement = insert(tx, activities).values(_values(workspace_id, row))
    made = await tx.execute(statement.on_conflict_do_nothing().returning(activities.c.dedupe_key))
    return made.first() is not None


def _values(workspace_id: str, row: ActivityRow) -> dict[str, object]:
    return {
        "workspace_id": workspace_id,
        "connection_id": row.connection_id,
        "dedupe_key": row.dedupe_key,
        "verb": str(row.verb),
        "occurred_at": row.occurred_at,
        "recorded_at": row.recorded_at,
        "person_id": row.person_id,
        "deal_id": row.deal_id,
        "contact_id": row.contact_id,
        "task_id": row.task_id,
        "origin": str(row.origin),
        "changes": row.changes,
        "delivery_id": row.delivery_id,
        "details": row.details,
        "actor": row.actor,
    }


#: What the key of an activity ends in that takes another back: that one's key and this.
UNDONE = ":undo"


async def undone(tx: Tx, workspace_id: str, rows: Sequence[ActivityRow]) -> set[str]:
    """The keys of those of these activities that were done by the coach and taken back since."""
    found: set[str] = set()
    for connection_id in {row.connection_id for row in rows}:
        keys = [row.dedupe_key for row in rows if row.connection_id == connection_id]
        back = [f"{key}{UNDONE}" for key in keys]
        unknown_ = await unknown(tx, workspace_id, connection_id, back)
        found |= {key for key in keys if f"{key}{UNDONE}" not in unknown_}
    return found


async def forget(tx: Tx, workspace_id: str, connection_id: str, dedupe_key: str) -> None:
    """Take an activity out of the record, and the contact made by it: it has not happened."""
    gone = await tx.execute(
        delete(activities)
        .where(
            activities.c.workspace_id == workspace_id,
            activities.c.connection_id == connection_id,
            activities.c.dedupe_key == dedupe_key,
        )
        .returning(activities.c.contact_id, activities.c.occurred_at, activities.c.verb)
    )
    for contact_id, at, verb in gone.all():
        await tx.execute(
            delete(contacts_made).where(
                contacts_made.c.workspace_id == workspace_id,
                contacts_made.c.connection_id == connection_id,
                contacts_made.c.contact_id == contact_id,
                contacts_made.c.at == at,
                contacts_made.c.verb == verb,
            )
        )


@dataclass(frozen=True, slots=True)
class Which:
    """Which activities are asked for; what is not said here does not matter.

    A thing's id is looked for in every connection unless `connection_id` says in which.
    """

    person_id: str | None = None
    verb: Verb | None = None
    thing: tuple[SubjectKind, str] | None = None
    connection_id: str | None = None
    #: Only what happened after this, and until `until`.
    since: datetime | None = None
    until: datetime | None = None
    #: Whether what people told the coach itself counts too.
    commands: bool = True

    def conditions(self, workspace_id: str) -> list[ColumnElement[bool]]:
        """The same for a query."""
        found = [activities.c.workspace_id == workspace_id]
        if self.person_id is not None:
            found.append(activities.c.person_id == self.person_id)
        if self.verb is not None:
            found.append(activities.c.verb == self.verb.value)
        if not self.commands:
            found.append(activities.c.verb != Verb.COMMAND_USED.value)
        if self.thing is not None:
            kind, id = self.thing
            found.append(activities.c[f"{kind.value}_id"] == id)
        if self.connection_id is not None:
            found.append(activities.c.connection_id == self.connection_id)
        if self.since is not None:
            found.append(activities.c.occurred_at > self.since)
        if self.until is not None:
            found.append(activities.c.occurred_at <= self.until)
        return found


ALL = Which()


async def rename(
    tx: Tx, workspace_id: str, connection_id: str, kind: SubjectKind, old: str, new: str
) -> None:
    """Have what was recorded of a thing under another id be about this one."""
    column = activities.c[f"{kind.value}_id"]
    await tx.execute(
        update(activities)
        .where(
            activities.c.workspace_id == workspace_id,
            activities.c.connection_id == connection_id,
            column == old,
            column.is_not(None),
        )
        .values({column.name: new})
    )


async def recent(
    tx: Tx,
    workspace_id: str,
    which: Which = ALL,
    *,
    after: ActivityRow | None = None,
    most: int = 100,
) -> list[ActivityRow]:
    """The latest activities, newest first; with `after` those that follow that one."""
    names = list(ActivityRow.__slots__)
    at, key = activities.c.occurred_at, (activities.c.connection_id, activities.c.dedupe_key)
    query = (
        select(*(activities.c[name] for name in names))
        .where(*which.conditions(workspace_id))
        .order_by(at.desc(), *key)
        .limit(most)
    )
    if after is not None:
        later = tuple_(*key) > tuple_(after.connection_id, after.dedupe_key)
        # Said twice, so that the index leads to the place: by the first condition alone.
        query = query.where(at <= after.occurred_at, or_(at < after.occurred_at, later))
    found = []
    for row in await tx.execute(query):
        values = dict(zip(names, row, strict=True))
        values["verb"], values["origin"] = Verb(values["verb"]), Origin(values["origin"])
        found.append(ActivityRow(**values))
    return found


async def counts_by_verb(
    tx: Tx, workspace_id: str, which: Which = ALL, *, now: datetime, days: int = 30
) -> dict[Verb, int]:
    """How often each thing happened in the last `days` days, most frequent first."""
    count = func.count()
    window = replace(which, since=now - timedelta(days=days), until=now)
    query = (
        select(activities.c.verb, count)
        .where(*window.conditions(workspace_id))
        .group_by(activities.c.verb)
        .order_by(count.desc(), activities.c.verb)
    )
    return {Verb(row[0]): row[1] for row in await tx.execute(query)}


async def counts_by_kind(
    tx: Tx, workspace_id: str, which: Which = ALL, *, now: datetime, days: int = 30
) -> dict[SubjectKind, int]:
    """How much happened to each kind of thing in the last `days` days; commands are to none."""
    counts = dict.fromkeys(SubjectKind, 0)
    for verb, count in (await counts_by_verb(tx, workspace_id, which, now=now, days=days)).items():
        if (kind := kind_of(verb)) is not None:
            counts[kind] += count
    return counts


def kind_of(verb: Verb) -> SubjectKind | None:
    """The kind of thing that something happens to; `None` for commands."""
    if verb in CONTACT_VERBS:
        return SubjectKind.CONTACT
    return next((kind for kind in SubjectKind if verb.value.startswith(f"{kind.value}_")), None)
