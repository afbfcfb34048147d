"""Rules of time that others write, a file each: of things that hang together, and of people."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from bot.coaching import enrolling, planning, ticking
from bot.runtime.parts import Parts
from coach.models import Enrolment, Person, Settings
from coach.rule import PersonRule
from coach.wording import plain
from storage import people, rounds
from storage.tables import checks as checks_table
from storage.tables import rounds as rounds_table
from tests.bot.coaching.outside import no_task_planned, weekly_look
from tests.bot.coaching.test_ticking import pass_time, tick_after
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    CHRIS,
    WORKSPACE,
    batch,
    by,
    deliver,
    enrol,
    insights_of,
    running_parts,
    told,
)

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


# Nothing planned for a deal: when it is due depends on another thing


@pytest.fixture
async def parts(database_url: str) -> AsyncIterator[Parts]:
    """The bot's parts with one more rule: about deals, and it goes by their tasks."""
    async with running_parts(database_url) as made:
        yield replace(
            made,
            rules={**made.rules, "no_task_planned": no_task_planned.RULE},
            loaders={**made.loaders, no_task_planned.PLANNED.name: no_task_planned.LOADER},
        )


def deal(id: str = "D-1", at: datetime = BEGINNING, **more: Any) -> dict[str, Any]:
    """A deal that was created then."""
    given = {"id": id, "title": f"Deal {id}", "stage": "Proposal", "created_at": at.isoformat()}
    return told("deal_created", deal=given, at=at, **more)


def task(verb: str = "task_created", **fields: Any) -> dict[str, Any]:
    """What was told of a task a while ago, each a second after the last."""
    at: datetime = fields.pop("at", BEGINNING - HOUR)
    owner = fields.pop("owner", ANA)
    return told(verb, task={"id": "T-1", **fields}, at=at, owner=owner)


#: When a deal that was created at the beginning is due without a task: two working days later.
UNPLANNED = BEGINNING + 2 * DAY


def after(day: int) -> datetime:
    """The midnight in Madrid that ends this day of November."""
    return datetime(2026, 11, day, 23, tzinfo=UTC)


async def moments(parts: Parts) -> dict[str, datetime]:
    """When each deal is due with that rule."""
    query = select(checks_table.c.subject_id, checks_table.c.due_at).where(
        checks_table.c.rule == "no_task_planned"
    )
    async with parts.database.read() as tx:
        return {row[0]: row[1] for row in await tx.execute(query)}


async def test_a_task_that_changes_moves_the_check_of_its_deal(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, deal())
    assert await moments(parts) == {"D-1": UNPLANNED}
    planned = {"title": "Call", "deal_id": "D-1", "due_date": "2026-11-30"}
    await deliver(parts, task(**planned))
    assert await moments(parts) == {"D-1": after(30)}
    later = BEGINNING - HOUR / 2
    await deliver(parts, task("task_rescheduled", due_date="2026-11-29", at=later))
    assert await moments(parts) == {"D-1": after(29)}
    # Without a date it is planned for good.
    await deliver(parts, task("task_updated", due_date=None, at=later + timedelta(minutes=1)))
    assert await moments(parts) == {}
    await deliver(parts, task("task_completed", at=later + timedelta(minutes=2)))
    assert await moments(parts) == {"D-1": UNPLANNED}


async def test_a_task_given_to_another_deal_moves_the_checks_of_both(parts: Parts) -> None:
    await enrol(parts, ANA)
    planned = {"title": "Call", "due_date": "2026-11-30"}
    await deliver(parts, deal("D-1"), deal("D-2"), task(deal_id="D-1", **planned))
    assert await moments(parts) == {"D-1": after(30), "D-2": UNPLANNED}
    await deliver(parts, task("task_updated", deal_id="D-2", at=BEGINNING))
    assert await moments(parts) == {"D-1": UNPLANNED, "D-2": after(30)}
    await deliver(parts, task("task_deleted", at=BEGINNING))
    assert await moments(parts) == {"D-1": UNPLANNED, "D-2": UNPLANNED}


async def test_a_deal_and_its_task_that_change_together_are_one_question(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, deal())
    retitled = told("deal_updated", deal={"id": "D-1", "title": "Another"}, id="e-1")
    planned = task(title="Call", deal_id="D-1", due_date="2026-11-30", at=BEGINNING)
    with reads_of(parts, "deals") as seen:
        await deliver(parts, batch(retitled, {**planned, "id": "e-2"}))
    # It was there already, with what was to be changed.
    assert len(seen) == 1
    assert await moments(parts) == {"D-1": after(30)}


async def test_a_task_of_another_persons_deal_or_of_one_unknown_is_taken_in(parts: Parts) -> None:
    await enrol(parts, ANA)
    await enrol(parts, BEN)
    await deliver(parts, deal("D-1", owner=BEN))
    planned = {"title": "Call", "due_date": "2026-11-30"}
    lost = told("task_created", task={"id": "T-2", "deal_id": "D-?", **planned})
    done = await deliver(parts, task(deal_id="D-1", **planned), lost)
    # Where Ben is, the day ends at another time.
    assert (done.failed, await moments(parts)) == (0, {"D-1": after(30) + HOUR})


