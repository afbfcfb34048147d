"""What the record tells of the past, read whole: for a look at what would have been said then."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from coach.events import EVERYWHERE, Owner
from coach.mirror import Visit
from coach.models import CONTACT_VERBS, Origin, Subject, SubjectKind, Verb
from storage import mirror
from storage.among import among
from storage.checks import Key as CheckKey
from storage.columns import from_micros
from storage.database import Tx, chunks
from storage.tables import (
    activities,
    checks,
    connections,
    contacts,
    deals,
    decisions,
    insight_subjects,
    insights,
    mutes,
    owners,
    patterns,
    people,
    stage_visits,
    tasks,
)

#: A row of a table as it is, by column.
Row = dict[str, Any]


class Place(NamedTuple):
    """Which thing."""

    kind: SubjectKind
    connection_id: str
    id: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that happened to a thing."""

    verb: Verb
    at: datetime
    origin: Origin
    #: What it changed: {field: [before, after]}, in JSON values.
    changes: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    #: Who did it, where that was told: a person, called by their id, or whatever it was.
    actor: Owner | str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A thing as it is now, and all that is recorded of its way there."""

    subject: Subject
    #: What happened to it from the time that was asked for, oldest first.
    acts: Sequence[Act] = ()
    visits: Sequence[Visit] = ()
    #: When somebody was in touch with a contact, oldest first.
    contacted: Sequence[datetime] = ()
    #: The first that was recorded of it, where nobody tells when it was made.
    first: datetime | None = None


class Span(NamedTuple):
    """From when to when something is recorded."""

    first: datetime
    last: datetime
    #: Whether a CRM goes on telling, so that what is not recorded has not happened.
    goes_on: bool


async def span(tx: Tx, workspace_id: str) -> Span | None:
    """How far the record of CRMs reaches; `None` where there is none."""
    ends = select(func.min(activities.c.occurred_at), func.max(activities.c.occurred_at)).where(
        activities.c.workspace_id == workspace_id, activities.c.verb != Verb.COMMAND_USED.value
    )
    first, last = (await tx.execute(ends)).one()
    if first is None or last is None:
        return None
    # A file that was imported tells of a day, be there nothing on it.
    for table in mirror.TABLES.values():
        told = func.max(table.c.told["deleted"].as_numeric(20, 0))
        newest = (
            await tx.execute(select(told).where(table.c.workspace_id == workspace_id))
        ).scalar_one()
        if newest is not None:
            last = max(last, from_micros(int(newest)))
    live = select(connections.c.id).where(
        connections.c.workspace_id == workspace_id, connections.c.last_delivery_at.is_not(None)
    )
    return Span(first, last, (await tx.execute(live.limit(1))).first() is not None)


async def records(
    tx: Tx, workspace_id: str, since: datetime, person_id: str | None = None
) -> list[Record]:
    """Every thing with what happened to it from `since` on; a person's and what belongs to it."""
    wanted = {kind: _whose(kind, workspace_id, person_id, since) for kind in SubjectKind}
    acts: dict[Place, list[Act]] = defaultdict(list)
    contacted: dict[Place, list[datetime]] = defaultdict(list)
    first: dict[Place, datetime] = {}
    for kind, condition in wanted.items():
        acts.update(await _acts(tx, workspace_id, kind, condition, since))
        first.update(await _first(tx, workspace_id, kind, condition))
    contacted.update(await _contacted(tx, workspace_id, wanted[SubjectKind.CONTACT]))
    visits = await _visits(tx, workspace_id, wanted[SubjectKind.DEAL])
    found: list[Record] = []
    for kind, condition in wanted.items():
        query = select(*mirror.columns(kind)).where(*condition)
        for row in await tx.execute(query):
            subject = mirror.from_row(kind, row)
            place = Place(kind, subject.connection_id, subject.id)
            found.append(
                Record(
                    subject,
                    acts.get(place, ()),
                    visits.get(place, ()),
                    contacted.get(place, ()),
                    first.get(place),
                )
            )
    return found


