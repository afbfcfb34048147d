"""A copy of the database as it was at a time, with a clock that runs, and what happened since."""

import asyncio
import logging
import random
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from bot.coaching import learning, planning
from bot.coaching.learning import Shown
from bot.coaching.patterns import Figures, gathered
from bot.coaching.recording import apply
from bot.runtime.parts import Background, Parts, Wake
from bot.simulating.history import Past, Told, past, values_come_with_the_close
from bot.simulating.hours import spread
from coach.calendar import next_work
from coach.events import Event
from coach.models import DealStatus, Enrolment, InsightState, Level, Person, SubjectKind
from coach.rows_to_columns import Gathered
from storage import journal, people, recorded, usual, workspaces
from storage.checks import Key
from storage.database import Database, chunks
from storage.recorded import Record, Row, Spoken
from storage.tables import (
    decisions,
    insight_subjects,
    insights,
    mutes,
    owners,
    patterns,
)
from storage.tables import people as people_table

log = logging.getLogger(__name__)

#: Events that the coach is told of in one transaction.
BATCH = 1000

#: How often it is tried to remove a copy, and the seconds between two tries.
REMOVALS = 50
REMOVAL_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Copied:
    """What was read of a database, from which any number of worlds can be made."""

    workspace_id: str
    since: datetime
    until: datetime
    records: Sequence[Record]
    people: Sequence[Row]
    mutes: Sequence[Row]
    spoken: Spoken
    #: What of those who are coached on was so before they began, and rests.
    rests: Sequence[Key]
    #: Who is coached; the others are there because things are theirs.
    coached: frozenset[str]
    #: What was usual with the whole team by then, where only what is some people's was read.
    usual: Shown | None
    #: The whole team's history, in which patterns are found, and what was found in it by then.
    history: Gathered
    found: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Unknown:
    """What the record cannot tell: how many deals each is true of."""

    #: Of so many of the deals that were open the stage, or since when they were in it.
    open: int = 0
    stage: int = 0
    age: int = 0
    #: So many things nobody says when they were made.
    made: int = 0
    #: Whether what deals are worth is known only once they are closed.
    value: bool = False
    #: Of so many contacts it is not known at first when somebody was in touch with them.
    silence: int = 0
    #: So many things happened, and of so many of them a day is known and no hour.
    happened: int = 0
    hours: int = 0


class RunningClock:
    """A clock that stands at the last thing that happened."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The present instant of the copy."""
        return self.moment

    def run_to(self, moment: datetime) -> None:
        """Let time pass; it never goes back."""
        self.moment = max(self.moment, moment)


@dataclass(slots=True)
class World:
    """The copy with everything that works on it."""

    parts: Parts
    clock: RunningClock
    workspace_id: str
    until: datetime
    #: Whoever is coached.
    people: Mapping[str, Person]
    #: What the whole team's figures are found in: the record, in which no hours are made up.
    figures: Figures
    #: What is still to happen, in order.
    coming: Sequence[Told] = ()
    unknown: Unknown = field(default_factory=Unknown)


async def copied(
    database: Database,
    workspace_id: str,
    since: datetime,
    until: datetime,
    *,
    coached: Collection[str] | None,
    now: datetime,
) -> Copied:
    """Read in one view what a look at that time needs: of some people, or of all who own anything.

    Of some people only what is theirs is read.
    """
    async with database.read() as tx:
        if coached is None:
            records = await recorded.records(tx, workspace_id, since)
        else:
            records = []
            for person_id in sorted(coached):
                records += await recorded.records(tx, workspace_id, since, person_id)
        rows = await recorded.everybody(tx, workspace_id)
        known = {row["id"] for row in rows}
        whom = frozenset(known & (set(coached) if coached is not None else _owners(records)))
        began = [row["id"] for row in rows if row["id"] in whom and went_on(row, since)]
        return Copied(
            workspace_id,
            since,
            until,
            records,
            rows,
            await recorded.muted(tx, workspace_id, now),
            await recorded.spoken(tx, workspace_id, began, since),
            await recorded.rests(tx, workspace_id, began),
            whom,
            None if coached is None else await learning.shown(tx, workspace_id, since),
            await gathered(tx, workspace_id),
            await recorded.found(tx, workspace_id, since),
        )


