"""Rounds: shared by processes, never spinning, and each one's fault its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from bot.coaching import enrolling, muting, ticking
from bot.coaching.checking import AGAIN
from bot.coaching.muting import Choice
from bot.runtime.parts import Parts
from coach.knowledge import Known
from coach.models import (
    Deal,
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
)
from coach.phrases import say
from coach.rule import TimeLook, TimeRule, Verdict
from coach.truth import always
from storage import checks, deciding, people, rounds
from storage.database import Database
from storage.tables import tasks as tasks_table
from tests.bot.coaching.test_ticking import lead, open_deal, pass_time, task, tick_after
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    WORKSPACE,
    batch,
    by,
    deliver,
    enrol,
    insights_of,
    make_test_parts,
    running_parts,
)

DAY = timedelta(days=1)


def deal_rule(answer: Any, due: Any = None) -> TimeRule:
    """A rule about deals that are due at once."""

    def at_once(subject: Subject, person: Person, known: Known) -> datetime | None:
        return BEGINNING if isinstance(subject, Deal) else None

    return TimeRule(
        say("Tests"), say("Test."), Level.MINIMAL, SubjectKind.DEAL, due or at_once, answer, always
    )


def with_rule(parts: Parts, rule: TimeRule) -> Parts:
    """The same parts, with one rule of time."""
    return replace(parts, rules={"test_rule": rule})


def draft(look: TimeLook) -> Draft:
    """One thing to say."""
    return Draft(
        look.person.id, f"person:{look.person.id}", look.now.isoformat(), Priority.HIGH,
        say("Something is due."), say("It is."), Suggestion("view_overdue_tasks"),
        look.now + DAY,
    )  # fmt: skip


async def faults(parts: Parts) -> list[tuple[str, str]]:
    """What goes wrong with whom: (person, reason)."""
    async with parts.database.read() as tx:
        return [(each.person_id, error) for each, error in await rounds.faults(tx, WORKSPACE, 9)]


# Spinning


@pytest.mark.parametrize("when", ["again_at", "later"])
async def test_a_rule_that_is_wrong_about_its_times_does_not_have_the_clock_spin(
    sqlite_parts: Parts, when: str
) -> None:
    looks: list[TimeLook] = []

    def wrong(look: TimeLook) -> Verdict:
        looks.append(look)
        assert len(looks) < 5, "the clock spins"
        past = look.now - DAY
        if when == "again_at":
            return Verdict(again_at=past)
        return Verdict(later={"deal:native:D-1": past})

    parts = with_rule(sqlite_parts, deal_rule(wrong))
    await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    await ticking.tick(parts)
    assert len(looks) == 1
    await tick_after(parts, ticking.LEAST)
    assert len(looks) == 2
    assert await faults(parts) == []


async def test_what_is_due_and_stays_so_does_not_call_the_rule_again_and_something_new_does(
    sqlite_parts: Parts,
) -> None:
    seen: list[list[str]] = []

    def silent(look: TimeLook) -> Verdict:
        seen.append(sorted(each.id for each in look.due))
        return Verdict()

    parts = with_rule(sqlite_parts, deal_rule(silent))
    await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    for _ in range(2):
        await tick_after(parts, DAY)
    await deliver(parts, open_deal("D-2"))
    await ticking.tick(parts)
    assert seen == [["D-1"], ["D-1", "D-2"]]


async def test_within_its_gap_a_rule_is_not_asked_whatever_becomes_due(
    sqlite_parts: Parts,
) -> None:
    asked: list[datetime] = []

    def once_a_day(look: TimeLook) -> Verdict:
        asked.append(look.now)
        return Verdict([draft(look)], again_at=look.now + DAY)

    parts = with_rule(sqlite_parts, deal_rule(once_a_day))
    await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    for hour in range(1, 24):
        pass_time(parts, timedelta(hours=1))
        await deliver(parts, open_deal(f"D-new-{hour}"))
        assert (await ticking.tick(parts)).due == 0
    await tick_after(parts, timedelta(hours=1))
    assert asked == [BEGINNING]
    # A day is over on Thursday at ten: work begins next on Friday at nine.
    await tick_after(parts, timedelta(hours=23))
    assert asked == [BEGINNING, BEGINNING + timedelta(hours=47)]


# Faults


async def test_one_persons_bad_value_stops_nobody_else_and_is_kept_until_it_is_mended(
    parts: Parts,
) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    for who in (ANA, BEN):
        await deliver(parts, open_deal(f"D-{who}", since=BEGINNING, owner=who))
    async with parts.database.write() as tx:
        await people.change(tx, WORKSPACE, ben.id, working_days="9")
    await tick_after(parts, 30 * DAY)
    assert [each.rule for each in await insights_of(parts, ana)] == ["stuck_deals"]
    assert await insights_of(parts, ben) == []
    async with parts.database.read() as tx:
        (fault,) = await checks.faults(tx, WORKSPACE, 9)
    assert (fault.person_id, fault.due_at) == (ben.id, parts.clock.now() + AGAIN)
    assert fault.error == "ValueError: Working days are numbered from 1 to 7, not 9."
    # What comes from the CRM meanwhile is recorded, his own included.
    done = await deliver(parts, open_deal("D-more", owner=BEN), open_deal("D-ana"))
    assert (done.deliveries, done.failed) == (2, 0)

    async with parts.database.write() as tx:
        await people.change(tx, WORKSPACE, ben.id, working_days="12345")
    await tick_after(parts, AGAIN)
    assert {each.rule for each in await insights_of(parts, ben)} == {"stuck_deals"}
    async with parts.database.read() as tx:
        assert await checks.faults(tx, WORKSPACE, 9) == []


async def test_a_number_no_calendar_has_room_for_stops_nobody_else(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await enrol(parts, BEN, stale_lead_days=10**9)
    done = await deliver(parts, lead("C-1", "Ann", owner=BEN), lead("C-2", "Bob"))
    assert done.failed == 0
    await ticking.tick(parts)
    assert [each.rule for each in await insights_of(parts, ana)] == ["stale_leads"]
    async with parts.database.read() as tx:
        (fault,) = await checks.faults(tx, WORKSPACE, 9)
    assert fault.error is not None
    assert fault.error.startswith("OverflowError")


async def test_a_rule_that_fails_over_one_person_is_tried_again_later_and_less_and_less_often(
    parts: Parts,
) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    tried: list[datetime] = []

    def fails_for_ben(look: TimeLook) -> Verdict:
        if look.person.id == ben.id:
            tried.append(look.now)
            raise ZeroDivisionError("division by zero")
        return Verdict([draft(look)], again_at=look.now + 9 * DAY)

    of_test = with_rule(parts, deal_rule(fails_for_ben))
    await deliver(of_test, open_deal("D-1"), open_deal("D-2", owner=BEN))
    for _ in range(8):
        await ticking.tick(of_test)
        pass_time(parts, AGAIN)
    assert len(await insights_of(parts, ana)) == 1
    assert [(at - BEGINNING) // AGAIN for at in tried] == [0, 1, 3, 7]
    assert await faults(parts) == [(ben.id, "ZeroDivisionError: division by zero")]
    well = with_rule(parts, deal_rule(lambda look: Verdict([draft(look)])))
    await tick_after(well, 2 * DAY - 8 * AGAIN)
    assert len(await insights_of(parts, ben)) == 1
    assert await faults(parts) == []


async def test_a_row_that_cannot_be_read_stops_its_own_rule_and_person_only(
    parts: Parts,
) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    await deliver(parts, task("T-1", "2026-11-20"), task("T-2", "2026-11-20", owner=BEN))
    await deliver(parts, lead("C-1", "Ann", owner=BEN))
    async with parts.database.write() as tx:
        await tx.execute(
            update(tasks_table).where(tasks_table.c.id == "T-2").values(priority="extreme")
        )
    await ticking.tick(parts)
    assert [each.rule for each in await insights_of(parts, ana)] == ["overdue_tasks"]
    assert [each.rule for each in await insights_of(parts, ben)] == ["stale_leads"]
    assert await faults(parts) == [(ben.id, "ValueError: 'extreme' is not a valid TaskPriority")]


# Sharing


async def crowd(parts: Parts, count: int, of: str = "first") -> None:
    """So many people with one stuck deal each, due."""
    events = [
        {**open_deal(f"D-{n}-{of}", owner=f"seller{n}@northwind.example"), "id": f"{of}-{n}"}
        for n in range(count)
    ]
    for start in range(0, count, 100):
        await deliver(parts, batch(*events[start : start + 100]))


@pytest.fixture
async def postgresql_parts(postgresql_url: str) -> AsyncIterator[Parts]:
    """The bot's parts where several processes can share the work."""
    async with running_parts(postgresql_url) as made:
        yield made


