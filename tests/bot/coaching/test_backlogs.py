"""A backlog: one summary instead of a queue, and of each thing in it no word until it moves."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

from bot.coaching import backlogs, decisions, enrolling, forgetting, muting
from bot.coaching.muting import Choice
from bot.coaching.recording import Applied, apply
from bot.crm.providers import native
from bot.runtime.parts import Parts
from coach.backlogs import QUIET
from coach.models import Enrolment, InsightState, Level, Origin
from storage import checks, mutes, people
from storage.mutes import Muted
from tests.bot.coaching.test_following import done
from tests.bot.coaching.test_ticking import LONG_AGO, lead, open_deal, task, tick_after
from tests.together import World
from tests.world import ANA, BEN, CONNECTION, WORKSPACE, batch, by, deliver, enrol, told

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


async def bring_in(to: World | Parts, *events: Mapping[str, Any]) -> None:
    """Take these into the mirror as an import does."""
    parts = to.parts if isinstance(to, World) else to
    body = json.dumps(batch(*events)).encode()
    read = native.PROVIDER.parse(body, uuid4().hex, parts.clock.now()).events
    imported = [replace(each, origin=Origin.IMPORT) for each in read]
    async with parts.database.write() as tx:
        await apply(parts, tx, WORKSPACE, CONNECTION, imported)


async def applied(parts: Parts, *events: Mapping[str, Any]) -> Applied:
    """Take these in as they are told of."""
    body = json.dumps(batch(*events)).encode()
    read = native.PROVIDER.parse(body, uuid4().hex, parts.clock.now()).events
    async with parts.database.write() as tx:
        return await apply(parts, tx, WORKSPACE, CONNECTION, read)


def history(deals: int = 12, leads: int = 40, tasks: int = 3) -> list[dict[str, Any]]:
    """A CRM in which much has waited for long."""
    return [
        *(open_deal(f"D-{n}", 100 * (n + 1)) for n in range(deals)),
        *(lead(f"C-{n}", f"Lead {n}") for n in range(leads)),
        *(task(f"T-{n}", "2026-11-20") for n in range(tasks)),
    ]


def moved(id: str, at: datetime, stage: str = "Negotiation") -> dict[str, Any]:
    return told("deal_stage_changed", deal={"id": id, "stage": stage}, at=at)


def blocks(world: World, place: int = -1) -> str:
    """All that one of Ana's messages says and offers."""
    return str(world.messages(ANA)[place].blocks)


async def newcomer(world: World) -> None:
    ana = await world.person(ANA)
    async with world.database.write() as tx:
        await people.change(tx, WORKSPACE, ana.id, enrolment=Enrolment.NEW.value)


async def start(world: World) -> None:
    await enrolling.start(world.parts, by(ANA))
    await world.settle()
    await world.tick()
    await world.settle()


#: Rules that say one thing of all that is late or cold.
LISTS = {"overdue_tasks", "stale_leads"}

COUNTS = "12 deals stuck, 40 leads gone cold, 3 tasks overdue"


def says_counts(world: World, counts: str, place: int = -1) -> bool:
    kinds = set(counts.split(", "))
    shown = world.texts(ANA)[place]
    return all(each in shown for each in kinds)


async def test_who_starts_gets_one_summary_and_no_queue(world: World) -> None:
    await newcomer(world)
    await bring_in(world, *history())
    await start(world)
    (summary,) = [each for each in world.messages(ANA) if "What was waiting" in each.text]
    assert says_counts(world, COUNTS)
    assert blocks(world).count("'insight:take'") == 3
    assert "Show all" in str(summary.blocks)
    assert "Let old ones rest" in str(summary.blocks)
    # Weeks go by, and nothing of it comes one by one.
    so_far = len(world.posts(ANA))
    for _ in range(15):
        await world.pass_time(DAY)
    assert len(world.posts(ANA)) == so_far