def _owners(records: Sequence[Record]) -> set[str]:
    """Whoever owns anything, or did."""
    found = {each.subject.person_id for each in records if each.subject.person_id}
    for record in records:
        for act in record.acts:
            found.update(id for id in act.changes.get("person_id", ()) if id)
    return found


def went_on(row: Row, since: datetime) -> bool:
    """Whether somebody was coached already by then."""
    began = row["began_at"]
    return row["enrolment"] == Enrolment.STARTED.value and began is not None and began < since


@asynccontextmanager
async def opened(
    parts: Parts,
    copied: Copied,
    *,
    level: Level | None = None,
    zone: str | None = None,
    seed: int = 0,
) -> AsyncIterator[World]:
    """A world that is gone when its block ends, however it does."""
    folder = Path(tempfile.mkdtemp(prefix="coach-simulation-"))
    try:
        database = Database(f"sqlite+aiosqlite:///{folder / 'copy.db'}", pool_size=2, durable=False)
        try:
            yield await _made(parts, copied, database, level, zone, seed)
        finally:
            await asyncio.shield(database.close())
    finally:
        await asyncio.shield(_remove(folder))


async def _remove(folder: Path) -> None:
    # A statement that was cut off is still made to its end, in the database's own thread, and may
    # make a file anew while the others are being removed.
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        await asyncio.sleep(REMOVAL_PAUSE)
    log.warning("the copy could not be removed whole; what is left of it is in %s", folder)


async def _made(
    parts: Parts,
    copied: Copied,
    database: Database,
    level: Level | None,
    zone: str | None,
    seed: int,
) -> World:
    since, workspace_id = copied.since, copied.workspace_id
    clock = RunningClock(since)
    ours = replace(
        parts,
        database=database,
        clock=clock,
        entropy=random.Random(seed).randbytes,  # noqa: S311 (ids of a copy that is thrown away)
        wake=Wake(),
        background=Background(),
    )
    rows = [_as_then(row, copied, level, zone) for row in copied.people]
    async with database.write() as tx:
        await journal.lay_out(tx)
        await workspaces.ensure(tx, workspace_id, since)
        await journal.fill(
            tx,
            [
                (people_table, rows),
                (owners, _keys(copied)),
                (mutes, copied.mutes),
                (insights, [_settled(row, since) for row in copied.spoken.insights]),
                (insight_subjects, copied.spoken.subjects),
                (decisions, copied.spoken.decisions),
                (patterns, copied.found),
            ],
        )
        await planning.announce(ours, tx)
        whom = await people.load(tx, workspace_id, copied.coached)
        everybody = await people.load(tx, workspace_id, copied.history.owners())
    figures = Figures(copied.history, everybody)
    late = values_come_with_the_close(copied.records)
    pasts = [
        past(each, since, value_by_close=each.subject.connection_id in late)
        for each in copied.records
    ]
    await tell(ours, workspace_id, [each.before for each in pasts if each.before is not None])
    # By what is usual with the team as it was known then.
    if copied.usual is None:
        await learning.learn(ours, workspace_id, since)
    else:
        # What is here shows no more of the team.
        await learning.keep(ours, workspace_id, copied.usual, since)
        async with database.write() as tx:
            await usual.done(tx, workspace_id, copied.until)
    went_on_ = [row["id"] for row in copied.people if went_on(row, since)]
    async with database.write() as tx:
        await journal.go_on(tx, workspace_id, went_on_, copied.rests)
        await journal.begin(tx)
    told = [each for each in _in_order(pasts) if each.event.occurred_at < copied.until]
    coming = spread(told, whom, since)
    unknown = _unknown(copied, pasts, told, value=bool(late))
    return World(ours, clock, workspace_id, copied.until, whom, figures, coming, unknown)


