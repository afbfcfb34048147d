"""People: who is coached, and what they have set."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, time
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    update,
)

from coach.models import Enrolment, Level, Often, Person, Settings
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Database, Tx, insert
from storage.prepared import Prepared
from storage.tables import OPEN_INSIGHT, insights, owners, people, workspaces


def from_row(row: Row[Any]) -> Person:
    """The person in a row of the whole table."""
    return Person(
        workspace_id=row.workspace_id,
        id=row.id,
        name=row.name,
        email=row.email,
        slack_user_id=row.slack_user_id,
        time_zone=row.time_zone,
        enrolment=Enrolment(row.enrolment),
        settings=_settings(*_SET(row)),
        locale=row.locale,
        began_at=row.began_at,
        paused_until=row.paused_until,
        dnd_until=row.dnd_until,
        dnd_asked_at=row.dnd_asked_at,
        brief_made_at=row.brief_made_at,
        digest_made_at=row.digest_made_at,
        backlog_at=row.backlog_at,
        backlog_made_at=row.backlog_made_at,
        looks_at_home=row.home_seen_at is not None,
    )


#: What a person has set, in the order of `Settings`.
_SETTINGS = [each.name for each in fields(Settings)]
_SET = attrgetter(*_SETTINGS)


# Most people have set the same, which is nothing.
@lru_cache(maxsize=1024)
def _settings(*told: Any) -> Settings:
    kept = dict(zip(_SETTINGS, told, strict=True))
    return Settings(
        **{
            **kept,
            "level": Level(kept["level"]),
            "working_days": tuple(map(int, kept["working_days"])),
            "work_from": _time(kept["work_from"]),
            "work_until": _time(kept["work_until"]),
            "brief_at": _if_set(kept["brief_at"]),
            "digest": Often(kept["digest"]),
            "digest_at": _if_set(kept["digest_at"]),
            "also": tuple(kept["also"].split()),
        }
    )


def _time(minutes: int) -> time:
    return time(*divmod(minutes, 60))


def _if_set(minutes: int | None) -> time | None:
    return None if minutes is None else _time(minutes)


def _minutes(at: time | None) -> int | None:
    return None if at is None else at.hour * 60 + at.minute


def _is(workspace_id: str, person_id: str) -> ColumnElement[bool]:
    return (people.c.workspace_id == workspace_id) & (people.c.id == person_id)


def _new(workspace_id: str, *, id: str, now: datetime, **known: object) -> dict[str, object]:
    defaults = Settings()
    return {
        "workspace_id": workspace_id,
        "id": id,
        "name": "",
        "email": None,
        "slack_user_id": None,
        "time_zone": None,
        "locale": None,
        "lookup_after": None,
        "enrolment": Enrolment.NEW.value,
        "enabled": defaults.enabled,
        "level": int(defaults.level),
        "working_days": "".join(map(str, defaults.working_days)),
        "work_from": _minutes(defaults.work_from),
        "work_until": _minutes(defaults.work_until),
        "brief": defaults.brief,
        "digest": defaults.digest.value,
        "created_at": now,
        **known,
    }


#: The people in the list `ids` of a `workspace`.
THESE = select(people).where(
    people.c.workspace_id == bindparam("workspace"), among(people.c.id, texts("ids"))
)


_LOAD = Prepared(THESE)


async def load(tx: Tx, workspace_id: str, ids: Collection[str]) -> dict[str, Person]:
    """People by id."""
    if not ids:
        return {}
    asked = {"workspace": workspace_id, "ids": list(ids)}
    return {row.id: from_row(row) for row in await _LOAD.rows(tx, asked)}


async def by_slack_user(tx: Tx, workspace_id: str, slack_user_id: str) -> Person | None:
    """The person who is this Slack user, if known."""
    query = select(people).where(
        people.c.workspace_id == workspace_id, people.c.slack_user_id == slack_user_id
    )
    row = (await tx.execute(query)).first()
    return from_row(row) if row else None


async def make(tx: Tx, workspace_id: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Make people, each with an `id` and whatever else is known; those with an address will be
    looked up in Slack.
    """
    if rows:
        known = [{"lookup_after": now if row.get("email") else None, **row} for row in rows]
        await tx.execute(people.insert(), [_new(workspace_id, now=now, **row) for row in known])


