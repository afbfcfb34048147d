"""The clock: only what is due is looked at, and each time rule speaks when it should, not again."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from bot.coaching import decisions, enrolling, ticking
from bot.runtime.parts import Parts
from coach.models import (
    Enrolment,
    Insight,
    InsightState,
    Level,
    Priority,
    Settings,
    SubjectKind,
)
from coach.wording import plain
from storage import checks, deciding, sending
from tests.world import (
    ANA,
    BEGINNING,
    BEN,
    WORKSPACE,
    FixedClock,
    by,
    deliver,
    enrol,
    insights_of,
    standing,
    things,
    told,
    won,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)

#: Three weeks, fifteen working days, before the beginning.
LONG_AGO = BEGINNING - 3 * WEEK


def lead(id: str, name: str, since: datetime = LONG_AGO, *, owner: str = ANA) -> dict[str, Any]:
    contact = {"id": id, "name": name, "status": "LEAD"}
    return told("contact_created", contact=contact, at=since, owner=owner)


def open_deal(
    id: str, value: int = 100, since: datetime = LONG_AGO, *, owner: str = ANA
) -> dict[str, Any]:
    deal = {"id": id, "title": f"Deal {id}", "stage": "Proposal", "status": "open", "value": value}
    return told("deal_created", deal=deal, at=since, owner=owner)


def task(id: str, due: str, *, owner: str = ANA) -> dict[str, Any]:
    given = {"id": id, "title": f"Task {id}", "due_date": due}
    return told("task_created", task=given, at=LONG_AGO, owner=owner)


def words(found: Sequence[Insight]) -> list[str]:
    return [plain(each.message) for each in found]


def pass_time(parts: Parts, by: timedelta) -> None:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    clock.advance(by)


async def tick_after(parts: Parts, by: timedelta) -> ticking.Ticked:
    pass_time(parts, by)
    return await ticking.tick(parts)


# Cost


async def test_a_tick_with_nothing_due_writes_nothing_and_claims_nothing(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann", BEGINNING), open_deal("D-1", since=BEGINNING))
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(parts.database.engine.sync_engine, "before_cursor_execute", note)
    assert await ticking.tick(parts) == ticking.Ticked()
    first_words = {statement.split()[0] for statement in statements}
    assert first_words <= {"SELECT", "BEGIN"}
    assert not any("IMMEDIATE" in statement or "UPDATE" in statement for statement in statements)
    assert len(statements) <= 20


async def test_only_what_is_due_is_looked_at(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    await enrol(parts, ANA)
    await deliver(
        parts, *(open_deal(f"D-{n}", since=BEGINNING) for n in range(20)), open_deal("D-old")
    )
    assert (await ticking.tick(parts)).due == 1


# Stale leads


async def test_leads_nobody_contacted_for_the_limit_are_named_with_their_true_number(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    names = ["Ann", "Bob", "Cem", "Dee", "Eve"]
    leads = [lead(f"C-{n}", name, LONG_AGO + n * HOUR) for n, name in enumerate(names)]
    await deliver(parts, *leads, lead("C-new", "New", BEGINNING - DAY))
    customer = {"id": "C-x", "name": "Customer", "status": "CUSTOMER"}
    await deliver(parts, told("contact_created", contact=customer, at=LONG_AGO))
    assert (await ticking.tick(parts)).insights == 1
    (insight,) = await insights_of(parts, ana)
    assert words([insight]) == [
        "Warm leads going cold: Eve, Dee, Cem and 2 more haven't been contacted in 21 days."
    ]
    assert (insight.rule, insight.priority) == ("stale_leads", Priority.HIGH)
    contacts = insight.suggestion.params["contacts"]
    assert [id for _, id in contacts] == [f"C-{n}" for n in (4, 3, 2, 1, 0)]


async def test_seven_working_days_are_not_seven_days(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    # Monday a week ago at the same hour: seven working days are over on Wednesday at that hour.
    monday = BEGINNING - 9 * DAY
    await deliver(parts, lead("C-1", "Ann", monday + timedelta(minutes=1)))
    await tick_after(parts, timedelta())
    assert await insights_of(parts, ana) == []
    await tick_after(parts, timedelta(minutes=1))
    assert len(await insights_of(parts, ana)) == 1


async def test_a_call_in_time_keeps_a_lead_warm(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"))
    await deliver(parts, told("call_logged", contact={"id": "C-1"}, at=BEGINNING - DAY))
    await ticking.tick(parts)
    assert await insights_of(parts, ana) == []


async def test_stale_leads_are_spoken_of_once_in_24_hours(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"))
    await ticking.tick(parts)
    await tick_after(parts, 23 * HOUR)
    await deliver(parts, lead("C-2", "Bob"))
    await ticking.tick(parts)
    assert len(await insights_of(parts, ana)) == 1
    # On the next morning.
    await tick_after(parts, DAY)
    assert words(await insights_of(parts, ana))[0] == (
        "Warm leads going cold: Ann and Bob haven't been contacted in 23 days."
    )


async def test_after_each_dismissal_the_silence_grows_until_something_changes(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"))
    spoken: list[int] = []
    for day in range(47):
        await ticking.tick(parts)
        open_now = [
            each
            for each in await insights_of(parts, ana)
            if each.state not in {InsightState.DISMISSED, InsightState.EXPIRED}
        ]
        if open_now:
            spoken.append(day)
            await decisions.dismiss(parts, by(ANA), open_now[0].fingerprint)
        pass_time(parts, DAY)
    # Whole 1, 3, 7 and 14 days after dismissing, on the next working morning; then silence.
    assert spoken == [0, 2, 6, 14, 29]
    await deliver(parts, lead("C-2", "Bob"))
    await ticking.tick(parts)
    (again, *_) = await insights_of(parts, ana)
    assert words([again]) == [
        "Warm leads going cold: Ann and Bob haven't been contacted in 68 days."
    ]


async def test_what_is_sent_away_out_of_the_morning_brief_is_not_back_on_the_next(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    # Nine o'clock in Madrid on a Monday; whoever reads the brief at once answers it at once.
    pass_time(parts, 5 * DAY - 2 * HOUR)
    await deliver(parts, task("T-1", "2026-11-20"))
    spoken: list[int] = []
    for day in range(45):
        await ticking.tick(parts)
        pass_time(parts, timedelta(minutes=3))
        for each in await insights_of(parts, ana):
            if each.state is InsightState.OPEN:
                spoken.append(day)
                await decisions.dismiss(parts, by(ANA), each.fingerprint)
        pass_time(parts, DAY - timedelta(minutes=3))
    # More than 1, 3, 7 and 14 days later, on a working morning; then silence.
    assert spoken == [0, 2, 7, 15, 30]
    await deliver(parts, task("T-2", "2026-12-01"))
    await ticking.tick(parts)
    (again, *_) = await insights_of(parts, ana)
    assert words([again]) == ["You have 2 overdue tasks. Let's clear the backlog!"]


# Stuck deals


async def test_at_most_two_stuck_deals_a_day_are_spoken_of_the_largest_first(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, *(open_deal(f"D-{n}", value=n * 100) for n in (1, 4, 2, 3)))
    await ticking.tick(parts)
    first = words(await insights_of(parts, ana))
    assert sorted(first) == [
        "Deal “Deal D-3” has been in Proposal for 21 days. Time to move it forward?",
        "Deal “Deal D-4” has been in Proposal for 21 days. Time to move it forward?",
    ]
    await tick_after(parts, 3 * HOUR)
    assert len(await insights_of(parts, ana)) == 2
    await tick_after(parts, DAY)
    later = [each for each in words(await insights_of(parts, ana)) if each not in first]
    assert len(later) == 2
    assert "for 22 days" in later[0]


async def test_a_move_starts_the_wait_anew_and_a_new_title_does_not(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"), open_deal("D-2"))
    moved = told("deal_stage_changed", deal={"id": "D-1", "stage": "Negotiation"})
    renamed = told("deal_amount_changed", deal={"id": "D-2", "title": "Renamed"})
    await deliver(parts, moved, renamed)
    await ticking.tick(parts)
    assert words(await insights_of(parts, ana)) == [
        "Deal “Renamed” has been in Proposal for 21 days. Time to move it forward?"
    ]


async def test_closed_and_deleted_deals_are_left_alone(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"), open_deal("D-2"))
    await deliver(parts, told("deal_deleted", deal={"id": "D-1"}))
    lost = {"id": "D-2", "status": "lost", "stage": "Closed Lost"}
    await deliver(parts, told("deal_closed", deal=lost))
    await ticking.tick(parts)
    assert await insights_of(parts, ana) == []


async def test_a_deal_among_the_largest_tenth_is_high(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    young = [open_deal(f"D-{n}", value=n, since=BEGINNING - DAY) for n in range(1, 10)]
    await deliver(parts, *young, open_deal("D-big", value=1000), open_deal("D-small", value=5))
    await ticking.tick(parts)
    found = {each.subject: each.priority for each in await insights_of(parts, ana)}
    assert found == {
        "deal:native:D-big": Priority.HIGH,
        "deal:native:D-small": Priority.MEDIUM,
    }


# Overdue tasks


async def test_overdue_is_counted_where_the_person_is_once_in_12_hours_as_work_begins(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA, time_zone="America/New_York")
    await deliver(parts, task("T-1", "2026-11-25"), task("T-2", "2026-11-26"))
    midnight = datetime.fromisoformat("2026-11-26T00:00:00-05:00")
    await tick_after(parts, midnight - BEGINNING - timedelta(minutes=1))
    assert await insights_of(parts, ana) == []
    await tick_after(parts, timedelta(minutes=1))
    assert await insights_of(parts, ana) == []
    await tick_after(parts, 9 * HOUR)
    assert words(await insights_of(parts, ana)) == ["You have 1 overdue task. Let's get it done!"]
    await tick_after(parts, 11 * HOUR)
    assert len(await insights_of(parts, ana)) == 1
    await tick_after(parts, 13 * HOUR)
    newest, _ = await insights_of(parts, ana)
    assert words([newest]) == ["You have 2 overdue tasks. Let's clear the backlog!"]


async def test_a_completed_task_is_not_overdue(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await deliver(parts, task("T-1", "2026-11-20"))
    await deliver(parts, told("task_completed", task={"id": "T-1"}))
    await ticking.tick(parts)
    assert [each for each in await insights_of(parts, ana) if each.rule == "overdue_tasks"] == []


# Whom


async def test_each_hears_of_their_own_things_only(parts: Parts) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    await deliver(parts, open_deal("D-1"), open_deal("D-2", owner=BEN))
    await deliver(parts, told("deal_created", deal={"id": "D-3", "stage": "New"}, owner=None))
    await ticking.tick(parts)
    assert [await things(parts, each) for each in await insights_of(parts, ana)] == [["D-1"]]
    assert [await things(parts, each) for each in await insights_of(parts, ben)] == [["D-2"]]


@pytest.mark.parametrize("how", ["off", "declined"])
async def test_who_is_off_or_has_declined_hears_nothing_until_they_turn_it_on(
    sqlite_parts: Parts, how: str
) -> None:
    parts = sqlite_parts
    enrolment = Enrolment.DECLINED if how == "declined" else Enrolment.STARTED
    ana = await enrol(parts, ANA, enrolment, enabled=how != "off")
    await deliver(parts, open_deal("D-1"), lead("C-1", "Ann"), task("T-1", "2026-11-20"))
    for _ in range(3):
        await tick_after(parts, DAY)
    assert await insights_of(parts, ana) == []
    await enrolling.turn_on(parts, by(ANA))
    await ticking.tick(parts)
    assert len(await insights_of(parts, ana)) == 3


async def test_at_the_minimal_level_only_what_is_high_interrupts(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA, level=1)
    await deliver(parts, open_deal("D-1"), lead("C-1", "Ann"), task("T-1", "2026-11-20"))
    await ticking.tick(parts)
    found = {
        each.rule: await standing(parts, each.fingerprint) for each in await insights_of(parts, ana)
    }
    assert found == {"stuck_deals": "below_level", "stale_leads": "due"}


# Settings


async def test_changing_a_threshold_moves_that_persons_checks_at_once(parts: Parts) -> None:
    ana, ben = await enrol(parts, ANA), await enrol(parts, BEN)
    four_days_ago = BEGINNING - 4 * DAY
    for who in (ANA, BEN):
        await deliver(parts, open_deal(f"D-{who}", since=four_days_ago, owner=who))
    assert (await ticking.tick(parts)).due == 0
    changed = Settings(stuck_deal_days=2)
    await enrolling.save_settings(parts, by(ANA), changed)
    assert parts.wake.tick.is_set()
    assert (await ticking.tick(parts)).due == 1
    assert words(await insights_of(parts, ana)) == [
        f"Deal “Deal D-{ANA}” has been in Proposal for 4 days. Time to move it forward?"
    ]
    assert await insights_of(parts, ben) == []


async def test_a_longer_threshold_silences_what_is_no_longer_stuck(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await enrolling.save_settings(parts, by(ANA), Settings(stuck_deal_days=60))
    await deliver(parts, open_deal("D-1"))
    await ticking.tick(parts)
    assert await insights_of(parts, ana) == []


async def test_a_higher_level_has_what_was_passed_over_looked_at_again(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA, level=1)
    await deliver(parts, task("T-1", "2026-11-20"))
    await ticking.tick(parts)
    assert await insights_of(parts, ana) == []
    await enrolling.set_level(parts, by(ANA), Level.BALANCED)
    await ticking.tick(parts)
    assert [each.rule for each in await insights_of(parts, ana)] == ["overdue_tasks"]


# Expiry


async def test_what_nobody_answers_in_time_expires_and_says_so(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won())
    assert (await tick_after(parts, 3 * DAY - timedelta(seconds=1))).expired == 0
    assert (await tick_after(parts, timedelta(seconds=1))).expired == 1
    (insight,) = await insights_of(parts, ana)
    assert (insight.state, insight.decided_at) == (InsightState.EXPIRED, parts.clock.now())
    assert parts.wake.sender.is_set()


async def test_a_sent_card_that_expires_is_to_be_drawn_again_and_the_next_has_its_turn(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"))
    (insight,) = await insights_of(parts, ana)
    async with parts.database.write() as tx:
        (claimed,) = await sending.claim(tx, parts.clock.now(), lease=HOUR, most=9)
        await sending.record(tx, claimed.message, state="sent", channel="D01ANA", ts="1.0")
        assert not await deciding.any_to_decide(tx, parts.clock.now())
    await tick_after(parts, 3 * DAY)
    async with parts.database.write() as tx:
        (again,) = await sending.claim(tx, parts.clock.now(), lease=HOUR, most=9)
        assert await deciding.any_to_decide(tx, parts.clock.now())
    assert (again.is_new, again.insights[0].state) == (False, InsightState.EXPIRED)
    assert again.insights[0].fingerprint == insight.fingerprint


async def test_what_is_pressing_is_looked_at_however_much_has_been_due_for_longer(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    for number, day in enumerate(("2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13")):
        await deliver(parts, task(f"T-{number}", day))
    for id, day, priority in (("T-8", "2026-11-19", "high"), ("T-9", "2026-11-20", "urgent")):
        event = task(id, day)
        event["data"]["task"]["priority"] = priority
        await deliver(parts, event)
    now = parts.clock.now()
    async with parts.database.read() as tx:
        asked = (tx, WORKSPACE, "overdue_tasks", SubjectKind.TASK, [ana.id], now)
        shown = (await checks.due(*asked, most=2))[ana.id]
    assert [each.id for each in shown.subjects] == ["T-0", "T-1", "T-8", "T-9"]
    assert shown.count == 6
