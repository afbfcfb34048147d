"""A message whose answer from Slack was lost is found again, and does not come a second time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.coaching import attending, decisions, snoozing
from bot.playground.slack.api import Fault
from bot.playground.slack.things import Message as Copy
from bot.runtime.parts import Parts
from bot.slack import finding
from bot.slack.drawing import KINDS, sight_of
from coach.models import Insight, InsightState
from storage import sending
from tests.bot.coaching.test_backlogs import bring_in, history, newcomer, start
from tests.bot.slack.posting import Post, let_pass, won_deal
from tests.bot.slack.test_sender import before_slack
from tests.together import World
from tests.world import ANA, by, deliver, enrol, insights_of

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR = timedelta(hours=1)

#: Slack has done it, and its answer does not arrive.
LOST = Fault(drop=True, lost=True)


@pytest.fixture
async def post(parts: Parts) -> AsyncIterator[Post]:
    async with before_slack(parts) as made:
        yield made


@pytest.fixture
async def sqlite_post(sqlite_parts: Parts) -> AsyncIterator[Post]:
    async with before_slack(sqlite_parts) as made:
        yield made


async def said_before(post: Post) -> None:
    """Ana has had one message, so that it is known where hers stand."""
    await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    assert await post.send() == 1
    post.clock.advance(2 * MINUTE)


async def test_what_was_posted_is_found_by_its_mark(post: Post) -> None:
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2"]
    ana = await post.person(ANA)
    assert await post.states(ana) == ["sent", "sent"]
    # It is the same as any other: it follows what becomes of it.
    (newest, _) = await insights_of(post.parts, ana)
    await decisions.dismiss(post.parts, by(ANA), newest.fingerprint)
    await post.send()
    assert post.shown()[-1].startswith("Dismissed:")


@pytest.mark.parametrize("typed", [finding.LATEST, finding.LATEST + finding.MORE])
async def test_what_was_posted_is_found_behind_what_was_typed_since(
    sqlite_post: Post, typed: int
) -> None:
    post = sqlite_post
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    for _ in range(typed):
        post.slack.post(ANA, "What?", [], sender=ANA)
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2"]


async def test_it_is_looked_no_further_back_than_where_it_can_stand(sqlite_post: Post) -> None:
    post = sqlite_post
    await said_before(post)
    for _ in range(2 * finding.MORE):
        post.slack.post(ANA, "What?", [], sender=ANA)
    post.clock.advance(timedelta(days=7))
    await deliver(post.parts, {**won_deal(2), "timestamp": post.clock.now().isoformat()})
    post.slack.faults["chat.postMessage"] = [Fault(drop=True)]
    # There is no second page for it.
    post.slack.faults["conversations.history"] = [Fault(lost=True), Fault(drop=True)]
    await post.send()
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2"]
    assert len(post.slack.faults["conversations.history"]) == 1


async def test_where_slack_shows_the_latest_only_it_is_sent_all_the_same(
    sqlite_post: Post,
) -> None:
    post = sqlite_post
    await said_before(post)
    for _ in range(finding.LATEST):
        post.slack.post(ANA, "What?", [], sender=ANA)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [Fault(drop=True)]
    post.slack.faults["conversations.history"] = [
        Fault(lost=True), Fault(status=429, retry_after=60)
    ]  # fmt: skip
    await post.send()
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2"]


async def test_what_was_found_is_drawn_again_for_it_may_have_changed(sqlite_post: Post) -> None:
    post = sqlite_post
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    copy = post.slack.messages(ANA)[-1]
    post.slack.rewrite(copy, "As it was before.", None)
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2"]
    assert "Deal 2" in copy.text


async def test_the_copy_of_a_process_that_died_is_found(post: Post) -> None:
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    async with post.parts.database.write() as tx:
        (claimed,) = await sending.claim(tx, post.clock.now(), lease=MINUTE, most=10)
    drawn = KINDS[claimed.message.kind].draw(sight_of(post.parts, claimed))
    assert drawn is not None
    await post.sender._speaker._post(claimed, *drawn)
    await let_pass(post, 2 * MINUTE)
    await post.send()
    assert post.posted() == ["D-1", "D-2"]
    assert await post.states(await post.person(ANA)) == ["sent", "sent"]


async def test_what_was_never_posted_is_posted(sqlite_post: Post) -> None:
    post = sqlite_post
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [Fault(drop=True)]
    await post.send()
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2"]


async def test_a_first_message_that_came_twice_is_cleared_away(sqlite_post: Post) -> None:
    # Nobody knows where to look before one of hers has been answered.
    post = sqlite_post
    await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-1"]
    (left,) = post.slack.messages(ANA)
    assert (await post.message_of(await post.person(ANA))).ts == left.ts


async def test_slacks_trouble_with_looking_is_waited_for(sqlite_post: Post) -> None:
    post = sqlite_post
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [LOST]
    post.slack.faults["conversations.history"] = [
        Fault(status=429, retry_after=30), Fault(status=500), Fault(drop=True)
    ]  # fmt: skip
    for _ in range(8):
        await post.send(2 * MINUTE)
    assert post.slack.faults["conversations.history"] == []
    assert post.posted() == ["D-1", "D-2"]
    assert await post.states(await post.person(ANA)) == ["sent", "sent"]


async def test_where_nobody_may_look_it_is_posted_again(sqlite_post: Post) -> None:
    post = sqlite_post
    post.slack.scopes -= {"im:history"}
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2", "D-2"]
    assert await post.states(await post.person(ANA)) == ["sent", "sent"]


# What is decided before it is tried again


async def lost(post: Post) -> tuple[Insight, Copy]:
    """Slack's answer to Ana's second card was lost; the card stands there."""
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    newest = (await insights_of(post.parts, await post.person(ANA)))[0]
    return newest, post.slack.messages(ANA)[-1]


def has_buttons(copy: Copy) -> bool:
    return "insight:take" in str(copy.blocks)


async def test_a_copy_of_what_is_dismissed_meanwhile_has_no_buttons_left(post: Post) -> None:
    newest, copy = await lost(post)
    assert has_buttons(copy)
    await decisions.dismiss(post.parts, by(ANA), newest.fingerprint)
    await post.send(2 * MINUTE)
    assert copy.text.startswith("Dismissed:")
    assert post.posted() == ["D-1", "D-2"]


async def test_a_copy_of_what_is_put_off_meanwhile_says_so_and_it_comes_once(post: Post) -> None:
    newest, copy = await lost(post)
    until = post.clock.now() + HOUR
    await snoozing.snooze(post.parts, by(ANA), newest.fingerprint, lambda *_: until)
    await post.send(2 * MINUTE)
    assert not has_buttons(copy)
    assert post.posted() == ["D-1", "D-2"]
    await post.send(HOUR)
    assert post.posted() == ["D-1", "D-2", "D-2"]
    await post.send(2 * MINUTE)
    # The one of before has made room.
    (_, back) = post.slack.messages(ANA)
    assert has_buttons(back)
    assert back.ts != copy.ts


async def test_what_was_never_posted_and_is_dismissed_is_looked_for_once(
    sqlite_post: Post,
) -> None:
    post = sqlite_post
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [Fault(drop=True)]
    await post.send()
    newest = (await insights_of(post.parts, await post.person(ANA)))[0]
    await decisions.dismiss(post.parts, by(ANA), newest.fingerprint)
    post.slack.faults["conversations.history"] = [Fault(status=500)]
    for _ in range(3):
        await post.send(2 * MINUTE)
    assert post.slack.faults["conversations.history"] == []
    assert await post.send(HOUR) == 0
    assert post.posted() == ["D-1"]


async def test_what_is_wanted_again_while_it_is_looked_for_is_sent_at_once(post: Post) -> None:
    _, copy = await lost(post)
    parts = post.parts
    await post.send()
    post.clock.advance(2 * MINUTE)
    async with parts.database.write() as tx:
        (looked_for,) = await sending.claim(tx, post.clock.now(), lease=MINUTE, most=10)
        assert looked_for.is_looked_for
    await post.send()
    assert post.posted() == ["D-1", "D-2"]
    assert await post.states(await post.person(ANA)) == ["sent", "sent"]
    async with parts.database.write() as tx:
        assert not await sending.record(tx, looked_for.message, attempts=0)
    assert has_buttons(copy)


async def test_a_first_message_is_looked_for_once_another_has_told_where(post: Post) -> None:
    await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    (first,) = await insights_of(post.parts, await post.person(ANA))
    (copy,) = post.slack.messages(ANA)
    await decisions.dismiss(post.parts, by(ANA), first.fingerprint)
    await post.send(2 * MINUTE)
    assert has_buttons(copy)
    await deliver(post.parts, won_deal(2))
    await post.send(2 * MINUTE)
    assert post.posted() == ["D-1", "D-2"]
    await post.send(HOUR)
    assert copy.text.startswith("Dismissed:")


async def test_what_is_decided_while_it_is_looked_for_is_not_posted(sqlite_post: Post) -> None:
    post = sqlite_post
    await said_before(post)
    await deliver(post.parts, won_deal(2))
    post.slack.faults["chat.postMessage"] = [Fault(drop=True)]
    await post.send()
    post.clock.advance(5 * SECOND)
    await attending.turn(post.parts)
    # Slack is slow to say that it does not stand there.
    post.slack.faults["conversations.history"] = [Fault(delay=2, lost=True)]
    assert await post.sender.turn() == 1
    newest = (await insights_of(post.parts, await post.person(ANA)))[0]
    await decisions.dismiss(post.parts, by(ANA), newest.fingerprint)
    await post.sender.finish()
    assert post.posted() == ["D-1"]


async def test_a_copy_that_cannot_be_taken_out_at_once_is_tried_again(sqlite_post: Post) -> None:
    post = sqlite_post
    await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [LOST]
    await post.send()
    post.slack.faults["conversations.history"] = [Fault(status=500)]
    post.slack.faults["chat.delete"] = [Fault(status=429, retry_after=1)]
    await post.send(2 * MINUTE)
    assert len(post.slack.messages(ANA)) == 1


async def test_what_stands_there_is_drawn_again_however_long_slack_is_in_trouble(
    sqlite_post: Post,
) -> None:
    post = sqlite_post
    await said_before(post)
    (insight,) = await insights_of(post.parts, await post.person(ANA))
    await decisions.dismiss(post.parts, by(ANA), insight.fingerprint)
    post.slack.faults["chat.update"] = [Fault(status=500)] * 16
    (message,) = post.slack.messages(ANA)
    for _ in range(20):
        await post.send(7 * HOUR)
    assert post.slack.faults["chat.update"] == []
    assert message.text.startswith("Dismissed:")


# The summary of a backlog


def summaries(world: World) -> list[Copy]:
    return [each for each in world.messages(ANA) if "What was waiting" in each.text]


async def begun(world: World) -> None:
    """Ana has started, and Slack's answer to the summary of her backlog was lost."""
    await newcomer(world)
    await bring_in(world, *history(deals=2, leads=0, tasks=1))
    world.slack.faults["chat.postMessage"] = [LOST]
    await start(world)
    assert len(summaries(world)) == 1
    await world.pass_time(10 * MINUTE)