async def test_what_one_transaction_has_claimed_another_passes_by_and_does_not_wait_for(
    postgresql_parts: Parts,
) -> None:
    parts = postgresql_parts
    await crowd(parts, 30)
    rules = ["stuck_deals"]
    now = parts.clock.now()
    async with parts.database.write() as one, parts.database.write() as other:
        await other.execute(text("SET LOCAL lock_timeout = '2s'"))
        mine = await rounds.claim(one, rules, now, 20)
        theirs = await rounds.claim(other, rules, now, 20)
        left = await rounds.claim(other, rules, now, 20)
        assert not await rounds.claim_one(other, mine[0], now)
    assert (len(mine), len(theirs)) == (20, 10)
    assert set(mine).isdisjoint(theirs)
    assert left == theirs


async def test_all_rules_rounds_of_a_person_are_claimed_together(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"), lead("C-1", "Ann"), task("T-1", "2026-11-20"))
    async with parts.database.write() as tx:
        claimed = await rounds.claim(tx, parts.rules, parts.clock.now(), 1)
    assert [each.rule for each in claimed] == ["overdue_tasks", "stale_leads", "stuck_deals"]


CHOICES: dict[str, Callable[[Parts], Awaitable[object]]] = {
    "level": lambda parts: enrolling.set_level(parts, by(ANA), Level.ACTIVE),
    "pause": lambda parts: enrolling.pause(parts, by(ANA), parts.clock.now() + DAY),
    "off": lambda parts: enrolling.turn_off(parts, by(ANA)),
    "unmute": lambda parts: muting.unmute(parts, by(ANA), "rule:stuck_deals"),
}


@pytest.mark.parametrize("choice", CHOICES)
async def test_a_choice_waits_for_a_round_without_standing_in_its_way(
    postgresql_parts: Parts, choice: str
) -> None:
    """Else each waits for the other, and the database ends one of them."""
    parts = postgresql_parts
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"), lead("C-1", "Ann"), task("T-1", "2026-11-20"))
    await muting.mute(parts, by(ANA), Choice("rule:stuck_deals"), None)
    async with parts.database.write() as tx:
        # As one that is being made has them; then it comes to its person.
        await rounds.hold(tx, WORKSPACE, [ana.id])
        chosen = asyncio.create_task(asyncio.wait_for(CHOICES[choice](parts), 30))
        async with asyncio.timeout(20):
            while not await anybody_waits(parts.database):
                await asyncio.sleep(0.02)
        await deciding.reconsider(tx, WORKSPACE, [ana.id], parts.clock.now())
    await chosen


async def anybody_waits(database: Database) -> bool:
    """Whether a transaction of this database waits for a lock."""
    async with database.read() as tx:
        query = """
            SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE datname = current_database() AND NOT granted
        """
        return bool((await tx.exec_driver_sql(query)).scalar_one())


async def test_processes_share_the_rounds_and_none_repeats_anothers(
    postgresql_parts: Parts,
) -> None:
    parts = postgresql_parts
    count = 2 * ticking.CHUNK + 50
    await crowd(parts, count)
    url = parts.database.url.render_as_string(hide_password=False)
    ticker = Path(__file__).with_name("ticker.py")
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, ticker, url,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    try:
        for each in running:
            assert each.stdout is not None
            assert await each.stdout.readline() == b"ready\n"
        # Nobody begins before all are there.
        answers = await asyncio.gather(*(each.communicate(b"go\n") for each in running))
    finally:
        for each in running:
            if each.returncode is None:
                each.kill()
                await each.wait()
    ticked = [json.loads(out) for out, _ in answers]
    # A round that two had made would have been counted twice.
    assert sum(each["due"] for each in ticked) == count
    assert sum(each["insights"] for each in ticked) == count
    assert (await ticking.tick(parts)).due == 0


async def test_ticks_and_recording_go_on_side_by_side(postgresql_parts: Parts) -> None:
    parts = postgresql_parts
    await crowd(parts, 50)
    url = parts.database.url.render_as_string(hide_password=False)
    other = make_test_parts(url)
    try:

        async def ticks() -> None:
            for _ in range(5):
                await ticking.tick(other)

        await asyncio.gather(crowd(parts, 50, "second"), ticks(), ticks())
    finally:
        await other.database.close()
    await ticking.tick(parts)
    assert (await ticking.tick(parts)).due == 0
