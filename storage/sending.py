"""What a sender does with messages: claims them, and records what became of each.

A claim has a lease by the database's own clock and a number, its fence: an answer that comes after
another sender has claimed the message changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Interval,
    Select,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    text,
    tuple_,
    update,
)

from coach.importance import Worth
from coach.models import Insight, MessageState, Person
from storage import checks, insights, people, worth
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Tx
from storage.messages import Message, from_row
from storage.prepared import Prepared
from storage.tables import WAITING_MESSAGE, messages, workspaces


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message to be posted, to be drawn again when it is sent already, or to be looked for.

    With all it is drawn from.
    """

    message: Message
    insights: list[Insight]
    person: Person | None
    #: With the summary of a backlog: how much there is of it, by rule.
    backlog: Mapping[str, int] = field(default_factory=dict)
    #: With a brief: the money at stake in what it shows, by fingerprint, where that is known.
    worth: Mapping[str, Worth] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether it is to be posted."""
        return self.message.state is MessageState.SENDING

    @property
    def is_looked_for(self) -> bool:
        """Whether it was taken back after it was tried, and may stand in Slack nonetheless."""
        return self.message.state is MessageState.WITHDRAWN


@dataclass(frozen=True, slots=True)
class Paused:
    """What must be left alone now: workspaces in which Slack asked us to, by method."""

    posting: Collection[str] = ()
    drawing: Collection[str] = ()
    #: Ids of messages this very process is at: however its clock jumps, it must not start them
    #: a second time beside itself.
    under_way: Collection[str] = ()


_NOBODY = Paused()


_OLD = (MessageState.SENT.value, MessageState.WITHDRAWN.value)

# A sender asks the same at every turn: its statements are made once and filled in.
_NOW = bindparam("now", type_=UtcDateTime)


def _db_now(sqlite: bool) -> ColumnElement[Any]:
    # Replicas' own clocks differ; on SQLite all processes share the machine's.
    return _NOW if sqlite else func.clock_timestamp(type_=UtcDateTime)


def _waiting(name: str) -> ColumnElement[bool]:
    # In the index's very words, for the table under another name.
    return text(WAITING_MESSAGE.text.replace("messages.", f"{name}."))  # type: ignore[return-value]


def _ready(each: FromClause, sqlite: bool) -> ColumnElement[bool]:
    """That a message can be claimed now, as far as it alone decides."""
    new: ColumnElement[bool] = each.c.state.in_(
        [MessageState.DUE.value, MessageState.SENDING.value]
    )
    # One that was taken back is looked for, as it may stand there even so.
    old: ColumnElement[bool] = each.c.state.in_(_OLD)
    return and_(
        not_(among(each.c.id, texts("under_way"))),
        or_(each.c.leased_until.is_(None), each.c.leased_until <= _db_now(sqlite)),
        or_(each.c.not_before.is_(None), each.c.not_before <= _NOW),
        or_(
            and_(new, not_(among(each.c.workspace_id, texts("posting")))),
            and_(old, not_(among(each.c.workspace_id, texts("drawing")))),
        ),
    )


@cache
def _next(sqlite: bool) -> Select[Any]:
    """The next messages, oldest first: of each addressee one, and none while one is on its way."""
    each, other = messages.alias("m"), messages.alias("o")
    before = tuple_(other.c.created_at, other.c.id) < tuple_(each.c.created_at, each.c.id)
    in_the_way = (
        select(other.c.id)
        .where(
            _waiting("o"),
            other.c.workspace_id == each.c.workspace_id,
            other.c.addressee == each.c.addressee,
            other.c.id != each.c.id,
            or_(
                other.c.leased_until > _db_now(sqlite),
                and_(before, _ready(other, sqlite)),
            ),
        )
        .correlate(each)
    )
    return (
        select(each.c.workspace_id, each.c.id)
        .where(
            _waiting("m"),
            _ready(each, sqlite),
            # Not a join: what waits is to be found by its own index, and not by workspace.
            each.c.workspace_id.not_in(
                select(workspaces.c.id).where(workspaces.c.slack_error.is_not(None))
            ),
            ~in_the_way.exists(),
        )
        .order_by(each.c.created_at, each.c.id)
    )


@cache
def _any(sqlite: bool) -> Prepared:
    return Prepared(_next(sqlite).limit(1))


@cache
def _claim(sqlite: bool) -> Prepared:
    each = _next(sqlite)
    chosen = each.limit(bindparam("most")).with_for_update(
        of=each.selected_columns["id"].table, skip_locked=True
    )
    until = (
        bindparam("until", type_=UtcDateTime)
        if sqlite
        else _db_now(sqlite) + bindparam("lease", type_=Interval)
    )
    return Prepared(
        update(messages)
        .where(tuple_(messages.c.workspace_id, messages.c.id).in_(chosen))
        .values(
            state=case(
                (messages.c.state.in_(_OLD), messages.c.state),
                else_=MessageState.SENDING.value,
            ),
            leased_until=until,
            fence=messages.c.fence + 1,
            attempts=messages.c.attempts + 1,
            draw_due=False,
        )
        .returning(messages)
    )


def _filled(paused: Paused, now: datetime, **more: object) -> dict[str, object]:
    return {
        "now": now,
        "posting": sorted(paused.posting),
        "drawing": sorted(paused.drawing),
        "under_way": sorted(paused.under_way),
        **more,
    }


async def any_waiting(tx: Tx, now: datetime, paused: Paused = _NOBODY) -> bool:
    """Whether there is anything to claim."""
    query = _any(tx.dialect.name == "sqlite")
    return await query.first(tx, _filled(paused, now)) is not None


async def claim(
    tx: Tx, now: datetime, *, lease: timedelta, most: int, paused: Paused = _NOBODY
) -> list[Claimed]:
    """Claim messages to be posted, drawn again or looked for; also those whose sender died.

    Of each addressee one at a time. A claim lasts for `lease`; then another sender may try.
    """
    sqlite = tx.dialect.name == "sqlite"
    more = {"until": now + lease} if sqlite else {"lease": lease}
    rows = await _claim(sqlite).rows(tx, _filled(paused, now, most=most, **more))
    found = [from_row(row) for row in rows]
    if not found:
        return []
    return await _with_sources(tx, found)


#: Which rule counts a thing of a person's before which other.
Before = Callable[[Person], Collection[tuple[str, str]]]


async def as_drawn(
    tx: Tx, claimed: Sequence[Claimed], before: Before, now: datetime
) -> list[Claimed]:
    """The same with what their insights do not tell: of briefs the money, of backlogs how many."""
    return await _with_worth(tx, await _with_backlogs(tx, claimed, before, now))


async def _with_worth(tx: Tx, claimed: Sequence[Claimed]) -> list[Claimed]:
    asked: dict[str, set[str]] = defaultdict(set)
    for each in claimed:
        if each.message.kind == "brief" and not each.message.superseded:
            asked[each.message.workspace_id].update(one.fingerprint for one in each.insights)
    known = {id: await worth.of(tx, id, prints) for id, prints in asked.items() if prints}
    return [
        replace(each, worth=known.get(each.message.workspace_id, {}))
        if each.message.kind == "brief"
        else each
        for each in claimed
    ]


async def _with_backlogs(
    tx: Tx, claimed: Sequence[Claimed], before: Before, now: datetime
) -> list[Claimed]:
    """The same; the summaries of backlogs among them with how much there is."""
    summaries = {
        (each.message.workspace_id, each.message.id): each.person
        for each in claimed
        if each.message.kind == "backlog" and each.person is not None
    }
    # Those who hear of the same rules are asked about together.
    alike: dict[tuple[str, frozenset[tuple[str, str]]], set[str]] = defaultdict(set)
    for person in summaries.values():
        alike[person.workspace_id, frozenset(before(person))].add(person.id)
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for (workspace_id, pairs), ids in alike.items():
        found = await checks.backlog(tx, workspace_id, ids, pairs, now)
        counts |= {(workspace_id, id): found[id] for id in ids}
    return [
        replace(each, backlog=counts[whose.workspace_id, whose.id])
        if (whose := summaries.get((each.message.workspace_id, each.message.id)))
        else each
        for each in claimed
    ]


async def channel_of(tx: Tx, workspace_id: str, person_id: str) -> str | None:
    """The channel of somebody's messages, where any was sent."""
    query = (
        select(messages.c.channel)
        .where(
            messages.c.workspace_id == workspace_id,
            messages.c.person_id == person_id,
            messages.c.channel.is_not(None),
        )
        .order_by(messages.c.sent_at.desc())
        .limit(1)
    )
    found: str | None = (await tx.execute(query)).scalar()
    return found