async def test_the_person_hears_of_a_deal_once_its_last_task_is_done_and_not_before(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, deal(), task(title="Call", deal_id="D-1", due_date="2026-12-18"))
    assert (await tick_after(parts, 5 * DAY)).due == 0
    await deliver(parts, task("task_completed", at=parts.clock.now()))
    assert (await ticking.tick(parts)).due == 1
    (insight,) = await insights_of(parts, ana)
    assert plain(insight.message) == "Nothing is planned for Deal D-1."
    assert (await tick_after(parts, DAY)).due == 0


@contextmanager
def reads_of(parts: Parts, table: str) -> Iterator[list[str]]:
    """Every statement that reads a table."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("SELECT") and f"FROM {table} " in statement.replace("\n", " "):
            seen.append(statement)

    event.listen(parts.database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(parts.database.engine.sync_engine, "before_cursor_execute", note)


async def test_many_tasks_look_up_their_deals_at_once_and_without_such_a_rule_never(
    parts: Parts,
) -> None:
    await enrol(parts, ANA)
    await deliver(parts, batch(*({**deal(f"D-{n}"), "id": f"d-{n}"} for n in range(9))))
    tasks = [
        told(
            "task_created",
            task={"id": f"T-{n}", "title": "Call", "deal_id": f"D-{n}", "due_date": "2026-11-30"},
            id=f"t-{n}",
        )
        for n in range(9)
    ]
    with reads_of(parts, "deals") as seen:
        await deliver(parts, batch(*tasks))
    assert len(seen) == 1
    assert set((await moments(parts)).values()) == {after(30)}
    unmoved = replace(no_task_planned.RULE, moved_by=frozenset())
    without = replace(parts, rules={**parts.rules, "no_task_planned": unmoved})
    moved = [
        told(
            "task_rescheduled", task={"id": f"T-{n}", "due_date": "2026-12-24"}, id=f"m-{n}",
        )
        for n in range(9)
    ]  # fmt: skip
    with reads_of(parts, "deals") as seen:
        await deliver(without, batch(*moved))
    assert seen == []


# A word on Monday morning: about a person, whatever things they have


@pytest.fixture
async def weekly(database_url: str) -> AsyncIterator[Parts]:
    """The bot's parts with one more rule: it looks at people on Mondays."""
    async with running_parts(database_url) as made:
        yield replace(made, rules={**made.rules, "weekly_look": weekly_look.RULE})


async def announce(parts: Parts) -> None:
    """Begin to run, as a process does."""
    async with parts.database.write() as tx:
        await planning.announce(parts, tx)


async def pressing(parts: Parts, *whose: str) -> None:
    """Something of importance waits for each of them."""
    for who in whose:
        given = {"id": f"T-{who}", "title": "Call", "priority": "high"}
        await deliver(parts, told("task_created", task=given, owner=who))


def at(parts: Parts, moment: datetime) -> None:
    """Let it be that time."""
    pass_time(parts, moment - parts.clock.now())


async def looks(parts: Parts) -> dict[str, datetime]:
    """When the rule looks at each person next."""
    query = select(rounds_table.c.person_id, rounds_table.c.due_at).where(
        rounds_table.c.rule == "weekly_look"
    )
    async with parts.database.read() as tx:
        return {row[0]: row[1] for row in await tx.execute(query)}


#: Nine on the first Monday after the beginning in Madrid, London and New York.
MADRID = datetime(2026, 11, 30, 8, tzinfo=UTC)
LONDON = datetime(2026, 11, 30, 9, tzinfo=UTC)
NEW_YORK = datetime(2026, 11, 30, 14, tzinfo=UTC)


async def test_everybody_hears_on_monday_morning_where_they_are_and_once_a_week(
    weekly: Parts,
) -> None:
    whom = [await enrol(weekly, who) for who in (ANA, BEN, CHRIS)]
    await announce(weekly)
    await pressing(weekly, ANA, BEN, CHRIS)
    await ticking.tick(weekly)
    times = (MADRID, LONDON, NEW_YORK)
    assert await looks(weekly) == {
        person.id: time for person, time in zip(whom, times, strict=True)
    }
    for person, time in zip(whom, times, strict=True):
        at(weekly, time - SECOND)
        await ticking.tick(weekly)
        assert await insights_of(weekly, person) == []
        await tick_after(weekly, SECOND)
        (insight,) = await insights_of(weekly, person)
        assert plain(insight.message) == "Your week begins with 1 important task."
    for _ in range(7):
        await tick_after(weekly, DAY)
    assert [len(await insights_of(weekly, each)) for each in whom] == [2, 2, 2]