async def test_what_is_in_the_summary_stays_in_it_the_next_days_as_long_as_it_is_so(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await newcomer(world)
    await bring_in(world, *history())
    await start(world)
    (place,) = [n for n, each in enumerate(world.messages(ANA)) if "What was waiting" in each.text]
    first = blocks(world, place)
    assert first.count("'insight:take'") == 3
    lists = [each for each in await world.insights(ANA) if each.rule in LISTS]
    assert {each.rule for each in lists} == LISTS
    for _ in range(3):
        await world.pass_time(DAY)
    assert blocks(world, place).count("'insight:take'") == 3
    now = {each.fingerprint: each.state for each in await world.insights(ANA)}
    assert {now[each.fingerprint] for each in lists} == {InsightState.OPEN}


def quiet(id: str, value: int) -> list[dict[str, Any]]:
    """A deal that is stuck, and whose contact nobody has spoken to for as long."""
    contact = {"id": f"C-{id}", "name": f"Buyer {id}", "status": "CUSTOMER"}
    spoken = {**contact, "last_contacted_at": LONG_AGO.isoformat()}
    deal = {
        "id": id, "title": f"Deal {id}", "stage": "Proposal", "status": "open", "value": value,
        "contact_id": contact["id"],
    }  # fmt: skip
    return [
        told("contact_created", contact=spoken, at=LONG_AGO),
        told("deal_created", deal=deal, at=LONG_AGO),
    ]


async def test_a_deal_that_is_quiet_and_stuck_is_counted_once(world: World) -> None:
    await newcomer(world)
    await bring_in(world, *quiet("D-1", 900), *quiet("D-2", 800), open_deal("D-3", 50))
    await start(world)
    (summary,) = [each for each in world.messages(ANA) if "What was waiting" in each.text]
    told_of = summary.text.removeprefix("What was waiting before I came: ")
    assert told_of.startswith("1 deal stuck, 2 deals gone quiet. ") or told_of.startswith(
        "2 deals gone quiet, 1 deal stuck. "
    )
    ana = await world.person(ANA)
    found = await backlogs.everything(world.parts, ana)
    assert sorted(each.id for one in found for each in one.things) == ["D-1", "D-2", "D-3"]
    # Who hears nothing of quiet deals has them counted as stuck.
    await muting.mute(world.parts, by(ANA), Choice("rule:deal_gone_quiet"), None)
    await world.settle()
    (summary,) = [each for each in world.messages(ANA) if "What was waiting" in each.text]
    assert "3 deals stuck" in summary.text
    assert "quiet" not in summary.text


async def test_the_summary_is_counted_anew_whatever_changes_what_it_counts(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await newcomer(world)
    await bring_in(world, *history())
    await start(world)

    def counted_now() -> str:
        (summary,) = [each for each in world.messages(ANA) if "What was waiting" in each.text]
        return summary.text

    assert says_counts(world, COUNTS)
    # Something of it is muted, and heard of again.
    ana = by(ANA)
    await muting.mute(world.parts, ana, Choice(f"deal:{CONNECTION}:D-0", "Deal D-0"), None)
    await world.settle()
    assert "11 deals stuck" in counted_now()
    await muting.unmute(world.parts, ana, f"deal:{CONNECTION}:D-0")
    await world.settle()
    assert "12 deals stuck" in counted_now()
    # Another number of days, by their own choice.
    settings = (await world.person(ANA)).settings
    await enrolling.save_settings(world.parts, ana, replace(settings, stuck_deal_days=50))
    await world.settle()
    await world.tick()
    await world.settle()
    assert "stuck" not in counted_now()
    assert "40 leads gone cold" in counted_now()
    # Another level: of overdue tasks the first does not hear.
    await enrolling.set_level(world.parts, ana, Level.MINIMAL)
    await world.settle()
    assert "tasks overdue" not in counted_now()


async def test_of_a_crm_that_is_forgotten_nothing_is_counted(sqlite_world: World) -> None:
    world = sqlite_world
    await newcomer(world)
    await bring_in(world, *history())
    await start(world)
    for each in await world.insights(ANA):
        if each.state is InsightState.OPEN:
            await decisions.dismiss(world.parts, by(ANA), each.fingerprint)
    await world.settle()
    assert says_counts(world, COUNTS)
    await forgetting.forget(world.parts, WORKSPACE, CONNECTION)
    await world.settle()
    (said,) = [each.text for each in world.messages(ANA) if "What was waiting" in each.text]
    assert said == "What was waiting before I came: None of it waits any more."


async def test_the_sender_is_rung_for_a_summary_that_counts_another_number(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await bring_in(parts, open_deal("D-1"), open_deal("D-2"))
    async with parts.database.write() as tx:
        await people.backlog_made(tx, WORKSPACE, [ana.id], parts.clock.now())
    moves = await applied(parts, moved("D-2", parts.clock.now()))
    assert "sender" in moves.bells


async def test_the_whole_of_it_has_the_worst_first(sqlite_world: World) -> None:
    world = sqlite_world
    await newcomer(world)
    tasks = [task(f"T-{day}", f"2026-11-{day}") for day in (20, 10, 15)]
    deals = [open_deal(f"D-{value}", value) for value in (200, 900, 500)]
    await bring_in(world, *tasks, *deals, *history(leads=40, deals=0, tasks=0))
    await start(world)
    found = await backlogs.everything(world.parts, await world.person(ANA))
    ids = {each.things[0].__class__.__name__: [one.id for one in each.things] for each in found}
    assert ids["Task"] == ["T-10", "T-15", "T-20"]
    assert ids["Deal"] == ["D-900", "D-500", "D-200"]


async def test_what_moves_is_news_when_it_is_stuck_again_and_so_is_what_ripens(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await newcomer(world)
    await bring_in(world, *history(), open_deal("D-new", 5, world.clock.now() - 17 * DAY))
    await start(world)
    so_far = len(world.posts(ANA))
    await world.post(moved("D-3", world.clock.now()))
    await world.settle()
    assert says_counts(world, "11 deals stuck, 40 leads gone cold, 3 tasks overdue")
    assert len(world.posts(ANA)) == so_far
    # Fourteen working days since the seventeenth day before are over a few days later.
    for _ in range(5):
        await world.pass_time(DAY)
    news = world.texts(ANA)[-1]
    assert news.startswith("One thing for today: Deal “Deal D-new”")
    await world.post(moved("D-new", world.clock.now()))
    for _ in range(16):
        await world.pass_time(DAY)
    assert world.texts(ANA)[-1].startswith("One thing for today: Deal “Deal D-3”")


async def test_an_import_is_told_of_once_it_is_there_and_only_at_work(world: World) -> None:
    await world.pass_time(9 * HOUR)
    await bring_in(world, *history(deals=2))
    await world.settle()
    await world.tick()
    await bring_in(world, *(open_deal(f"E-{n}", 7) for n in range(10)))
    # The night goes by.
    await world.pass_time(HOUR)
    assert world.messages(ANA) == []
    await world.pass_time(12 * HOUR + MINUTE)
    (summary,) = world.messages(ANA)
    assert summary.text.startswith("What was waiting before I came: ")
    assert says_counts(world, COUNTS)
    for _ in range(10):
        await world.pass_time(DAY)
    assert len(world.posts(ANA)) == 1


async def test_an_import_in_pieces_is_one_summary(sqlite_world: World) -> None:
    world = sqlite_world
    for n in range(4):
        await bring_in(world, *(open_deal(f"D-{n}-{m}", 10 * n + m) for m in range(5)))
        await world.settle()
        await world.pass_time(QUIET / 2)
        assert world.messages(ANA) == []
    await world.pass_time(QUIET)
    assert len(world.messages(ANA)) == 1
    assert says_counts(world, "20 deals stuck")
    # The three largest of all.
    assert blocks(world).count("'insight:take'") == 3
    assert all(f"Deal D-3-{n}" in blocks(world) for n in (4, 3, 2))


async def test_another_import_of_the_same_day_goes_into_the_same_summary(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    for each in (open_deal("D-1"), lead("C-1", "Ann")):
        await bring_in(world, each)
        await world.settle()
        await world.pass_time(QUIET)
        await world.settle()
    assert len(world.posts(ANA)) == 1
    assert says_counts(world, "1 deal stuck, 1 lead gone cold")
    assert blocks(world).count("'insight:take'") == 2
    # Until Monday.
    for _ in range(5):
        await world.pass_time(DAY)
    assert len(world.posts(ANA)) == 1
    # One of another day takes its place.
    await bring_in(world, open_deal("D-2"))
    await world.settle()
    await world.pass_time(QUIET)
    await world.settle()
    assert len(world.posts(ANA)) == 2
    (summary,) = world.messages(ANA)
    assert "2 deals stuck" in summary.text


async def test_what_was_found_out_before_start_is_backlog_too(sqlite_world: World) -> None:
    world = sqlite_world
    await newcomer(world)
    for n in range(5):
        await world.post(open_deal(f"D-{n}", n))
    await world.settle()
    # It waits for Start, and was put off until tomorrow.
    await world.tick()
    assert len(await world.insights(ANA)) == 2
    await start(world)
    assert says_counts(world, "5 deals stuck")
    assert not any("for today" in each for each in world.texts(ANA))
    so_far = len(world.posts(ANA))
    for _ in range(5):
        await world.pass_time(DAY)
    assert len(world.posts(ANA)) == so_far


async def test_what_happens_to_a_thing_as_it_is_brought_in_is_news(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    await enrol(parts, ANA)
    body = json.dumps(batch(open_deal("D-1"), {**moved("D-1", LONG_AGO), "id": "m"})).encode()
    first, second = native.parse(body, "k", parts.clock.now()).events
    async with parts.database.write() as tx:
        imported = replace(first, origin=Origin.IMPORT)
        await apply(parts, tx, WORKSPACE, CONNECTION, [imported, second])
        ana = (await people.of_slack(tx, WORKSPACE))[0]
    assert ana.backlog_at is None


async def test_what_is_muted_is_not_counted(sqlite_world: World) -> None:
    world = sqlite_world
    await bring_in(world, *history(deals=3, leads=0, tasks=0))
    ana = await world.person(ANA)
    async with world.database.write() as tx:
        await mutes.add(tx, WORKSPACE, ana.id, Muted(f"deal:{CONNECTION}:D-0", "D", None, LONG_AGO))
    await world.settle()
    await world.pass_time(QUIET)
    assert says_counts(world, "2 deals stuck")


async def test_a_kind_that_is_muted_is_not_counted(sqlite_world: World) -> None:
    world = sqlite_world
    await bring_in(world, *history(deals=3, leads=2, tasks=0))
    ana = await world.person(ANA)
    async with world.database.write() as tx:
        muted = Muted("rule:stuck_deals", "Stuck deals", None, LONG_AGO)
        await mutes.add(tx, WORKSPACE, ana.id, muted)
    await world.settle()
    await world.pass_time(QUIET)
    assert says_counts(world, "2 leads gone cold")
    assert "stuck" not in blocks(world)
    assert len(await backlogs.everything(world.parts, ana)) == 1


async def test_other_settings_make_no_backlog_of_news_and_no_news_of_a_backlog(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    ana = await enrol(parts, ANA)
    await deliver(parts, open_deal("D-1"))
    await bring_in(parts, open_deal("D-2"))
    await enrolling.save_settings(parts, by(ANA), replace(ana.settings, stuck_deal_days=10))
    await tick_after(parts, QUIET)
    assert await counted(parts, ana.id) == {"stuck_deals": 1}
    # Not stuck any more by their own number: what is stuck later is news.
    await enrolling.save_settings(parts, by(ANA), replace(ana.settings, stuck_deal_days=50))
    await tick_after(parts, QUIET)
    assert await counted(parts, ana.id) == {}


async def counted(parts: Parts, person_id: str) -> dict[str, int]:
    async with parts.database.read() as tx:
        now = parts.clock.now()
        return (await checks.backlog(tx, WORKSPACE, [person_id], (), now))[person_id]


async def test_the_summary_follows_the_crm_and_goes_when_nothing_waits(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await bring_in(world, *history(deals=0, leads=0, tasks=2))
    await world.settle()
    await world.pass_time(QUIET)
    assert says_counts(world, "2 tasks overdue")
    await world.post({**done("T-0"), "id": "d0"})
    await world.settle()
    assert says_counts(world, "1 task overdue")
    assert "Done so far" in blocks(world) or "1 of 2" in blocks(world) or "T-1" in blocks(world)
    await world.post({**done("T-1"), "id": "d1"})
    await world.settle()
    assert "None of it waits any more." in blocks(world)
    # The next day there is nothing left to show.
    await world.pass_time(2 * DAY)
    assert all("tasks overdue" not in each for each in world.texts(ANA))


async def test_old_ones_rest_and_are_woken_again(world: World) -> None:
    await bring_in(world, *history())
    await world.settle()
    await world.pass_time(QUIET)
    (summary,) = world.messages(ANA)
    assert (await world.slack.press(ANA, summary.ts, label="Let old ones rest")).ok
    await world.settle()
    assert "they rest now." in world.texts(ANA)[-1]
    assert says_counts(world, COUNTS)
    assert "'insight:take'" not in blocks(world)
    assert (await world.slack.press(ANA, summary.ts, label="Undo")).ok
    await world.settle()
    assert "they rest now." not in world.texts(ANA)[-1]
    assert blocks(world).count("'insight:take'") == 3
    assert len(world.posts(ANA)) == 1


async def test_show_all_names_what_waits(sqlite_world: World) -> None:
    world = sqlite_world
    await bring_in(world, *history(leads=2))
    await world.settle()
    await world.pass_time(QUIET)
    (summary,) = world.messages(ANA)
    assert (await world.slack.press(ANA, summary.ts, label="Show all")).ok
    await world.settle()
    ana = await world.person(ANA)
    kinds = await backlogs.everything(world.parts, ana)
    named = [[each.name for each in kind.things] for kind in kinds]
    assert sorted(map(len, named)) == [2, 3, 12]
    largest = next(each for each in named if len(each) == 12)
    assert largest[:2] == ["Deal D-11", "Deal D-10"]


async def test_nobody_lets_anothers_backlog_rest(sqlite_world: World) -> None:
    world = sqlite_world
    await world.enrol(BEN)
    await bring_in(world, *history())
    await world.settle()
    await world.pass_time(QUIET)
    (summary,) = world.messages(ANA)
    await world.slack.press(ANA, summary.ts, label="Let old ones rest", by=BEN)
    await world.settle()
    assert "they rest now." not in world.texts(ANA)[-1]


async def test_turning_on_what_is_on_makes_no_backlog_of_news(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(open_deal("D-1"))
    await world.settle()
    await enrolling.turn_on(world.parts, by(ANA))
    await world.settle()
    await world.tick()
    await world.settle()
    assert [each.split(":")[0] for each in world.texts(ANA)] == ["One thing for today"]


async def test_a_webhook_is_news_even_of_what_nobody_knew(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(open_deal("D-1", since=LONG_AGO))
    await world.settle()
    await world.tick()
    assert world.texts(ANA)[0].startswith("One thing for today: Deal “Deal D-1”")


async def test_at_the_least_level_a_summary_counts_what_its_person_hears_of(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    ana = await world.person(ANA)
    async with world.database.write() as tx:
        await people.change(tx, WORKSPACE, ana.id, level=int(Level.MINIMAL))
    await bring_in(world, *history())
    await world.settle()
    await world.pass_time(QUIET)
    assert says_counts(world, "12 deals stuck, 40 leads gone cold")
    assert "overdue" not in world.texts(ANA)[0]


async def test_a_large_backlog_costs_no_more_statements_than_a_small_one(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    await enrol(parts, ANA)
    counts: list[int] = []

    def note(*_: Any) -> None:
        counts[-1] += 1

    event.listen(parts.database.engine.sync_engine, "before_cursor_execute", note)
    for n, size in enumerate((5, 5, 80)):
        counts.append(0)
        await bring_in(parts, *(open_deal(f"D-{n}-{m}", m) for m in range(size)))
        await tick_after(parts, QUIET)
        await tick_after(parts, DAY)
    assert counts[2] <= counts[1] + 2


async def test_who_was_away_for_a_while_hears_what_came_up_and_no_backlog(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    for each in (open_deal("D-1"), lead("C-1", "Ann")):
        await world.post(each)
    await world.settle()
    await world.tick()
    await enrolling.turn_off(world.parts, by(ANA))
    await world.pass_time(DAY)
    await world.post(open_deal("D-2"))
    await world.settle()
    await enrolling.turn_on(world.parts, by(ANA))
    await world.settle()
    await world.tick()
    assert not any("What was waiting" in each for each in world.posts(ANA))
    # The newer list of leads is there instead of the one of before.
    open_ = [each for each in await world.insights(ANA) if each.state is InsightState.OPEN]
    assert sorted(each.rule for each in open_) == ["stale_leads", "stuck_deals", "stuck_deals"]
    assert "deal:native:D-2" in {each.subject for each in open_}
    ana = await world.person(ANA)
    assert await counted(world.parts, ana.id) == {}


async def test_a_test_waits_for_what_the_bots_own_clock_is_at(sqlite_world: World) -> None:
    world = sqlite_world
    async with world.bot.at_the_tick:
        with pytest.raises(AssertionError, match="a tick"):
            await world.settle(0.05)
    await world.settle()
