"""Answers that come after another sender had its turn: of two copies one is left, and it counts."""

import asyncio
import logging
from dataclasses import replace

import pytest

from bot.coaching import attending, enrolling
from bot.playground.slack.api import Fault
from bot.slack import sender
from bot.slack.answers import Answer, record
from bot.slack.drawing import KINDS, sight_of
from bot.slack.sender import Sender
from coach.models import Enrolment
from storage import messages, sending
from tests.bot.slack.gated import MINUTE, POST, UPDATE, Gated, Troubled, resting
from tests.bot.slack.posting import let_pass, one_client, won_deal
from tests.world import (
    ANA,
    BEN,
    WORKSPACE,
    by,
    deliver,
    enrol,
    standings,
)


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
    answer = await gated.sender._speaker._post(other, *drawn)
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
