"""Of one deal one rule speaks at a time, whatever order they become due in."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.coaching import enrolling, muting, ticking
from bot.coaching.muting import Choice
from bot.runtime.parts import Parts
from coach.models import Insight, InsightState, Level, Person, Settings
from storage.tables import checks
from tests.bot.coaching.test_ticking import LONG_AGO, tick_after
from tests.world import ANA, BEGINNING, by, deliver, enrol, insights_of, told

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

YESTERDAY = date(2026, 11, 24)


def deal(
    verb: str = "deal_created",
    *,
    since: datetime = LONG_AGO,
    closes: date | None = None,
    at: datetime | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A deal in Proposal, which is to close then."""
    given = {"id": "D-1", "title": "Deal D-1", "stage": "Proposal", "status": "open", **more}
    if closes is not None:
        given["expected_close_date"] = closes.isoformat()
    return told(verb, deal=given, at=at or since, owner=ANA)


async def said(parts: Parts, ana: Person) -> dict[str, list[str]]:
    """What became of what each rule said, oldest first."""
    found: dict[str, list[str]] = {}
    for each in sorted(await insights_of(parts, ana), key=lambda one: one.created_at):
        found.setdefault(each.rule, []).append(each.state.value)
    return found


async def open_rules(parts: Parts, ana: Person) -> list[str]:
    return [each.rule for each in await insights_of(parts, ana) if _is_open(each, parts)]


def _is_open(each: Insight, parts: Parts) -> bool:
    return each.state is InsightState.OPEN and each.expires_at > parts.clock.now()


async def test_a_deal_that_is_stuck_and_past_its_date_is_told_of_once(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, deal(closes=YESTERDAY))
    assert (await ticking.tick(parts)).insights == 1
    assert await said(parts, ana) == {"close_date_passed": ["open"]}


async def test_the_stronger_one_ends_what_the_weaker_has_said(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, deal(closes=BEGINNING.date()))
    await ticking.tick(parts)
    assert await said(parts, ana) == {"stuck_deals": ["open"]}
    # On the next morning its date has passed.
    await tick_after(parts, DAY - MINUTE)
    assert await open_rules(parts, ana) == ["close_date_passed"]


async def test_for_a_week_the_weaker_one_is_silent_and_then_it_may_speak(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, deal(closes=YESTERDAY))
    for _ in range(6):
        await tick_after(parts, DAY)
        assert await open_rules(parts, ana) == ["close_date_passed"]
    # The date is moved; the deal is still stuck.
    now = parts.clock.now()
    moved = deal("deal_updated", closes=date(2027, 5, 1), at=now)
    await deliver(parts, moved)
    assert (await said(parts, ana))["close_date_passed"] == ["resolved"]
    await tick_after(parts, 7 * DAY)
    assert await open_rules(parts, ana) == ["stuck_deals"]


async def test_a_kind_that_is_muted_leaves_the_word_to_the_other(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await muting.mute(parts, by(ANA), Choice("rule:close_date_passed"), None)
    await deliver(parts, deal(closes=YESTERDAY))
    await ticking.tick(parts)
    assert (await said(parts, ana))["stuck_deals"] == ["open"]


async def test_other_deals_are_spoken_of_meanwhile(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, deal(closes=YESTERDAY), deal(id="D-2", title="Deal D-2"))
    await ticking.tick(parts)
    assert sorted(await open_rules(parts, ana)) == ["close_date_passed", "stuck_deals"]


async def test_who_wants_next_steps_is_told_of_those_and_no_tip_besides(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    everything = replace(Settings(), level=Level.ACTIVE, also=("no_next_step",))
    await enrolling.save_settings(parts, by(ANA), everything)
    await deliver(parts, deal(since=BEGINNING, created_at=BEGINNING.isoformat()))
    assert await said(parts, ana) == {"follow_up": ["open"]}
    await tick_after(parts, 2 * DAY - MINUTE)
    assert "no_next_step" not in await said(parts, ana)
    await tick_after(parts, MINUTE)
    assert await open_rules(parts, ana) == ["no_next_step"]


async def test_what_is_off_is_said_once_it_is_wanted_and_not_any_more_when_it_is_not(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, deal(since=BEGINNING - 5 * DAY))
    await ticking.tick(parts)
    assert await said(parts, ana) == {}
    await enrolling.hear(parts, by(ANA), "no_next_step", on=True)
    await ticking.tick(parts)
    assert await said(parts, ana) == {"no_next_step": ["open"]}
    (insight,) = await insights_of(parts, ana)
    assert not insight.backlog
    await enrolling.hear(parts, by(ANA), "no_next_step", on=False)
    assert await said(parts, ana) == {"no_next_step": ["expired"]}
    await tick_after(parts, 14 * DAY)
    assert await said(parts, ana) == {"no_next_step": ["expired"]}


async def test_a_call_brings_a_quiet_deal_to_life_and_is_where_its_silence_begins(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    contact = {"id": "C-1", "name": "Ann Lee"}
    await deliver(parts, deal(since=BEGINNING - 3 * DAY, contact_id="C-1"))
    await deliver(parts, told("contact_created", contact=contact, at=BEGINNING - 30 * DAY))
    await tick_after(parts, 12 * DAY)
    # Nobody knows when anybody was in touch.
    assert "deal_gone_quiet" not in await said(parts, ana)
    called = parts.clock.now()
    await deliver(parts, told("call_logged", contact=contact, at=called, owner=ANA))
    await tick_after(parts, 13 * DAY)
    assert "deal_gone_quiet" not in await said(parts, ana)
    await tick_after(parts, 2 * DAY)
    assert await open_rules(parts, ana) == ["deal_gone_quiet"]
    again = parts.clock.now()
    await deliver(parts, told("call_logged", contact=contact, at=again, owner=ANA))
    assert (await said(parts, ana))["deal_gone_quiet"] == ["resolved"]


async def test_a_quiet_deal_that_is_closed_is_waited_for_no_more(parts: Parts) -> None:
    await enrol(parts, ANA)
    contact = {"id": "C-1", "name": "Ann Lee"}
    await deliver(parts, deal(since=BEGINNING - 3 * DAY, contact_id="C-1"))
    called = told("call_logged", contact=contact, at=BEGINNING - 2 * DAY, owner=ANA)
    await deliver(parts, called)
    rules = ("deal_gone_quiet", "stuck_deals")
    assert {rule for rule in rules if await waits(parts, rule)} == set(rules)
    await deliver(parts, told("deal_closed", deal={"id": "D-1", "status": "lost"}, at=BEGINNING))
    assert {rule for rule in rules if await waits(parts, rule)} == set()


async def waits(parts: Parts, rule: str) -> bool:
    async with parts.database.read() as tx:
        query = select(checks.c.subject_id).where(checks.c.rule == rule)
        return (await tx.execute(query)).first() is not None