async def look_again(tx: Tx, claimed: Claimed) -> Claimed | None:
    """The same message with what it is drawn from as that is now; `None` if another is at it."""
    message = claimed.message
    asked = {"workspaces": [message.workspace_id], "messages": [message.id]}
    place = (message.workspace_id, message.id, message.state.value, message.fence)
    if place not in {tuple(row) for row in await _PLACES.rows(tx, asked)}:
        return None
    (again,) = await _with_sources(tx, [message])
    return again


async def _with_sources(tx: Tx, found: Sequence[Message]) -> list[Claimed]:
    shown = await insights.shown_by(tx, {(each.workspace_id, each.id) for each in found})
    known: dict[tuple[str, str], Person] = {}
    for workspace_id in {each.workspace_id for each in found}:
        wanted = {each.person_id for each in found if each.workspace_id == workspace_id}
        persons = await people.load(tx, workspace_id, {id for id in wanted if id})
        known.update({(workspace_id, id): person for id, person in persons.items()})
    return [
        Claimed(
            each,
            shown.get((each.workspace_id, each.id), []),
            known.get((each.workspace_id, each.person_id or "")),
        )
        for each in found
    ]


@cache
def _recording(state: MessageState, columns: tuple[str, ...]) -> Prepared:
    return Prepared(
        update(messages)
        .where(
            messages.c.workspace_id == bindparam("_workspace"),
            messages.c.id == bindparam("_id"),
            messages.c.state == state.value,
            messages.c.fence == bindparam("_fence"),
        )
        .values(leased_until=None, **{name: bindparam(f"_{name}") for name in columns})
    )


