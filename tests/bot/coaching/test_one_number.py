"""What is told of what is late, cold or stuck agrees: summary, brief, and the list behind each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.coaching import decisions, enrolling, explaining, ticking
from bot.runtime.parts import Parts
from coach.backlogs import QUIET
from coach.models import Enrolment, Insight, InsightState, Settings
from coach.wording import plain
from storage import people, snoozes
from tests.bot.coaching.test_agreeing import items
from tests.bot.coaching.test_backlogs import blocks, bring_in, newcomer, says_counts, start
from tests.bot.coaching.test_following import done
from tests.bot.coaching.test_ticking import LONG_AGO, lead, open_deal, task
from tests.together import World
from tests.world import ANA, BEGINNING, WORKSPACE, batch, by, deliver, enrol, insights_of, told

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

#: Late by the first morning after the beginning; by then it is no backlog.
TOMORROW = f"{BEGINNING:%Y-%m-%d}"


def old_tasks(count: int = 9) -> list[dict[str, Any]]:
    return [task(f"T-{n}", f"2026-10-{n + 1:02}") for n in range(count)]


async def import_(world: World, *events: Mapping[str, Any]) -> None:
    """Bring these in and have them told of."""
    await bring_in(world, *events)
    await world.settle()
    await world.pass_time(QUIET)
    await world.settle()


async def said(world: World, rule: str) -> Insight:
    """The one open insight of a rule."""
    (found,) = [
        each
        for each in await world.insights(ANA)
        if each.rule == rule and each.state is InsightState.OPEN
    ]
    return found


async def listed(world: World, insight: Insight) -> list[str]:
    """What the list behind an insight shows."""
    opened = await decisions.open_screen(world.parts, by(ANA), insight.fingerprint)
    return [each.ref.id for each in items(opened)]


@pytest.mark.parametrize("started_before", [True, False])
async def test_what_is_late_is_told_of_with_all_that_is_late(
    sqlite_world: World, started_before: bool
) -> None:
    world = sqlite_world
    if started_before:
        await import_(world, *old_tasks())
    else:
        await newcomer(world)
        await import_(world, *old_tasks())
        await start(world)
    assert says_counts(world, "9 tasks overdue")
    assert "You have 9 overdue tasks." in blocks(world)
    for n in range(2):
        await world.post(task(f"N-{n}", TOMORROW))
    await world.settle()
    await world.pass_time(DAY)
    news = await said(world, "overdue_tasks")
    assert world.texts(ANA)[-1].startswith("One thing for today: You have 11 overdue tasks.")
    assert plain(news.reason).startswith("The oldest is “Task T-0”, due Thu 1 Oct, 56 days late. ")
    assert plain(news.reason).endswith("9 of them were waiting before I came.")
    assert await listed(world, news) == [*(f"T-{n}" for n in range(9)), "N-0", "N-1"]


async def test_a_lead_that_goes_cold_is_told_of_with_all_that_are(sqlite_world: World) -> None:
    world = sqlite_world
    await import_(world, *(lead(f"C-{n}", f"Old {n}", LONG_AGO - n * DAY) for n in range(5)))
    # Seven working days are over tomorrow.
    await world.post(lead("C-new", "Ann", BEGINNING - 8 * DAY))
    await world.settle()
    for _ in range(2):
        await world.pass_time(DAY)
    news = await said(world, "stale_leads")
    assert plain(news.message) == (
        "Warm leads going cold: Ann, Old 0, Old 1 and 3 more haven't been contacted in 10+ days."
    )
    assert plain(news.reason).endswith("5 of them were waiting before I came.")
    assert await listed(world, news) == ["C-new", *(f"C-{n}" for n in range(5))]


async def test_what_rests_calls_forth_nothing_by_itself(sqlite_world: World) -> None:
    world = sqlite_world
    await import_(world, *old_tasks(), task("T-late", TOMORROW), lead("C-1", "Ann"))
    so_far = len(world.posts(ANA))
    await world.post(told("task_completed", task={"id": "T-late", "status": "completed"}))
    await world.settle()
    for _ in range(4):
        await world.pass_time(DAY)
    assert len(world.posts(ANA)) == so_far


async def test_what_a_list_says_follows_what_comes_to_it(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(task("N-0", "2026-11-10"))
    await world.settle()
    await world.tick()
    assert world.texts(ANA)[-1].startswith("One thing for today: You have 1 overdue task.")
    await world.post(task("N-1", "2026-11-12"))
    await world.settle()
    assert world.texts(ANA)[-1].startswith("One thing for today: You have 2 overdue tasks.")
    # Before the summary is there, and in it.
    await bring_in(world, *old_tasks())
    await world.settle()
    assert world.texts(ANA)[-1].startswith("One thing for today: You have 11 overdue tasks.")
    assert len(await listed(world, await said(world, "overdue_tasks"))) == 11
    await world.pass_time(QUIET)
    await world.settle()
    assert [each.split(":")[0] for each in world.texts(ANA)] == ["What was waiting before I came"]
    assert says_counts(world, "9 tasks overdue")
    assert "You have 11 overdue tasks." in blocks(world)
    assert "9 of them were waiting before I came." in blocks(world)


async def test_a_list_names_what_comes_to_it(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(lead("C-0", "Ann"))
    await world.settle()
    await world.tick()
    await world.post(lead("C-1", "Bob", LONG_AGO + DAY))
    await world.settle()
    assert "Warm leads going cold: Bob and Ann haven't been contacted in 20+ days." in blocks(world)
    assert await listed(world, await said(world, "stale_leads")) == ["C-1", "C-0"]


async def test_what_was_found_out_before_start_is_told_of_as_it_is_at_start(world: World) -> None:
    await newcomer(world)
    for each in (*(open_deal(f"D-{n}", n) for n in range(5)), task("N-0", "2026-11-10")):
        await world.post(each)
    await world.settle()
    await world.tick()
    await world.post(open_deal("D-large", 90_000))
    await world.post(task("N-1", "2026-10-01"))
    await world.settle()
    await start(world)
    assert not any("for today" in each for each in world.posts(ANA))
    assert says_counts(world, "2 tasks overdue, 6 deals stuck")
    assert "You have 2 overdue tasks." in blocks(world)
    assert "Deal D-large" in blocks(world)
    assert blocks(world).count("'insight:take'") == 3
    assert len([each for each in await world.insights(ANA) if each.state is InsightState.OPEN]) == 4


async def test_start_sends_nothing_of_what_was_found_out_before(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA, Enrolment.NEW)
    await deliver(parts, open_deal("D-0"), task("N-0", "2026-11-10"))
    await ticking.tick(parts)
    assert len(await insights_of(parts, ana)) == 2
    await enrolling.start(parts, by(ANA))
    assert {each.state for each in await insights_of(parts, ana)} == {InsightState.EXPIRED}


async def test_what_was_put_off_before_start_waits_on(sqlite_world: World) -> None:
    world = sqlite_world
    await newcomer(world)
    await world.post(task("N-0", "2026-11-10"))
    await world.settle()
    await world.tick()
    put_off = await said(world, "overdue_tasks")
    now = world.clock.now()
    async with world.database.write() as tx:
        until = now + 2 * DAY
        await snoozes.put_off(tx, WORKSPACE, put_off.fingerprint, until, until + DAY, now)
    await start(world)
    assert (await said(world, "overdue_tasks")).fingerprint == put_off.fingerprint


async def test_who_was_told_of_other_things_today_gets_a_whole_summary_even_so(
    world: World,
) -> None:
    news = (task("N-0", "2026-11-10"), lead("C-0", "Ann"), open_deal("D-0", 7), open_deal("D-1", 8))
    for each in news:
        await world.post(each)
    await world.settle()
    await world.tick()
    assert len(await world.insights(ANA)) == 4
    leads = [lead(f"L-{n}", f"Old {n}") for n in range(5)]
    deals = [open_deal(f"O-{value}", value) for value in (100, 900, 500)]
    await import_(world, *old_tasks(), *leads, *deals)
    assert says_counts(world, "9 tasks overdue, 5 leads gone cold, 3 deals stuck")
    for line in ("You have 10 overdue tasks.", "Warm leads going cold: ", "Deal O-900"):
        assert line in blocks(world)
    assert blocks(world).count("'insight:take'") == 3


async def test_what_comes_later_that_day_has_its_place_in_the_summary(sqlite_world: World) -> None:
    world = sqlite_world
    await import_(world, *(open_deal(f"D-{value}", value) for value in (300, 200, 100)))
    await import_(world, *(open_deal(f"E-{value}", value) for value in (250, 90_000)))
    assert len(world.posts(ANA)) == 1
    shown = blocks(world)
    assert shown.index("Deal E-90000") < shown.index("Deal D-300") < shown.index("Deal E-250")
    assert shown.count("'insight:take'") == 3
    assert "Deal D-200" not in shown
    # What came by another file is among them, and what was sent away does not come back.
    largest = next(each for each in await world.insights(ANA) if "E-90000" in plain(each.message))
    await decisions.dismiss(world.parts, by(ANA), largest.fingerprint)
    await import_(world, *old_tasks())
    assert says_counts(world, "9 tasks overdue, 5 deals stuck")
    assert "You have 9 overdue tasks." in blocks(world)
    told_of = [each.subject for each in await world.insights(ANA)]
    assert told_of.count("deal:native:E-90000") == 1


async def no_brief(world: World, **more: Any) -> None:
    """What time brings waits for the digest."""
    ana = await world.person(ANA)
    settings: Settings = replace(ana.settings, brief=False, **more)
    async with world.database.write() as tx:
        await people.save_settings(tx, ana, settings)


async def test_what_was_to_be_told_and_is_settled_leaves_no_word_of_what_was_so_before(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await import_(world, *old_tasks())
    await no_brief(world)
    await world.post(task("N-0", TOMORROW))
    await world.settle()
    await world.pass_time(DAY)
    news = await said(world, "overdue_tasks")
    assert (plain(news.message)[:11], news.seen) == ("You have 10", False)
    await world.post(done("N-0"))
    await world.settle()
    states = {each.fingerprint: each.state for each in await world.insights(ANA)}
    assert states[news.fingerprint] is InsightState.RESOLVED


async def test_what_turns_out_to_be_old_before_it_is_told_is_no_news_any_more(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await no_brief(world)
    for n in range(2):
        await world.post(open_deal(f"D-{n}", n))
    await world.settle()
    await world.tick()
    assert [each.backlog for each in await world.insights(ANA)] == [False, False]
    # The file knows better since when they are there; three others are larger.
    earlier = LONG_AGO - 60 * DAY
    deals = [open_deal(f"E-{n}", 100 + n, earlier) for n in range(3)]
    known = [open_deal(f"D-{n}", n, earlier) for n in range(2)]
    await import_(world, *deals, *known)
    assert says_counts(world, "5 deals stuck")
    open_ = [each for each in await world.insights(ANA) if each.state is InsightState.OPEN]
    assert {each.backlog for each in open_} == {True}
    assert len(open_) == 5


async def test_why_tells_the_oldest_of_a_list_first(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(
        batch(*({**task(f"T-{9 - n}", f"2026-11-1{n}"), "id": f"{n}"} for n in range(8)))
    )
    await world.settle()
    await world.tick()
    told = await explaining.explain(
        world.parts, by(ANA), (await said(world, "overdue_tasks")).fingerprint
    )
    assert [each.id for each in told.things] == ["T-9", "T-8", "T-7", "T-6", "T-5"]
    assert told.count == 8