def _whose(
    kind: SubjectKind, workspace_id: str, person_id: str | None, since: datetime
) -> list[ColumnElement[bool]]:
    """Which things are wanted: the person's, those they did something to, and what goes with it."""
    table = mirror.TABLES[kind]
    here = table.c.workspace_id == workspace_id
    if person_id is None:
        return [here]
    acted = select(activities.c.connection_id, activities.c[f"{kind.value}_id"]).where(
        activities.c.workspace_id == workspace_id,
        activities.c.person_id == person_id,
        activities.c.occurred_at >= since,
        activities.c[f"{kind.value}_id"].is_not(None),
    )
    key = tuple_(table.c.connection_id, table.c.id)
    theirs = [table.c.person_id == person_id, key.in_(acted)]
    if kind is SubjectKind.DEAL:
        leads = _theirs(select(contacts.c.connection_id, contacts.c.id), workspace_id, person_id)
        theirs.append(tuple_(deals.c.connection_id, deals.c.contact_id).in_(leads))
    if kind is SubjectKind.CONTACT:
        clients = _theirs(
            select(deals.c.connection_id, deals.c.contact_id), workspace_id, person_id
        )
        theirs.append(key.in_(clients.where(deals.c.contact_id.is_not(None))))
    if kind is SubjectKind.TASK:
        own = _theirs(select(deals.c.connection_id, deals.c.id), workspace_id, person_id)
        theirs.append(tuple_(tasks.c.connection_id, tasks.c.deal_id).in_(own))
    return [here, or_(*theirs)]


def _theirs(query: Select[Any], workspace_id: str, person_id: str) -> Select[Any]:
    (table,) = query.get_final_froms()
    return query.where(table.c.workspace_id == workspace_id, table.c.person_id == person_id)