_THESE = (
    select(messages.c.workspace_id, messages.c.id, messages.c.state, messages.c.fence)
    .where(
        among(messages.c.workspace_id, texts("workspaces")), among(messages.c.id, texts("messages"))
    )
    .order_by(messages.c.workspace_id, messages.c.id)
)
_PLACES = Prepared(_THESE)
_LATEST = Prepared(_THESE.with_for_update())


async def record(tx: Tx, message: Message, **values: object) -> bool:
    """Record what became of a claimed message; says whether the claim was still the latest."""
    return bool(await record_all(tx, [(message, values)]))


async def record_all(
    tx: Tx, became: Sequence[tuple[Message, Mapping[str, object]]]
) -> set[tuple[str, str]]:
    """The same for many at once, each another one.

    Returns the workspace and the id of those whose claim was still the latest.
    """
    asked = {
        "workspaces": sorted({message.workspace_id for message, _ in became}),
        "messages": [message.id for message, _ in became],
    }
    latest = {tuple(row) for row in await _LATEST.rows(tx, asked)}
    rows: dict[tuple[MessageState, tuple[str, ...]], list[dict[str, object]]] = defaultdict(list)
    ours: set[tuple[str, str]] = set()
    for message, values in became:
        place = (message.workspace_id, message.id, message.state.value, message.fence)
        if place in latest:
            ours.add(place[:2])
            given = {f"_{name}": value for name, value in values.items()}
            given |= dict(zip(("_workspace", "_id", "_fence"), (*place[:2], place[3]), strict=True))
            rows[message.state, tuple(values)].append(given)
    for (state, columns), each in rows.items():
        await _recording(state, columns).do_each(tx, each)
    return ours