async def ensure_slack_user(
    tx: Tx,
    workspace_id: str,
    slack_user_id: str,
    now: datetime,
    new_id: Callable[[], str],
    name: str = "",
) -> Person:
    """The person who is this Slack user; made when they are new here."""
    person = await by_slack_user(tx, workspace_id, slack_user_id)
    if person is not None:
        return person
    row = _new(
        workspace_id,
        id=new_id(),
        now=now,
        name=name or slack_user_id,
        slack_user_id=slack_user_id,
        lookup_after=now,
    )
    await tx.execute(
        insert(tx, people)
        .values(**row)
        .on_conflict_do_nothing(index_elements=["workspace_id", "slack_user_id"])
    )
    person = await by_slack_user(tx, workspace_id, slack_user_id)
    if person is None:
        raise LookupError(f"{slack_user_id} could neither be found nor made")
    return person


async def change(tx: Tx, workspace_id: str, person_id: str, **values: object) -> None:
    """Set columns of one person."""
    await tx.execute(update(people).where(_is(workspace_id, person_id)).values(**values))


async def save_settings(tx: Tx, person: Person, settings: Settings) -> None:
    """Store what a person has set."""
    await change(
        tx,
        person.workspace_id,
        person.id,
        enabled=settings.enabled,
        level=int(settings.level),
        stale_lead_days=settings.stale_lead_days,
        stuck_deal_days=settings.stuck_deal_days,
        working_days="".join(map(str, sorted(settings.working_days))),
        work_from=_minutes(settings.work_from),
        work_until=_minutes(settings.work_until),
        holidays=settings.holidays,
        brief=settings.brief,
        brief_at=_minutes(settings.brief_at),
        digest=settings.digest.value,
        digest_at=_minutes(settings.digest_at),
        daily_cap=settings.daily_cap,
        also=" ".join(sorted(settings.also)),
        named=settings.named,
    )


async def made(
    tx: Tx,
    workspace_id: str,
    briefs: Collection[str],
    digests: Collection[str],
    at: datetime | None,
) -> None:
    """Note when a brief or a digest was made of these; `None`: it was taken back unsaid, and may be
    made anew.
    """
    for column, ids in ((people.c.brief_made_at, briefs), (people.c.digest_made_at, digests)):
        if ids:
            await tx.execute(
                update(people)
                .where(people.c.workspace_id == workspace_id, among(people.c.id, sorted(ids)))
                .values({column: at})
            )


async def backlog_came(tx: Tx, workspace_id: str, ids: Collection[str], at: datetime) -> None:
    """Note that a backlog waits for these people to be told of, the latest of it since `at`."""
    await _told_of_backlog(tx, workspace_id, ids, {"backlog_at": at})


async def backlog_made(
    tx: Tx, workspace_id: str, ids: Collection[str], at: datetime | None = None
) -> None:
    """Note that these people are told of their backlog; `at`: by a message made then."""
    made: dict[str, datetime | None] = {"backlog_at": None}
    if at is not None:
        made["backlog_made_at"] = at
    await _told_of_backlog(tx, workspace_id, ids, made)


async def _told_of_backlog(
    tx: Tx, workspace_id: str, ids: Collection[str], values: dict[str, datetime | None]
) -> None:
    if ids:
        await tx.execute(
            update(people)
            .where(people.c.workspace_id == workspace_id, among(people.c.id, sorted(ids)))
            .values(values)
        )


_TOLD_OF_PEACE = Prepared(
    update(people)
    .where(people.c.workspace_id == bindparam("_workspace"), people.c.id == bindparam("_id"))
    .values(
        dnd_asked_at=bindparam("_asked_at", type_=UtcDateTime),
        dnd_until=bindparam("_until", type_=UtcDateTime),
    )
)


async def told_of_peace(tx: Tx, told: Collection[tuple[Person, datetime, datetime | None]]) -> None:
    """Keep of each of these people when Slack was asked and until when they are left in peace."""
    rows = [
        {"_workspace": person.workspace_id, "_id": person.id, "_asked_at": at, "_until": until}
        for person, at, until in told
    ]
    # In one order, as all who lock several people.
    await _TOLD_OF_PEACE.do_each(tx, sorted(rows, key=lambda row: (row["_workspace"], row["_id"])))


async def enrol(
    tx: Tx, workspace_id: str, person_id: str, to: Enrolment, *, only_from: Collection[Enrolment]
) -> bool:
    """Move a person's enrolment, if it still stands where it may move from; says whether."""
    result = await tx.execute(
        update(people)
        .where(
            _is(workspace_id, person_id),
            people.c.enrolment.in_([each.value for each in only_from]),
        )
        .values(enrolment=to.value)
        .returning(people.c.id)
    )
    return result.first() is not None


