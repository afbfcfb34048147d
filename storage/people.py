"""People: who is coached, and what they have set."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)

from coach.models import Enrolment, Level, MessageState, Person, Settings
from storage import rounds
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Database, Tx, insert
from storage.tables import OPEN_INSIGHT, insights, messages, metadata, people, workspaces


def _person(row: Row[Any]) -> Person:
    return Person(
        workspace_id=row.workspace_id,
        id=row.id,
        name=row.name,
        email=row.email,
        slack_user_id=row.slack_user_id,
        time_zone=row.time_zone,
        enrolment=Enrolment(row.enrolment),
        settings=Settings(
            enabled=row.enabled,
            level=Level(row.level),
            stale_lead_days=row.stale_lead_days,
            stuck_deal_days=row.stuck_deal_days,
            working_days=tuple(map(int, row.working_days)),
        ),
        locale=row.locale,
    )


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
        "created_at": now,
        **known,
    }


_THESE = select(people).where(
    people.c.workspace_id == bindparam("workspace"), among(people.c.id, texts("ids"))
)


async def load(tx: Tx, workspace_id: str, ids: Collection[str]) -> dict[str, Person]:
    """People by id."""
    if not ids:
        return {}
    asked = {"workspace": workspace_id, "ids": list(ids)}
    return {row.id: _person(row) for row in await tx.execute(_THESE, asked)}


async def by_slack_user(tx: Tx, workspace_id: str, slack_user_id: str) -> Person | None:
    """The person who is this Slack user, if known."""
    query = select(people).where(
        people.c.workspace_id == workspace_id, people.c.slack_user_id == slack_user_id
    )
    row = (await tx.execute(query)).first()
    return _person(row) if row else None


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
    )


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
    return [_person(row) for row in result]


async def look_up_later(tx: Tx, waiting: Collection[Person], at: datetime) -> None:
    """Ask Slack about these people again from `at` on."""
    for workspace_id in {person.workspace_id for person in waiting}:
        ids = [person.id for person in waiting if person.workspace_id == workspace_id]
        await tx.execute(
            update(people)
            .where(people.c.workspace_id == workspace_id, among(people.c.id, ids))
            .values(lookup_after=at)
        )


async def see_home(tx: Tx, workspace_id: str, slack_user_id: str, now: datetime) -> None:
    """Somebody has opened their Home tab."""
    await tx.execute(
        update(people)
        .where(people.c.workspace_id == workspace_id, people.c.slack_user_id == slack_user_id)
        .values(home_seen_at=now)
    )


async def has_seen_home(tx: Tx, workspace_id: str, slack_user_id: str) -> bool:
    """Whether this Slack user has ever opened their Home tab."""
    query = select(people.c.home_seen_at).where(
        people.c.workspace_id == workspace_id, people.c.slack_user_id == slack_user_id
    )
    return (await tx.execute(query)).scalar() is not None


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
    return [(_person(row), row.waiting) for row in await tx.execute(query)]


#: Everything that belongs to a person. Each of these tables has an index that leads with the
#: workspace and the person, so that one person's part is found without reading the rest.
OF_A_PERSON: tuple[Table, ...] = tuple(
    table for table in metadata.sorted_tables if "person_id" in table.c
)


async def merge(tx: Tx, workspace_id: str, gone: str, into: str) -> None:
    """Make two people one: everything of `gone` becomes `into`'s, whose settings stay."""
    if gone != into:
        await merge_all(tx, workspace_id, {gone: into})


async def merge_all(tx: Tx, workspace_id: str, joined: Mapping[str, str]) -> None:
    """The same for several at once: who is to go -> who they are."""
    if not joined:
        return
    await rounds.hold(tx, workspace_id, {*joined, *joined.values()})
    pairs = [{"gone": gone, "stays": into} for gone, into in sorted(joined.items())]
    for table in OF_A_PERSON:
        of_gone = (table.c.workspace_id == workspace_id) & (table.c.person_id == bindparam("gone"))
        if "person_id" in table.primary_key.columns:
            # What both have is kept once.
            other = table.alias()
            same = and_(
                *(
                    other.c[column.name] == column
                    for column in table.primary_key
                    if column.name != "person_id"
                ),
                other.c.person_id == bindparam("stays"),
            )
            await tx.execute(delete(table).where(of_gone, exists().where(same)), pairs)
        await tx.execute(update(table).where(of_gone).values(person_id=bindparam("stays")), pairs)
    await _take_over(tx, workspace_id, joined)
    await _redirect(tx, workspace_id, pairs)
    await tx.execute(
        delete(people).where(
            people.c.workspace_id == workspace_id, people.c.id == bindparam("gone")
        ),
        pairs,
    )