async def test_the_summary_of_a_backlog_comes_once(world: World) -> None:
    await begun(world)
    async with asyncio.timeout(20):
        # The copy is taken out once the answer is kept.
        while len(summaries(world)) > 1:
            await asyncio.sleep(0.01)
    (summary,) = summaries(world)
    assert (await world.slack.press(ANA, summary.ts, label="Let old ones rest")).ok
    await world.settle()
    (summary,) = summaries(world)
    assert "they rest now" in summary.text


async def test_the_buttons_of_a_copy_do_no_harm(sqlite_world: World) -> None:
    world = sqlite_world
    world.slack.scopes -= {"im:history"}
    await begun(world)
    copy, summary = summaries(world)
    by_ts = {"copy": copy.ts, "summary": summary.ts}
    # What is done in one is done, and the other's button says so.
    assert (await world.slack.press(ANA, by_ts["summary"], action_id="insight:dismiss")).ok
    await world.settle()
    decided = [each for each in await world.insights(ANA) if each.state is InsightState.DISMISSED]
    assert len(decided) == 1
    assert (await world.slack.press(ANA, by_ts["copy"], action_id="insight:dismiss")).ok
    await world.settle()
    assert [
        each for each in await world.insights(ANA) if each.state is InsightState.DISMISSED
    ] == decided
    assert "already" in world.slack.messages(ANA)[-1].text
    # What the copy lets rest, rests in the one that is kept.
    assert (await world.slack.press(ANA, by_ts["copy"], label="Let old ones rest")).ok
    await world.settle()
    kept = next(each for each in world.slack.messages(ANA) if each.ts == by_ts["summary"])
    assert "they rest now" in kept.text
