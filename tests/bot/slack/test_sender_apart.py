"""Each message is work of its own: a slow one holds up no other, a late answer changes nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.coaching import attending, decisions, enrolling
from bot.playground.slack.api import Fault, SlackStandIn
from bot.runtime.parts import Parts
from bot.slack import sender
from bot.slack.answers import Answer, record
from bot.slack.drawing import KINDS, sight_of
from bot.slack.sender import Sender
from coach.models import Enrolment
from storage import messages, sending
from storage.database import Database, Tx
from storage.messages import Message
from tests.bot.slack.gate import Gate
from tests.bot.slack.posting import Post, let_pass, one_client, won_deal
from tests.world import (
    ANA,
    BEN,
    BOT_TOKEN,
    CHRIS,
    MEMBERS,
    SIGNING_SECRET,
    WORKSPACE,
    FixedClock,
    address,
    by,
    deliver,
    enrol,
    insights_of,
    listening,
    plain_config,
    serving,
    standings,
)

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
POST, UPDATE = "chat.postMessage", "chat.update"


class Gated(Post):
    """A sender before a stand-in for Slack with a gate."""

    gate: Gate

    async def until_posted(self, *whom: str) -> None:
        """Return when each of these has a message."""
        async with asyncio.timeout(20):
            while not all(self.posted(who) for who in whom):
                await asyncio.sleep(0.005)

    async def welcome(self, who: str, id: str) -> None:
        """A message that is no advice."""
        async with self.parts.database.write() as tx:
            made = Message(WORKSPACE, id, "welcome", who, {"state": "asked"})
            await messages.make(tx, [(made, [])], self.clock.now())


@asynccontextmanager
async def behind_a_gate(parts: Parts) -> AsyncIterator[Gated]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    slack = SlackStandIn(MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, clock=clock)
    on = listening()
    slack.own_url = address(on)
    gate = Gate(Starlette(routes=slack.routes))
    async with serving(plain_config(gate), on):
        client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.own_url}/api/", timeout=60)
        client.retry_handlers = []
        made = Gated(parts, clock, slack, client, Sender(parts, one_client(client), channel_pace=0))
        made.gate = gate
        yield made
        await slack.close()


@pytest.fixture
async def gated(parts: Parts) -> AsyncIterator[Gated]:
    async with behind_a_gate(parts) as made:
        yield made


@pytest.fixture
async def sqlite_gated(sqlite_parts: Parts) -> AsyncIterator[Gated]:
    async with behind_a_gate(sqlite_parts) as made:
        yield made


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


class Troubled(Database):
    """A database that hangs for some of its changes."""

    trouble = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        if self.trouble:
            self.trouble -= 1
            raise TimeoutError("the database does not answer")
        async with super().write() as tx:
            yield tx


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


@dataclass
class Resting:
    """A sender that has just written to Ana, and rests before her next message until told."""

    sender: Sender
    begun: asyncio.Event
    ended: asyncio.Event


async def resting(gated: Gated) -> Resting:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def rest(_: float) -> None:
        begun.set()
        await ended.wait()

    made = Sender(gated.parts, one_client(gated.client), channel_pace=1000, rest=rest)
    await gated.welcome(ANA, "welcome:x")
    assert await made.send_due() == 1
    await deliver(gated.parts, won_deal(1))
    assert await made.turn() == 1
    await begun.wait()
    return Resting(made, begun, ended)


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


# Late answers


async def test_an_answer_after_another_sender_has_claimed_changes_nothing_and_is_told(
    gated: Gated, caplog: pytest.LogCaptureFixture
) -> None:
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    gated.gate.hold(POST, ANA)
    assert await gated.sender.turn() == 1
    await gated.gate.waits(POST, ANA)
    await let_pass(gated, sender.LEASE)
    other = Sender(gated.parts, one_client(gated.client), channel_pace=0)
    assert await other.send_due() == 1
    kept = await gated.message_of(ana)
    with caplog.at_level(logging.WARNING):
        gated.gate.open(POST, ANA)
        await gated.sender.finish()
    assert await gated.message_of(ana) == kept
    assert len(gated.posted(ANA)) == 2
    assert "stands in Slack twice" in caplog.text
    # Its own copy goes.
    assert await gated.send() == 1
    assert await gated.message_of(ana) == kept
    assert [each.ts for each in gated.slack.messages(ANA)] == [kept.ts]
    assert await gated.send(MINUTE) == 0


async def held_up(gated: Gated) -> Sender:
    """Its sender was held up on the way to Slack, and its claim has run out: another's turn."""
    gated.gate.hold(POST, ANA)
    assert await gated.sender.turn() == 1
    await gated.gate.waits(POST, ANA)
    await let_pass(gated, sender.LEASE)
    return Sender(gated.parts, one_client(gated.client), channel_pace=0)


async def goes_on(gated: Gated) -> None:
    gated.gate.open(POST, ANA)
    await gated.sender.finish()


async def test_a_copy_is_taken_out_though_slack_is_in_trouble_and_its_sender_has_died(
    gated: Gated,
) -> None:
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    other = await held_up(gated)
    assert await other.send_due() == 1
    await goes_on(gated)
    gated.slack.faults["chat.delete"] = [Fault(status=500)]
    for _ in range(3):
        await other.send_due()
        gated.clock.advance(MINUTE)
    assert gated.slack.faults["chat.delete"] == []
    kept = await gated.message_of(ana)
    assert [each.ts for each in gated.slack.messages(ANA)] == [kept.ts]
    assert await standings(gated.parts, ana) == ["sent"]