def _in_order(pasts: Sequence[Past]) -> list[Told]:
    """What has happened since; of one moment first what is new, and contacts before their deals.

    A CRM tells of both at once, and who is spoken of must be known by then.
    """

    def place(each: Told, is_new: bool) -> tuple[datetime, bool, bool]:
        is_contact = each.event.changes[0].kind is SubjectKind.CONTACT
        return each.event.occurred_at, not is_new, not is_contact

    told = [
        (place(each, one.before is None and number == 0), each)
        for one in pasts
        for number, each in enumerate(one.since)
    ]
    return [each for _, each in sorted(told, key=itemgetter(0))]


async def tell(parts: Parts, workspace_id: str, told: Sequence[Told]) -> None:
    """Have the coach told of these, as a CRM would."""
    by_connection: dict[str, list[Event]] = defaultdict(list)
    for each in told:
        by_connection[each.connection_id].append(each.event)
    for connection_id, events in by_connection.items():
        for piece in chunks(events, BATCH):
            async with parts.database.write() as tx:
                await apply(parts, tx, workspace_id, connection_id, piece)


def _as_then(row: Row, copied: Copied, level: Level | None, zone: str | None) -> Row:
    """Somebody as they take part: with their own settings, started, and reachable."""
    then = {
        **row,
        # Whoever is in no Slack yet is reached as if they were.
        "slack_user_id": row["slack_user_id"] or row["id"],
        "time_zone": row["time_zone"] or zone,
        "enrolment": Enrolment.DECLINED.value,
        **dict.fromkeys(_PASSING),
    }
    if row["id"] in copied.coached:
        then |= {"enrolment": Enrolment.STARTED.value, "enabled": True}
        if level is not None:
            then["level"] = int(level)
        if not went_on(row, copied.since):
            person = people.from_row(cast(Any, SimpleNamespace(**then)))
            then["began_at"] = next_work(copied.since, person)
    return then


#: What is so only now, or is found out anew as time passes in the copy.
_PASSING = (
    *("paused_until", "dnd_until", "dnd_asked_at", "brief_made_at", "digest_made_at"),
    *("decide_at", "home_seen_at", "home_due_at", "lookup_after", "backlog_at", "backlog_made_at"),
)


def _keys(copied: Copied) -> list[Row]:
    """In the copy an owner is called by the id of the person."""
    connections = {each.subject.connection_id for each in copied.records}
    return [
        {
            "workspace_id": copied.workspace_id,
            "connection_id": connection_id,
            "owner_key": f"id:{row['id']}",
            "person_id": row["id"],
            "chosen": False,
        }
        for connection_id in sorted(connections)
        for row in copied.people
    ]


def _settled(row: Row, since: datetime) -> Row:
    """What was said before, as it was known then; what was open is over, for its message is."""
    decided, said = row["decided_at"], row["said_at"]
    then = {**row, "undo_until": None}
    if said is not None and said >= since:
        then |= {"said_at": None, "said_by": None, "sayings": None}
    if decided is None or decided >= since:
        then |= {"state": InsightState.EXPIRED.value, "decided_at": since, "dismissed_as": None}
    return then


def _unknown(
    copied: Copied, pasts: Sequence[Past], told: Sequence[Told], *, value: bool
) -> Unknown:
    open_ = stage = age = 0
    for each in pasts:
        if each.before is None:
            continue
        first, *stages = each.before.event.changes
        if first.kind is not SubjectKind.DEAL or first.fields.get("deleted"):
            continue
        if first.fields["status"] is DealStatus.OPEN:
            open_ += 1
            stage += not stages
            age += bool(stages) and not stages[-1].came
    made = sum(each.subject.created_at is None for each in copied.records)
    hours = sum(each.day_only for each in told)
    silence = sum(each.silence for each in pasts)
    return Unknown(open_, stage, age, made, value, silence, len(told), hours)