def _to_look_up(now: datetime) -> Select[Any]:
    """Keys of people whom Slack may be asked about now, longest waiting first.

    A workspace that Slack does not know, does not let us speak to or wants to be left alone by is
    left out until it does not.
    """
    return (
        select(people.c.workspace_id, people.c.id)
        .join(workspaces, workspaces.c.id == people.c.workspace_id)
        .where(
            people.c.lookup_after <= now,
            workspaces.c.team_id.is_not(None),
            workspaces.c.slack_error.is_(None),
            or_(workspaces.c.lookups_after.is_(None), workspaces.c.lookups_after <= now),
        )
        .order_by(people.c.lookup_after)
    )


async def waits_to_be_looked_up(tx: Tx, now: datetime) -> bool:
    """Whether Slack is to be asked about anybody now, over all workspaces."""
    return (await tx.execute(_to_look_up(now).limit(1))).first() is not None


async def claim_look_ups(
    tx: Tx, database: Database, now: datetime, until: datetime, most: int
) -> list[Person]:
    """Have people to oneself for asking Slack about them, longest waiting first, until `until`."""
    due = _to_look_up(now).limit(most)
    if not database.is_sqlite:
        due = due.with_for_update(skip_locked=True, of=people)
    result = await tx.execute(
        update(people)
        .where(tuple_(people.c.workspace_id, people.c.id).in_(due))
        .values(lookup_after=until)
        .returning(people)
    )
    return [from_row(row) for row in result]


async def look_up_later(tx: Tx, waiting: Collection[Person], at: datetime) -> None:
    """Ask Slack about these people again from `at` on."""
    for workspace_id in {person.workspace_id for person in waiting}:
        ids = [person.id for person in waiting if person.workspace_id == workspace_id]
        await tx.execute(
            update(people)
            .where(people.c.workspace_id == workspace_id, among(people.c.id, ids))
            .values(lookup_after=at)
        )


async def countries(tx: Tx) -> list[str]:
    """The countries whose public holidays count for anybody."""
    query = select(people.c.holidays).where(people.c.holidays.is_not(None)).distinct()
    return list((await tx.execute(query)).scalars())


async def unmatched(tx: Tx, workspace_id: str) -> list[tuple[Person, int]]:
    """Owners no Slack user was found for, with how many insights wait for each."""
    waiting = (
        select(insights.c.person_id, func.count().label("count"))
        .where(OPEN_INSIGHT, insights.c.workspace_id == workspace_id)
        .group_by(insights.c.person_id)
        .subquery()
    )
    query = (
        select(people, func.coalesce(waiting.c.count, 0).label("waiting"))
        .outerjoin(waiting, waiting.c.person_id == people.c.id)
        .where(people.c.workspace_id == workspace_id, people.c.slack_user_id.is_(None))
        .order_by(func.coalesce(waiting.c.count, 0).desc(), people.c.name)
    )
    return [(from_row(row), row.waiting) for row in await tx.execute(query)]


async def how_many_matched(tx: Tx, workspace_id: str) -> int:
    """How many owners of CRMs are somebody in Slack."""
    named = select(owners.c.person_id).where(owners.c.workspace_id == workspace_id)
    query = select(func.count()).where(
        people.c.workspace_id == workspace_id,
        people.c.slack_user_id.is_not(None),
        people.c.id.in_(named),
    )
    return (await tx.execute(query.select_from(people))).scalar_one()


async def names(tx: Tx, workspace_id: str, slack_user_ids: Collection[str]) -> dict[str, str]:
    """What these Slack users are called, as far as they are known."""
    query = select(people.c.slack_user_id, people.c.name).where(
        people.c.workspace_id == workspace_id,
        people.c.slack_user_id.in_(sorted(slack_user_ids)),
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def enrolled_counts(tx: Tx, workspace_id: str) -> dict[str, int]:
    """How many people stand where in their enrolment."""
    query = (
        select(people.c.enrolment, func.count())
        .where(people.c.workspace_id == workspace_id)
        .group_by(people.c.enrolment)
    )
    return {row[0]: row[1] for row in await tx.execute(query)}


async def of_slack(tx: Tx, workspace_id: str) -> list[Person]:
    """Everyone who is matched to a Slack user."""
    query = select(people).where(
        people.c.workspace_id == workspace_id,
        or_(people.c.slack_user_id.is_not(None)),
    )
    return [from_row(row) for row in await tx.execute(query)]