async def test_of_what_two_senders_post_the_one_that_is_recorded_is_left(gated: Gated) -> None:
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    other = await held_up(gated)
    # Slack takes its time with the other, who knows of no copy yet.
    gated.slack.faults[POST] = [Fault(delay=3, lost=True)]
    assert await other.turn() == 1
    async with asyncio.timeout(20):
        while gated.slack.faults[POST]:
            await asyncio.sleep(0.005)
    await goes_on(gated)
    await other.finish()
    assert len(gated.posted(ANA)) == 2
    await gated.send()
    kept = await gated.message_of(ana)
    assert [each.ts for each in gated.slack.messages(ANA)] == [kept.ts]
    assert await standings(gated.parts, ana) == ["sent"]


async def test_the_first_answer_counts_whoever_is_at_it_by_then(gated: Gated) -> None:
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    await held_up(gated)
    async with gated.parts.database.write() as tx:
        (other,) = await sending.claim(tx, gated.clock.now(), lease=MINUTE, most=10)
    await goes_on(gated)
    first = await gated.message_of(ana)
    assert first.ts == gated.slack.messages(ANA)[0].ts
    # What has become of its insight meanwhile is drawn.
    await gated.send()
    kind = KINDS[other.message.kind]
    drawn = kind.draw(sight_of(gated.parts, other))
    assert drawn is not None
    answer = await gated.sender._post(other, *drawn)
    late = Answer(other, kind, answer["channel"], answer["ts"], gated.clock.now())
    async with gated.parts.database.write() as tx:
        await record(tx, [late])
    await gated.send()
    assert [each.ts for each in gated.slack.messages(ANA)] == [first.ts]
    assert await standings(gated.parts, ana) == ["sent"]


async def test_a_late_answer_about_the_very_copy_that_was_found_takes_nothing_out(
    gated: Gated,
) -> None:
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    assert await gated.send() == 1
    await deliver(gated.parts, won_deal(2))
    gated.clock.advance(2 * MINUTE)
    await attending.turn(gated.parts)
    # Slack has answered, and the database is in trouble for longer than the claim lasts.
    database, recorded = Troubled(str(gated.parts.database.url)), asyncio.Event()

    async def rest(_: float) -> None:
        await recorded.wait()

    slow = Sender(
        replace(gated.parts, database=database),
        one_client(gated.client),
        channel_pace=0,
        rest=rest,
    )
    gated.gate.hold(POST, ANA)
    assert await slow.turn() == 1
    await gated.gate.waits(POST, ANA)
    database.trouble = 1
    gated.gate.open(POST, ANA)
    async with asyncio.timeout(20):
        while database.trouble:
            await asyncio.sleep(0.005)
    await let_pass(gated, sender.LEASE)
    await gated.send()
    recorded.set()
    await slow.finish()
    await database.close()
    await gated.send()
    assert gated.posted(ANA) == ["D-1", "D-2"]
    assert len(gated.slack.messages(ANA)) == 2
    assert await standings(gated.parts, ana) == ["sent", "sent"]


async def test_a_sender_that_was_held_up_posts_nothing_that_another_is_at(gated: Gated) -> None:
    await enrol(gated.parts, ANA)
    slow = await resting(gated)
    before = len(gated.posted(ANA))
    await let_pass(gated, sender.LEASE)
    async with gated.parts.database.write() as tx:
        assert await sending.claim(tx, gated.clock.now(), lease=MINUTE, most=10)
    slow.ended.set()
    await slow.sender.finish()
    assert len(gated.posted(ANA)) == before


async def test_a_failure_told_late_does_not_undo_what_another_sender_has_sent(
    gated: Gated,
) -> None:
    ana = await enrol(gated.parts, ANA)
    await deliver(gated.parts, won_deal(1))
    gated.gate.hold(POST, ANA)
    gated.slack.faults[POST] = []
    assert await gated.sender.turn() == 1
    await gated.gate.waits(POST, ANA)
    await let_pass(gated, sender.LEASE)
    other = Sender(gated.parts, one_client(gated.client), channel_pace=0)
    assert await other.send_due() == 1
    gated.slack.faults[POST] = [Fault(error="channel_not_found")]
    gated.gate.open(POST, ANA)
    await gated.sender.finish()
    await gated.send()
    assert await standings(gated.parts, ana) == ["sent"]


async def test_what_changes_while_a_change_is_on_its_way_is_drawn_once_more(
    gated: Gated,
) -> None:
    ben = await enrol(gated.parts, BEN, Enrolment.NEW)
    await deliver(gated.parts, won_deal(1, BEN))
    await gated.send()
    async with gated.parts.database.read() as tx:
        welcome = await messages.get(tx, WORKSPACE, f"welcome:{ben.id}")
    channel = (welcome.channel if welcome else None) or ""
    await enrolling.decline(gated.parts, by(BEN))
    gated.gate.hold(UPDATE, channel)
    assert await gated.sender.turn() == 1
    await gated.gate.waits(UPDATE, channel)
    await enrolling.turn_on(gated.parts, by(BEN))
    gated.gate.open(UPDATE, channel)
    await gated.sender.finish()
    await gated.send()
    assert gated.shown(BEN)[0].startswith("Your coach is on.")
    assert await standings(gated.parts, ben) == ["sent"]


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
