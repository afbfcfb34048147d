"""Each message is work of its own: a slow one holds up no other."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.coaching import attending, decisions, enrolling
from bot.playground.slack.api import Fault
from bot.slack import sender
from bot.slack.sender import Sender
from tests.bot.slack.gated import MINUTE, POST, SECOND, UPDATE, Gated, Troubled, resting
from tests.bot.slack.posting import let_pass, one_client, won_deal
from tests.world import (
    ANA,
    BEN,
    CHRIS,
    by,
    deliver,
    enrol,
    insights_of,
    standings,
)

# Nobody waits for somebody else


async def test_silence_about_one_person_delays_nobody_else(gated: Gated) -> None:
    for who in (BEN, ANA, CHRIS):
        await enrol(gated.parts, who)
        await deliver(gated.parts, won_deal(1, who))
    gated.gate.hold(POST, BEN)
    assert await gated.sender.turn() == 3
    await gated.gate.waits(POST, BEN)
    await gated.until_posted(ANA, CHRIS)
    # Later work is begun and done as well while that one call still waits.
    ana = (await insights_of(gated.parts, await gated.person(ANA)))[0]
    await decisions.dismiss(gated.parts, by(ANA), ana.fingerprint)
    async with asyncio.timeout(20):
        # What stands in Slack may not be recorded yet: until then it is still on its way.
        while not gated.shown(ANA)[0].startswith("Dismissed:"):
            await gated.sender.turn()
            await asyncio.sleep(0.005)
    assert gated.posted(BEN) == []
    gated.gate.open(POST, BEN)
    await gated.sender.finish()
    assert gated.posted(BEN) == ["D-1"]


async def test_of_one_addressee_never_two_are_on_their_way_and_their_many_delay_no_other(
    gated: Gated,
) -> None:
    for number in range(8):
        await gated.welcome(BEN, f"welcome:{number}")
    await gated.welcome(ANA, "welcome:ana")
    gated.gate.hold(POST, BEN)
    assert await gated.sender.turn() == 2
    await gated.gate.waits(POST, BEN)
    await gated.until_posted(ANA)
    assert await gated.sender.turn() == 0
    gated.gate.open(POST, BEN)
    await gated.sender.finish()
    assert await gated.send() == 7
    assert len(gated.posted(BEN)) == 8


async def test_no_more_are_on_their_way_than_there_is_room_for(sqlite_gated: Gated) -> None:
    gated = sqlite_gated
    gated.sender = Sender(gated.parts, one_client(gated.client), channel_pace=0, together=1)
    await gated.welcome(BEN, "welcome:1")
    await gated.welcome(ANA, "welcome:2")
    gated.gate.hold(POST, BEN)
    assert await gated.sender.turn() == 1
    assert await gated.sender.turn() == 0
    gated.parts.wake.sender.clear()
    await gated.gate.waits(POST, BEN)
    gated.gate.open(POST, BEN)
    await gated.sender.finish()
    # There is room again, and something may wait for it.
    assert gated.parts.wake.sender.is_set()
    assert await gated.send() == 1


async def test_it_is_looked_for_more_at_once_only_when_a_claim_took_all_it_could(
    sqlite_gated: Gated,
) -> None:
    gated = sqlite_gated
    gated.sender = Sender(gated.parts, one_client(gated.client), channel_pace=0, together=2)
    for number, who in enumerate((BEN, ANA, CHRIS)):
        await gated.welcome(who, f"welcome:{number}")
    assert await gated.sender.work()
    await gated.sender.finish()
    assert not await gated.sender.work()
    await gated.sender.finish()
    assert len(gated.posted(CHRIS)) == 1


async def test_a_clock_that_jumps_starts_nothing_a_second_time_that_is_still_on_its_way(
    sqlite_gated: Gated,
) -> None:
    gated = sqlite_gated
    await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    gated.gate.hold(POST, ANA)
    assert await gated.sender.turn() == 1
    await gated.gate.waits(POST, ANA)
    await let_pass(gated, sender.LEASE * 10)
    assert await gated.sender.turn() == 0
    gated.gate.open(POST, ANA)
    await gated.sender.finish()
    assert gated.posted(ANA) == ["D-1"]
    assert await gated.send() == 0


# When the database is in trouble


async def test_an_answer_that_cannot_be_recorded_is_kept_until_it_can_and_nothing_is_said_twice(
    sqlite_gated: Gated,
) -> None:
    gated = sqlite_gated
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    database = Troubled(str(gated.parts.database.url))
    rested: list[float] = []

    async def rest(seconds: float) -> None:
        rested.append(seconds)

    parts = replace(gated.parts, database=database)
    slow = Sender(parts, one_client(gated.client), channel_pace=0, rest=rest)
    gated.gate.hold(POST, ANA)
    assert await slow.turn() == 1
    await gated.gate.waits(POST, ANA)
    database.trouble = 3
    gated.gate.open(POST, ANA)
    await slow.finish()
    await database.close()
    assert len(rested) == 3
    assert gated.posted(ANA) == ["D-1"]
    assert await standings(gated.parts, ana) == ["sent"]
    assert await gated.send(MINUTE) == 0


# When Slack asks to be left alone


async def test_being_told_to_wait_with_changes_stops_no_new_message(sqlite_gated: Gated) -> None:
    gated = sqlite_gated
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    await gated.send()
    gated.slack.faults[UPDATE] = [Fault(status=429, retry_after=40)]
    (insight,) = await insights_of(gated.parts, ana)
    await decisions.dismiss(gated.parts, by(ANA), insight.fingerprint)
    await gated.send()
    await deliver(gated.parts, won_deal(2))
    await enrol(gated.parts, BEN)
    await deliver(gated.parts, won_deal(3, BEN))
    assert await gated.send() == 2
    assert (gated.posted(ANA), gated.posted(BEN)) == (["D-1", "D-2"], ["D-3"])
    assert not gated.shown(ANA)[0].startswith("Dismissed:")
    await gated.send(40 * SECOND)
    assert gated.shown(ANA)[0].startswith("Dismissed:")


async def test_being_told_to_wait_with_new_messages_stops_no_change(sqlite_gated: Gated) -> None:
    gated = sqlite_gated
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    await gated.send()
    gated.slack.faults[POST] = [Fault(status=429, retry_after=40)]
    await enrol(gated.parts, BEN)
    await deliver(gated.parts, won_deal(2, BEN))
    await gated.send()
    (insight,) = await insights_of(gated.parts, ana)
    await decisions.dismiss(gated.parts, by(ANA), insight.fingerprint)
    await gated.send()
    assert gated.posted(BEN) == []
    assert gated.shown(ANA)[0].startswith("Dismissed:")


# Between the claim and the turn


async def test_what_expires_between_claim_and_turn_is_not_said_and_the_next_has_its_turn(
    gated: Gated,
) -> None:
    ana = await enrol(gated.parts, ANA)
    slow = await resting(gated)
    gated.clock.advance(timedelta(days=3))
    slow.ended.set()
    await slow.sender.finish()
    assert len(gated.posted(ANA)) == 1
    assert gated.parts.wake.attention.is_set()
    late = {**won_deal(2), "timestamp": gated.clock.now().isoformat()}
    await deliver(gated.parts, late)
    await gated.send()
    assert gated.posted(ANA)[1:] == ["D-2"]
    assert await standings(gated.parts, ana) == ["expired", "sent"]


async def test_who_says_stop_between_claim_and_turn_is_sent_nothing(gated: Gated) -> None:
    ana = await enrol(gated.parts, ANA)
    slow = await resting(gated)
    await enrolling.turn_off(gated.parts, by(ANA))
    slow.ended.set()
    await slow.sender.finish()
    assert len(gated.posted(ANA)) == 1
    await attending.turn(gated.parts)
    assert await standings(gated.parts, ana) == ["off"]


# How it is said


async def test_nothing_in_a_message_is_formatted_or_unfolded(sqlite_gated: Gated) -> None:
    gated = sqlite_gated
    await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    await gated.send()
    ((_, given),) = [each for each in gated.gate.calls if each[0] == POST]
    flags = {name: str(given[name]).lower() for name in ("mrkdwn", "unfurl_links", "unfurl_media")}
    assert set(flags.values()) <= {"false", "0"}
    assert len(flags) == 3


# Seen


async def test_what_was_put_before_somebody_counts_as_seen_what_waits_does_not(
    gated: Gated,
) -> None:
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1), won_deal(2))
    assert [each.seen for each in await insights_of(gated.parts, ana)] == [False, False]
    await gated.send()
    assert sorted(each.seen for each in await insights_of(gated.parts, ana)) == [False, True]