async def _redirect(tx: Tx, workspace_id: str, pairs: Sequence[Mapping[str, str]]) -> None:
    """What those who stay have not got yet goes where they are; what is next is decided anew."""
    stays = (people.c.workspace_id == workspace_id) & (people.c.id == bindparam("stays"))
    # Some time in the past is as good as now.
    at_once = func.coalesce(people.c.decide_at, people.c.created_at)
    await tx.execute(update(people).where(stays).values(decide_at=at_once), pairs)
    user = select(people.c.slack_user_id).where(stays).scalar_subquery()
    await tx.execute(
        update(messages)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.person_id == bindparam("stays"),
            messages.c.state.in_([MessageState.DUE.value, MessageState.WITHDRAWN.value]),
        )
        .values(addressee=func.coalesce(user, messages.c.addressee)),
        pairs,
    )


async def _take_over(tx: Tx, workspace_id: str, joined: Mapping[str, str]) -> None:
    """What was known of those who go and is not of those who stay: an address to look up."""
    known = await load(tx, workspace_id, {*joined, *joined.values()})
    rows = [
        {"stays": into, "address": known[gone].email}
        for gone, into in sorted(joined.items())
        if gone in known and into in known and known[gone].email and not known[into].email
    ]
    if rows:
        await tx.execute(
            update(people)
            .where(people.c.workspace_id == workspace_id, people.c.id == bindparam("stays"))
            .values(
                email=bindparam("address"),
                lookup_after=func.coalesce(people.c.lookup_after, people.c.created_at),
            ),
            rows,
        )


async def reconsider(tx: Tx, workspace_id: str, person_ids: Collection[str], at: datetime) -> None:
    """Have attention decide about these people anew at that time, if it would not do so earlier.

    Whoever changes insights and messages of a person calls this first: it locks the person, and
    all who do so lock in the same order.
    """
    if ids := sorted(set(person_ids)):
        await tx.execute(_RECONSIDER, {"_workspace": workspace_id, "_ids": ids, "_at": at})


_AT = bindparam("_at", type_=UtcDateTime)
_RECONSIDER = (
    update(people)
    .where(
        people.c.workspace_id == bindparam("_workspace"),
        among(people.c.id, texts("_ids")),
    )
    .values(decide_at=case((people.c.decide_at <= _AT, people.c.decide_at), else_=_AT))
)


async def any_to_decide(tx: Tx, now: datetime) -> bool:
    """Whether attention has anybody to decide about."""
    return (await tx.execute(_ANY_TO_DECIDE, {"now": now})).first() is not None


_TO_DECIDE = (
    select(people.c.workspace_id, people.c.id)
    .where(people.c.decide_at <= bindparam("now"))
    .order_by(people.c.decide_at)
    .limit(bindparam("most"))
    .with_for_update(key_share=True, skip_locked=True)
)
_ANY_TO_DECIDE = select(people.c.id).where(people.c.decide_at <= bindparam("now")).limit(1)


async def to_decide(tx: Tx, now: datetime, most: int) -> dict[str, list[str]]:
    """Whose turn it is, longest waiting first, by workspace: theirs alone until the end of `tx`.

    Whom another process has taken is passed over.
    """
    found: dict[str, list[str]] = {}
    for workspace_id, id in await tx.execute(_TO_DECIDE, {"now": now, "most": most}):
        found.setdefault(workspace_id, []).append(id)
    return found


_ALONE = _THESE.order_by(people.c.id).with_for_update(key_share=True)


async def load_alone(
    tx: Tx, workspace_id: str, ids: Collection[str]
) -> tuple[dict[str, Person], set[str]]:
    """The same as `load`, and nobody else may decide about them until the end of `tx`.

    Also tells for whom a turn is noted, so that `decided` must take it away.
    """
    found: dict[str, Person] = {}
    noted: set[str] = set()
    for row in await tx.execute(_ALONE, {"workspace": workspace_id, "ids": list(ids)}):
        found[row.id] = _person(row)
        if row.decide_at is not None:
            noted.add(row.id)
    return found, noted


async def decided(tx: Tx, workspace_id: str, again: Mapping[str, datetime | None]) -> None:
    """Note when each of these people must be looked at again though nothing has happened."""
    never = [id for id, at in again.items() if at is None]
    if never:
        await tx.execute(_NEVER, {"_workspace": workspace_id, "_ids": sorted(never)})
    later = [
        {"_workspace": workspace_id, "_id": id, "_at": at}
        for id, at in sorted(again.items())
        if at is not None
    ]
    if later:
        await tx.execute(_DECIDED, later)


_NEVER = (
    update(people)
    .where(
        people.c.workspace_id == bindparam("_workspace"),
        among(people.c.id, texts("_ids")),
        people.c.decide_at.is_not(None),
    )
    .values(decide_at=None)
)
_DECIDED = (
    update(people)
    .where(people.c.workspace_id == bindparam("_workspace"), people.c.id == bindparam("_id"))
    .values(decide_at=_AT)
)


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
    return [_person(row) for row in await tx.execute(query)]