async def test_whoever_starts_later_is_looked_at_from_then_on(weekly: Parts) -> None:
    await enrol(weekly, ANA, Enrolment.INVITED)
    await announce(weekly)
    assert await looks(weekly) == {}
    person = await enrolling.turn_on(weekly, by(ANA))
    await ticking.tick(weekly)
    assert await looks(weekly) == {person.id: MADRID}


async def test_another_start_of_the_bot_leaves_the_looks_as_they_are(weekly: Parts) -> None:
    await enrol(weekly, ANA)
    await announce(weekly)
    await ticking.tick(weekly)
    before = await looks(weekly)
    await announce(weekly)
    assert await looks(weekly) == before


async def test_what_wakes_all_rules_does_not_make_it_monday(weekly: Parts) -> None:
    ana = await enrol(weekly, ANA)
    await announce(weekly)
    await pressing(weekly, ANA)
    for wakes in (
        Settings(stuck_deal_days=3, working_days=(1, 2)),
        Settings(stuck_deal_days=3, working_days=(2, 3)),
    ):
        await enrolling.save_settings(weekly, by(ANA), wakes)
        async with weekly.database.write() as tx:
            await rounds.wake(tx, WORKSPACE, [ana.id], weekly.clock.now())
        await ticking.tick(weekly)
        assert await looks(weekly) == {ana.id: MADRID}
    assert await insights_of(weekly, ana) == []
    # Nor a second Monday.
    at(weekly, MADRID)
    await ticking.tick(weekly)
    async with weekly.database.write() as tx:
        await rounds.wake(tx, WORKSPACE, [ana.id], weekly.clock.now())
    await tick_after(weekly, HOUR)
    assert len(await insights_of(weekly, ana)) == 1


async def test_a_move_to_another_zone_moves_the_look(weekly: Parts) -> None:
    ana = await enrol(weekly, ANA)
    await announce(weekly)
    await ticking.tick(weekly)
    async with weekly.database.write() as tx:
        await people.change(tx, WORKSPACE, ana.id, time_zone="America/New_York")
        moved = (await people.load(tx, WORKSPACE, [ana.id]))[ana.id]
        await planning.reconsider(weekly, tx, moved)
    await ticking.tick(weekly)
    assert await looks(weekly) == {ana.id: NEW_YORK}


@pytest.mark.parametrize(("late", "heard"), [(12 * HOUR - SECOND, 1), (12 * HOUR, 0)])
async def test_a_look_that_was_missed_is_made_up_for_on_the_same_day_only(
    weekly: Parts, late: timedelta, heard: int
) -> None:
    ana = await enrol(weekly, ANA)
    await announce(weekly)
    await pressing(weekly, ANA)
    await ticking.tick(weekly)
    at(weekly, MADRID + late)
    await ticking.tick(weekly)
    assert len(await insights_of(weekly, ana)) == heard
    assert await looks(weekly) == {ana.id: MADRID + 7 * DAY}


@pytest.mark.parametrize("quiet", [{"enabled": False}, {"level": 1}])
async def test_who_does_not_listen_is_told_nothing_and_the_rule_asks_nothing_of_it(
    weekly: Parts, quiet: dict[str, Any]
) -> None:
    ana = await enrol(weekly, ANA, **quiet)
    await announce(weekly)
    await pressing(weekly, ANA)
    at(weekly, MADRID)
    await ticking.tick(weekly)
    assert await insights_of(weekly, ana) == []
    assert await looks(weekly) == {ana.id: MADRID + 7 * DAY}


async def test_between_mondays_the_clock_does_not_touch_it(weekly: Parts) -> None:
    for who in (ANA, BEN, CHRIS):
        await enrol(weekly, who)
    await announce(weekly)
    await ticking.tick(weekly)
    with reads_of(weekly, "people") as seen:
        for _ in range(4):
            await tick_after(weekly, DAY)
    assert seen == []


async def test_a_fault_with_one_person_stops_no_other_and_is_kept(weekly: Parts) -> None:
    ana, ben = await enrol(weekly, ANA), await enrol(weekly, BEN)

    def fails_for_ben(person: Person, since: datetime) -> datetime:
        if person.id == ben.id:
            raise ZeroDivisionError("division by zero")
        return weekly_look.next_monday(person, since)

    rule = replace(weekly_look.RULE, next=fails_for_ben)
    assert isinstance(rule, PersonRule)
    faulty = replace(weekly, rules={**weekly.rules, "weekly_look": rule})
    await announce(faulty)
    await pressing(faulty, ANA)
    at(faulty, MADRID)
    await ticking.tick(faulty)
    assert len(await insights_of(faulty, ana)) == 1
    async with faulty.database.read() as tx:
        ((fault, why),) = await rounds.faults(tx, WORKSPACE, 9)
    assert (fault.person_id, why) == (ben.id, "ZeroDivisionError: division by zero")
