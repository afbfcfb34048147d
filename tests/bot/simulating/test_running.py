"""The real rules and the real attention on a copy: what is said there, when, and to whom."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.coaching import attending, enrolling, ticking
from bot.runtime.parts import Parts
from bot.simulating import world as worlds
from bot.simulating.answers import Answers
from bot.simulating.running import Course, Outcome, run
from bot.slack.sender import Sender
from coach.calendar import is_at_work, local_date
from coach.models import Enrolment, Level
from coach.thresholds import DAILY_CAPS
from coach.verdicts import Reason
from coach.wording import plain
from storage.tables import checks, insights, metadata
from tests.bot.slack.posting import one_client
from tests.together import World
from tests.world import (
    ANA,
    BEGINNING,
    WORKSPACE,
    FixedClock,
    batch,
    by,
    deliver,
    enrol,
    running_slack,
    told,
    won,
)

DAY = timedelta(days=1)

#: A month before the clock of the tests stands.
SINCE = BEGINNING.replace(hour=0) - 30 * DAY


async def simulated(
    parts: Parts,
    *,
    answers: Answers = Answers.NONE,
    level: Level | None = None,
    whose: Sequence[str] | None = None,
    since: datetime = SINCE,
    until: datetime = BEGINNING,
    zone: str | None = None,
    seed: int = 0,
) -> Course:
    now = parts.clock.now()
    copied = await worlds.copied(parts.database, WORKSPACE, since, until, coached=whose, now=now)
    async with worlds.opened(parts, copied, level=level, zone=zone, seed=seed) as made:
        return await run(made, answers=answers, seed=seed)


def lines(course: Course, rule: str | None = None) -> list[tuple[str, str, str]]:
    """When what was said by which kind of message."""
    return [
        (f"{each.at:%m-%d %H:%M}", each.by.kind, plain(each.words))
        for each in course.decisions
        if each.by is not None and rule in {None, each.rule}
    ]


def deal(number: int, at: datetime, **more: Any) -> dict[str, Any]:
    given = {"id": f"D-{number}", "title": f"Deal {number}", "stage": "Offer", **more}
    return told("deal_created", at=at, deal={"created_at": at.isoformat(), **given})


async def rows(parts: Parts) -> dict[str, list[Any]]:
    """All there is in the database."""
    async with parts.database.read() as tx:
        return {
            table.name: sorted(map(repr, await tx.execute(select(table))))
            for table in metadata.sorted_tables
        }


async def busy(parts: Parts, deals: int = 12) -> None:
    """Ana has deals that are, or become, stuck in the month; some are won in it."""
    made = [deal(n, SINCE - (n * 3) * DAY, value=str(100 * n)) for n in range(1, deals + 1)]
    wins = [
        won(f"D-{n}", at=SINCE + n * DAY + timedelta(hours=10), title=f"Deal {n}", contact=f"C {n}")
        for n in range(3, deals + 1, 3)
    ]
    tasks = [
        told(
            "task_created",
            at=SINCE - DAY,
            task={"id": f"T-{n}", "title": f"Task {n}", "due_date": f"2026-11-{n:02}",
                  "created_at": (SINCE - DAY).isoformat()},
        )
        for n in range(1, 10, 2)
    ]  # fmt: skip
    await deliver(parts, batch(*made, *wins, *tasks))


async def test_a_win_of_the_past_is_answered_at_its_moment(parts: Parts) -> None:
    await enrol(parts, ANA)
    at = SINCE + 8 * DAY + timedelta(hours=20)
    await deliver(parts, deal(1, SINCE - DAY), won("D-1", at=at))
    words = (
        "Great close! This is the perfect moment to ask Ann Lee for a referral while they're happy."
    )
    said = lines(await simulated(parts), "referral_ask")
    assert said == [(f"{at:%m-%d %H:%M}", "card", words)]


async def test_the_database_is_as_it_was(parts: Parts) -> None:
    await enrol(parts, ANA)
    await busy(parts)
    before = await rows(parts)
    assert (await simulated(parts, answers=Answers.ALL)).said
    assert await rows(parts) == before


async def test_a_deal_is_open_until_it_was_closed_and_stuck_in_its_stage_of_then(
    sqlite_parts: Parts,
) -> None:
    await enrol(sqlite_parts, ANA)
    await deliver(
        sqlite_parts,
        deal(1, SINCE - 10 * DAY),
        told("deal_stage_changed", at=SINCE + 20 * DAY, deal={"id": "D-1", "stage": "Contract"}),
        told("deal_closed", at=SINCE + 29 * DAY, deal={"id": "D-1", "status": "lost"}),
    )
    said = lines(await simulated(sqlite_parts), "stuck_deals")
    assert said[0][2] == "Deal “Deal 1” has been in Offer for 20 days. Time to move it forward?"
    assert all("in Offer" in words for _, _, words in said)


async def test_what_was_not_created_yet_is_not_spoken_of(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA)
    await deliver(sqlite_parts, deal(1, SINCE + 5 * DAY))
    course = await simulated(sqlite_parts, level=Level.ACTIVE)
    first = course.decisions[0]
    assert (first.at, first.rule) == (SINCE + 5 * DAY, "follow_up")


async def test_everybody_takes_part_also_who_is_in_no_slack_in_the_zone_that_is_given(
    sqlite_parts: Parts,
) -> None:
    await deliver(sqlite_parts, *(deal(n, SINCE - 40 * DAY, value="9") for n in (1, 2)))
    course = await simulated(sqlite_parts, zone="America/New_York")
    assert {each.person.email for each in course.said} == {"ana@northwind.example"}
    # Nine in New York is 13 or 14 o'clock in UTC.
    assert {each.at.hour for each in course.said if each.kind == "brief"} <= {13, 14}


async def test_a_level_holds_for_all_and_their_own_otherwise(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA, level=3)
    await deliver(sqlite_parts, deal(1, SINCE + 3 * DAY + timedelta(hours=10)))
    own, minimal = await simulated(sqlite_parts), await simulated(sqlite_parts, level=Level.MINIMAL)
    assert [each.rule for each in own.decisions if each.by][:1] == ["follow_up"]
    assert "follow_up" not in {each.rule for each in minimal.decisions}


async def test_what_is_muted_now_is_not_said(sqlite_parts: Parts) -> None:
    from storage import mutes

    ana = await enrol(sqlite_parts, ANA)
    await busy(sqlite_parts)
    muted = mutes.Muted("rule:stuck_deals", "", None, BEGINNING)
    async with sqlite_parts.database.write() as tx:
        await mutes.add(tx, WORKSPACE, ana.id, muted)
    assert lines(await simulated(sqlite_parts), "stuck_deals") == []


@pytest.mark.parametrize("answers", list(Answers))
@pytest.mark.parametrize("level", list(Level))
async def test_what_is_promised_is_kept(
    sqlite_parts: Parts, answers: Answers, level: Level
) -> None:
    await enrol(sqlite_parts, ANA)
    await busy(sqlite_parts)
    course = await simulated(sqlite_parts, answers=answers, level=level)
    assert course.said
    a_day = Counter(
        local_date(each.at, each.person) for each in course.said if each.kind in {"card", "brief"}
    )
    assert max(a_day.values()) <= DAILY_CAPS[level]
    for each in course.decisions:
        if each.by is not None and each.rule in {"stuck_deals", "stale_leads", "overdue_tasks"}:
            assert is_at_work(each.at, each.person)
    if answers is Answers.NONE:
        said = [
            ((each.rule, each.subject), each.at) for each in course.decisions if each.by is not None
        ]
        for subject, at in said:
            again = [t for other, t in said if other == subject and at <= t < at + 7 * DAY]
            assert len(again) <= 2


async def test_who_answers_nothing_hears_less_and_less(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA)
    await busy(sqlite_parts, 20)
    course = await simulated(sqlite_parts)
    weeks = Counter((each.at - SINCE) // (7 * DAY) for each in course.said)
    assert weeks[3] < weeks[0]


async def test_what_is_answered_is_not_unanswered(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA)
    await busy(sqlite_parts)
    reasons = {
        answers: {
            each.reason for each in (await simulated(sqlite_parts, answers=answers)).decisions
        }
        for answers in Answers
    }
    assert {Reason.REPEATED, Reason.UNANSWERED} & reasons[Answers.NONE]
    assert not {Reason.REPEATED, Reason.UNANSWERED} & reasons[Answers.ALL]


async def test_the_same_seed_tells_the_same_and_another_one_something_else(
    sqlite_parts: Parts,
) -> None:
    await enrol(sqlite_parts, ANA)
    await busy(sqlite_parts)
    first, same, other = [
        [(each.at, each.outcome, plain(each.words)) for each in course.decisions]
        for seed in (1, 1, 2)
        for course in [await simulated(sqlite_parts, answers=Answers.SOME, seed=seed)]
    ]
    assert first == same
    assert first != other


async def test_every_insight_has_its_end_in_the_decisions(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA)
    await busy(sqlite_parts)
    course = await simulated(sqlite_parts)
    outcomes = {each.outcome for each in course.decisions}
    assert outcomes == set(Outcome)
    dropped = [each for each in course.decisions if each.outcome is Outcome.DROP]
    assert {each.reason for each in dropped} <= {Reason.EXPIRED, Reason.UNTRUE}


async def test_what_was_said_in_the_span_in_truth_was_not_said_there(sqlite_parts: Parts) -> None:
    clock = sqlite_parts.clock
    assert isinstance(clock, FixedClock)
    clock.moment = SINCE - DAY
    ana = await enrol(sqlite_parts, ANA, began_at=SINCE - 20 * DAY)
    await deliver(sqlite_parts, won("D-1", at=clock.moment))
    clock.moment = BEGINNING
    async with sqlite_parts.database.write() as tx:
        from storage import insights, sayings

        (asked,) = await insights.recent(tx, WORKSPACE, ana.id)
        await sayings.said(tx, WORKSPACE, [asked.fingerprint], "card", SINCE + 2 * DAY)
    now = sqlite_parts.clock.now()
    copied = await worlds.copied(
        sqlite_parts.database, WORKSPACE, SINCE, BEGINNING, coached=None, now=now
    )
    async with worlds.opened(sqlite_parts, copied) as made, made.parts.database.read() as tx:
        from storage.tables import insights as table

        for row in await tx.execute(select(table)):
            assert (row.said_at, row.said_by, row.sayings) == (None, None, None)


async def test_what_was_said_before_the_span_counts(sqlite_parts: Parts) -> None:
    """A client was asked of lately: the next win with them is not answered by asking again."""
    clock = sqlite_parts.clock
    assert isinstance(clock, FixedClock)
    clock.moment = SINCE - 10 * DAY
    ana = await enrol(sqlite_parts, ANA, began_at=SINCE - 20 * DAY)
    await deliver(sqlite_parts, won("D-1", at=clock.moment))
    async with sqlite_parts.database.write() as tx:
        from storage import insights, sayings

        (asked,) = await insights.recent(tx, WORKSPACE, ana.id)
        await sayings.said(tx, WORKSPACE, [asked.fingerprint], "card", clock.moment)
    clock.moment = BEGINNING
    again = won("D-2", at=SINCE + DAY)
    again["data"]["deal"]["contact_id"] = again["data"]["contact"]["id"] = "C-D-1"
    await deliver(sqlite_parts, again)
    course = await simulated(sqlite_parts)
    assert lines(course, "referral_ask") == []


async def test_who_was_coached_before_goes_on_without_a_summary_of_what_they_know(
    sqlite_parts: Parts,
) -> None:
    ana = await enrol(sqlite_parts, ANA, began_at=SINCE - 60 * DAY)
    await deliver(sqlite_parts, *(deal(n, SINCE - (20 + n) * DAY) for n in (1, 2)))
    async with sqlite_parts.database.write() as tx:
        # Of one she was told in a summary, when she began.
        await tx.execute(checks.update().where(checks.c.subject_id == "D-2").values(old=True))
        await tx.execute(checks.update().where(checks.c.subject_id == "D-1").values(old=False))
    course = await simulated(sqlite_parts, whose=[ana.id])
    assert {each.kind for each in course.said} <= {"card", "brief", "digest", "question"}
    assert {each.subject for each in course.decisions} == {"deal:native:D-1"}
    anew = await simulated(sqlite_parts, whose=[ana.id], since=SINCE - 70 * DAY)
    assert anew.said


async def test_who_begins_is_told_of_their_backlog_in_one_summary(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA)
    await deliver(sqlite_parts, *(deal(n, SINCE - (20 + n) * DAY) for n in (1, 2)))
    course = await simulated(sqlite_parts)
    assert [each.kind for each in course.said] == ["backlog"]


async def test_nothing_is_left_behind(sqlite_parts: Parts) -> None:
    await enrol(sqlite_parts, ANA)
    await busy(sqlite_parts)
    now = sqlite_parts.clock.now()
    copied = await worlds.copied(
        sqlite_parts.database, WORKSPACE, SINCE, BEGINNING, coached=None, now=now
    )

    def halfway(at: datetime) -> None:
        raise KeyError

    folders: list[Path] = []

    async def look() -> None:
        async with worlds.opened(sqlite_parts, copied) as made:
            folders.append(Path(made.parts.database.url.database or "").parent)
            assert folders[0].stat().st_mode & 0o777 == 0o700
            await run(made, progress=halfway)

    with pytest.raises(KeyError):
        await look()
    assert not folders[0].exists()


async def test_nothing_is_left_behind_of_a_statement_that_was_cut_off(
    sqlite_parts: Parts,
) -> None:
    await enrol(sqlite_parts, ANA)
    now = sqlite_parts.clock.now()
    copied = await worlds.copied(
        sqlite_parts.database, WORKSPACE, SINCE, BEGINNING, coached=None, now=now
    )
    made_anew: list[Path] = []
    async with worlds.opened(sqlite_parts, copied) as made:
        folder = Path(made.parts.database.url.database or "").parent

        def make_anew(event: str, arguments: tuple[Any, ...]) -> None:
            """A file, between the removal of those that are there and that of their folder."""
            if event == "os.rmdir" and arguments[0] == str(folder) and not made_anew:
                made_anew.append(folder / "copy.db-wal")
                made_anew[0].touch()

        # It cannot be taken away again, and does nothing after this.
        sys.addaudithook(make_anew)
    assert made_anew
    assert not folder.exists()


async def test_it_may_be_looked_at_while_the_coach_is_at_work(world: World) -> None:
    await busy(world.parts)
    await world.settle()
    sent = len(world.slack.sent)
    course = await simulated(world.parts)
    assert course.said
    await world.settle()
    assert len(world.slack.sent) == sent


@asynccontextmanager
async def speaking(parts: Parts, clock: FixedClock) -> AsyncIterator[Sender]:
    async with running_slack(clock) as (_, client):
        yield Sender(parts, one_client(client), channel_pace=0)


async def test_it_says_what_the_coach_says_in_truth(sqlite_parts: Parts) -> None:
    """The same days, once lived through and once looked back at."""
    parts, clock = sqlite_parts, sqlite_parts.clock
    assert isinstance(clock, FixedClock)
    begin = datetime(2026, 11, 2, tzinfo=UTC)
    clock.moment = begin
    happens: Mapping[datetime, dict[str, Any]] = {
        begin + timedelta(days=1, hours=10): won("D-3", title="Deal 3", at=None),
        begin + timedelta(days=2, hours=15): told(
            "deal_stage_changed", at=None, deal={"id": "D-2", "stage": "Contract"}
        ),
        begin + timedelta(days=3, hours=11): won("D-4", title="Deal 4", at=None),
    }
    await enrol(parts, ANA, Enrolment.NEW)
    made = [deal(n, begin - (14 + n * 4) * DAY, value=str(n * 10)) for n in range(1, 6)]
    await deliver(parts, batch(*made))
    minute = timedelta(minutes=1)
    times = {begin + minute * 60 * hour for hour in range(5 * 24)}
    # After each card a minute has to pass until the next one.
    times |= {
        at + minute * more for at in [*happens, *times] for more in (1, 2) if at.hour in _BUSY
    }
    lived: list[tuple[datetime, str, str]] = []
    async with speaking(parts, clock) as sender:
        for clock.moment in sorted(times):
            if (event := happens.get(clock.moment)) is not None:
                await deliver(parts, {**event, "timestamp": clock.moment.isoformat()})
            # Nine in Madrid: as the simulation has it, they begin with their first morning of work.
            if clock.moment == begin + timedelta(hours=8):
                await enrolling.start(parts, by(ANA))
            await ticking.tick(parts)
            while await attending.turn(parts) or await sender.send_due():
                pass
            lived += await _said_now(parts)
    clock.moment = begin + 5 * DAY
    looked_back = await simulated(parts, since=begin, until=clock.moment)
    assert lived
    assert [
        (each.at, each.rule, plain(each.words))
        for each in looked_back.decisions
        if each.by is not None
    ] == lived


#: The hours, in UTC, in which anything happens there.
_BUSY = {8, 10, 11, 15}


async def _said_now(parts: Parts) -> list[tuple[datetime, str, str]]:
    """What is said at this moment, in its words: these follow the days from then on."""
    query = select(insights).where(insights.c.said_at == parts.clock.now())
    async with parts.database.read() as tx:
        found = (await tx.execute(query.order_by(insights.c.rank))).all()
    return [(row.said_at, row.rule, plain(row.message)) for row in found]
