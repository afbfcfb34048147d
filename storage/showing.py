"""What `coach show` asks for: things, people, advice and messages page by page, and names."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, Table, func, literal, or_, select, tuple_

from coach.models import About, Insight, Person, Subject, SubjectKind
from coach.verdicts import Decided, Reason, Verdict
from storage import insights, messages, mirror, people
from storage.database import Tx
from storage.messages import Message
from storage.mirror import TABLES
from storage.tables import insights as insights_table
from storage.tables import messages as messages_table
from storage.tables import people as people_table

#: A thing by its kind, its connection and its id there.
Place = tuple[SubjectKind, str, str]

#: Stands for a creation nobody told the time of: such things come last.
UNTOLD = datetime(1970, 1, 1, tzinfo=UTC)


async def things(
    tx: Tx,
    kind: SubjectKind,
    workspace_id: str,
    *,
    person_id: str | None = None,
    since: datetime | None = None,
    after: Subject | None = None,
    most: int,
) -> list[Subject]:
    """Things that are in the CRM, the newest first; with `after` those that follow that one.

    `since` leaves only those created after it.
    """
    table = TABLES[kind]
    created = func.coalesce(table.c.created_at, literal(UNTOLD, table.c.created_at.type))
    key = (table.c.connection_id, table.c.id)
    query = (
        select(*mirror.columns(kind))
        .where(table.c.workspace_id == workspace_id, ~table.c.deleted)
        .order_by(created.desc(), *key)
        .limit(most)
    )
    if person_id is not None:
        query = query.where(table.c.person_id == person_id)
    if since is not None:
        query = query.where(table.c.created_at > since)
    if after is not None:
        at = after.created_at or UNTOLD
        later = tuple_(*key) > tuple_(after.connection_id, after.id)
        query = query.where(or_(created < at, (created == at) & later))
    return [mirror.from_row(kind, row) for row in await tx.execute(query)]


async def everybody(
    tx: Tx,
    workspace_id: str,
    *,
    person_id: str | None = None,
    since: datetime | None = None,
    after: Person | None = None,
    most: int,
) -> list[tuple[Person, datetime]]:
    """People with when each came to be known, by name; with `after` those that follow that one."""
    key = (people_table.c.name, people_table.c.id)
    query = (
        select(people_table.c.id, people_table.c.created_at)
        .where(people_table.c.workspace_id == workspace_id)
        .order_by(*key)
        .limit(most)
    )
    if person_id is not None:
        query = query.where(people_table.c.id == person_id)
    if since is not None:
        query = query.where(people_table.c.created_at > since)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(after.name, after.id))
    found = [(row[0], row[1]) for row in await tx.execute(query)]
    known = await people.load(tx, workspace_id, [id for id, _ in found])
    return [(known[id], at) for id, at in found]


async def by_places(tx: Tx, workspace_id: str, places: Iterable[Place]) -> dict[Place, Subject]:
    """Things of any kind and connection, a query for each of both; what is unknown is left out."""
    wanted: dict[tuple[SubjectKind, str], set[str]] = {}
    for kind, connection_id, id in places:
        wanted.setdefault((kind, connection_id), set()).add(id)
    found: dict[Place, Subject] = {}
    for (kind, connection_id), ids in wanted.items():
        known = await mirror.load(tx, kind, workspace_id, connection_id, ids)
        found.update({(kind, connection_id, id): subject for id, subject in known.items()})
    return found


async def with_address(tx: Tx, workspace_id: str, email: str) -> str | None:
    """The id of the person whom Slack or a CRM knows by this address."""
    query = (
        select(people_table.c.id)
        .where(
            people_table.c.workspace_id == workspace_id,
            func.lower(people_table.c.email) == email.strip().lower(),
        )
        .order_by(people_table.c.slack_user_id.is_(None), people_table.c.id)
        .limit(1)
    )
    return (await tx.execute(query)).scalar_one_or_none()


async def named(tx: Tx, workspace_id: str, name: str) -> list[str]:
    """The ids of the people who are called so, whatever the case of the letters."""
    query = select(people_table.c.id).where(
        people_table.c.workspace_id == workspace_id,
        func.lower(people_table.c.name) == name.strip().lower(),
    )
    return list((await tx.execute(query)).scalars())


@dataclass(frozen=True, slots=True)
class Advice:
    """An insight with the things it is about and attention's last word on it."""

    insight: Insight
    about: tuple[About, ...] = ()
    decided: Decided | None = None


async def advice(
    tx: Tx,
    workspace_id: str,
    *,
    person_id: str | None = None,
    since: datetime | None = None,
    after: Advice | None = None,
    most: int,
) -> list[Advice]:
    """Insights, the newest first; with `after` those that follow that one."""
    place = (after.insight.created_at, after.insight.fingerprint) if after else None
    query = _newest(insights_table, "fingerprint", workspace_id, person_id, since, place, most)
    rows = (await tx.execute(query)).all()
    about = await insights.subjects(tx, workspace_id, [row.fingerprint for row in rows])
    return [
        Advice(
            insights.from_row(row),
            about.get(row.fingerprint, ()),
            Decided(Verdict(row.verdict), Reason(row.verdict_reason), row.verdict_until)
            if row.verdict
            else None,
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Put:
    """A message with when it was made and the insights it shows, in their order."""

    message: Message
    created_at: datetime
    insights: tuple[Insight, ...] = ()


async def put(
    tx: Tx,
    workspace_id: str,
    *,
    person_id: str | None = None,
    since: datetime | None = None,
    after: Put | None = None,
    most: int,
) -> list[Put]:
    """Messages, the newest first; with `after` those that follow that one."""
    place = (after.created_at, after.message.id) if after else None
    query = _newest(messages_table, "id", workspace_id, person_id, since, place, most)
    rows = (await tx.execute(query)).all()
    shown = await insights.shown_by(tx, [(workspace_id, row.id) for row in rows])
    return [
        Put(messages.from_row(row), row.created_at, tuple(shown.get((workspace_id, row.id), ())))
        for row in rows
    ]


def _newest(
    table: Table,
    key: str,
    workspace_id: str,
    person_id: str | None,
    since: datetime | None,
    place: tuple[datetime, str] | None,
    most: int,
) -> Select[Any]:
    """Rows by when they were made, the newest first, beginning behind that place."""
    at, id = table.c.created_at, table.c[key]
    query = (
        select(table)
        .where(table.c.workspace_id == workspace_id)
        .order_by(at.desc(), id)
        .limit(most)
    )
    if person_id is not None:
        query = query.where(table.c.person_id == person_id)
    if since is not None:
        query = query.where(at > since)
    if place is not None:
        query = query.where(or_(at < place[0], (at == place[0]) & (id > place[1])))
    return query