def _of(
    query: Select[Any], kind: SubjectKind, condition: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    """The activities of these things."""
    table = mirror.TABLES[kind]
    return query.join(
        table,
        (table.c.workspace_id == activities.c.workspace_id)
        & (table.c.connection_id == activities.c.connection_id)
        & (table.c.id == activities.c[f"{kind.value}_id"]),
    ).where(*condition)


def _verbs(kind: SubjectKind) -> list[str]:
    """What happens to things of a kind."""
    own = [verb.value for verb in Verb if verb.value.startswith(f"{kind.value}_")]
    return own + [verb.value for verb in CONTACT_VERBS if kind is SubjectKind.CONTACT]


async def _acts(
    tx: Tx,
    workspace_id: str,
    kind: SubjectKind,
    condition: Sequence[ColumnElement[bool]],
    since: datetime,
) -> dict[Place, list[Act]]:
    id = activities.c[f"{kind.value}_id"]
    query = _of(
        select(
            activities.c.connection_id,
            id,
            activities.c.verb,
            activities.c.occurred_at,
            activities.c.origin,
            activities.c.changes,
            activities.c.actor,
        ),
        kind,
        condition,
    )
    query = query.where(
        activities.c.workspace_id == workspace_id,
        activities.c.occurred_at >= since,
        activities.c.verb.in_(_verbs(kind)),
    ).order_by(activities.c.occurred_at, activities.c.dedupe_key)
    rows = (await tx.execute(query)).all()
    whom = await _actors(tx, workspace_id, {row.actor for row in rows if row.actor})
    found: dict[Place, list[Act]] = {}
    for connection_id, id_, verb, at, origin, changes, actor in rows:
        person_id = whom.get((EVERYWHERE, actor)) or whom.get((connection_id, actor))
        act = Act(Verb(verb), at, Origin(origin), changes or {}, Owner.of(id=person_id) or actor)
        found.setdefault(Place(kind, connection_id, id_), []).append(act)
    return found


async def _actors(tx: Tx, workspace_id: str, keys: Collection[str]) -> dict[tuple[str, str], str]:
    """Whom these keys surely mean, by the connection they hold in."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for piece in chunks(sorted(keys)):
        query = select(owners.c.connection_id, owners.c.owner_key, owners.c.person_id).where(
            owners.c.workspace_id == workspace_id, among(owners.c.owner_key, piece)
        )
        for connection_id, key, person_id in await tx.execute(query):
            found[connection_id, key].add(person_id)
    return {which: next(iter(ids)) for which, ids in found.items() if len(ids) == 1}


async def _first(
    tx: Tx, workspace_id: str, kind: SubjectKind, condition: Sequence[ColumnElement[bool]]
) -> dict[Place, datetime]:
    """The first activity of things of which nobody tells when they were made."""
    id = activities.c[f"{kind.value}_id"]
    query = _of(
        select(activities.c.connection_id, id, func.min(activities.c.occurred_at)), kind, condition
    )
    query = query.where(
        activities.c.workspace_id == workspace_id, mirror.TABLES[kind].c.created_at.is_(None)
    ).group_by(activities.c.connection_id, id)
    return {Place(kind, row[0], row[1]): row[2] for row in await tx.execute(query)}


async def _contacted(
    tx: Tx, workspace_id: str, condition: Sequence[ColumnElement[bool]]
) -> dict[Place, list[datetime]]:
    query = _of(
        select(activities.c.connection_id, activities.c.contact_id, activities.c.occurred_at),
        SubjectKind.CONTACT,
        condition,
    )
    query = query.where(
        activities.c.workspace_id == workspace_id,
        activities.c.verb.in_([verb.value for verb in CONTACT_VERBS]),
    ).order_by(activities.c.occurred_at)
    found: dict[Place, list[datetime]] = {}
    for connection_id, id, at in await tx.execute(query):
        found.setdefault(Place(SubjectKind.CONTACT, connection_id, id), []).append(at)
    return found


async def _visits(
    tx: Tx, workspace_id: str, condition: Sequence[ColumnElement[bool]]
) -> dict[Place, list[Visit]]:
    query = (
        select(stage_visits)
        .join(
            deals,
            (deals.c.workspace_id == stage_visits.c.workspace_id)
            & (deals.c.connection_id == stage_visits.c.connection_id)
            & (deals.c.id == stage_visits.c.deal_id),
        )
        .where(stage_visits.c.workspace_id == workspace_id, *condition)
        .order_by(stage_visits.c.entered_at)
    )
    found: dict[Place, list[Visit]] = {}
    for row in await tx.execute(query):
        place = Place(SubjectKind.DEAL, row.connection_id, row.deal_id)
        visit = Visit(row.stage, row.entered_at, row.left_at, row.came)
        found.setdefault(place, []).append(visit)
    return found


async def everybody(tx: Tx, workspace_id: str) -> list[Row]:
    """The rows of all people."""
    query = select(people).where(people.c.workspace_id == workspace_id).order_by(people.c.id)
    return [dict(row._mapping) for row in await tx.execute(query)]


async def muted(tx: Tx, workspace_id: str, now: datetime) -> list[Row]:
    """The rows of what people hear nothing of now."""
    query = select(mutes).where(
        mutes.c.workspace_id == workspace_id,
        or_(mutes.c.until.is_(None), mutes.c.until > now),
    )
    return [dict(row._mapping) for row in await tx.execute(query)]


async def rests(tx: Tx, workspace_id: str, person_ids: Collection[str]) -> list[CheckKey]:
    """What of these people was so before they were coached, and is not spoken of by itself."""
    query = select(*(checks.c[name] for name in CheckKey._fields)).where(
        checks.c.workspace_id == workspace_id,
        among(checks.c.person_id, sorted(person_ids)),
        checks.c.old,
    )
    return [CheckKey(*row) for row in await tx.execute(query)]


class Spoken(NamedTuple):
    """What was said before a time, as rows of the tables that keep it."""

    insights: list[Row]
    subjects: list[Row]
    decisions: list[Row]


async def spoken(
    tx: Tx, workspace_id: str, person_ids: Collection[str], before: datetime
) -> Spoken:
    """The advice of these people from before that time, with what became of it until then."""
    which = (
        insights.c.workspace_id == workspace_id,
        insights.c.person_id.in_(sorted(person_ids)),
        insights.c.created_at < before,
    )
    mine = select(insights.c.fingerprint).where(*which)
    made = [dict(row._mapping) for row in await tx.execute(select(insights).where(*which))]
    about = await tx.execute(
        select(insight_subjects).where(
            insight_subjects.c.workspace_id == workspace_id,
            insight_subjects.c.fingerprint.in_(mine),
        )
    )
    decided = await tx.execute(
        select(decisions).where(
            decisions.c.workspace_id == workspace_id,
            decisions.c.fingerprint.in_(mine),
            decisions.c.at < before,
        )
    )
    return Spoken(
        made, [dict(row._mapping) for row in about], [dict(row._mapping) for row in decided]
    )


async def found(tx: Tx, workspace_id: str, before: datetime) -> list[Row]:
    """The rows of what was found in the team's figures by then, as it was known then."""
    query = select(patterns).where(
        patterns.c.workspace_id == workspace_id, patterns.c.found_at < before
    )
    return [_as_known(dict(row._mapping), before) for row in await tx.execute(query)]


def _as_known(row: Row, before: datetime) -> Row:
    gone_at = row["gone_at"]
    return {
        **row,
        "tested_at": min(row["tested_at"], before),
        "gone_at": None if gone_at is None or gone_at >= before else gone_at,
    }
