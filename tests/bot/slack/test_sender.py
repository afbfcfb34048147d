"""Cards go out one at a time, most important first, once each, and show the truth ever after."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import update
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.coaching import attending, decisions, enrolling, ticking
from bot.playground.slack.api import Fault
from bot.runtime.parts import Parts
from bot.slack import sender, speaking
from bot.slack.faults import Means, fault
from bot.slack.sender import Sender
from coach.models import Enrolment, MessageState
from storage import messages, people, sending, workspaces
from storage.messages import Message
from storage.tables import insights as insights_table
from tests.bot.slack.posting import Post, let_pass, one_client, won_deal
from tests.together import World
from tests.world import (
    ANA,
    BEN,
    BOT_TOKEN,
    CHRIS,
    WORKSPACE,
    FixedClock,
    address,
    by,
    deliver,
    enrol,
    insights_of,
    install,
    listening,
    make_test_parts,
    plain_config,
    running_slack,
    serving,
    told,
    won,
)

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@asynccontextmanager
async def before_slack(parts: Parts) -> AsyncIterator[Post]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    async with running_slack(clock) as (slack, client):
        yield Post(parts, clock, slack, client, Sender(parts, one_client(client), channel_pace=0))


@pytest.fixture
async def post(parts: Parts) -> AsyncIterator[Post]:
    async with before_slack(parts) as made:
        yield made


@pytest.fixture
async def sqlite_post(sqlite_parts: Parts) -> AsyncIterator[Post]:
    async with before_slack(sqlite_parts) as made:
        yield made


# One at a time


async def test_one_unanswered_card_a_minute_newest_first(post: Post) -> None:
    await enrol(post.parts, ANA)
    for number in (1, 2, 3):
        await deliver(post.parts, won_deal(number))
        post.clock.advance(SECOND)
    assert await post.send() == 1
    assert await post.send(59 * SECOND) == 0
    assert await post.send(SECOND) == 1
    assert await post.send(MINUTE) == 1
    assert post.posted() == ["D-3", "D-2", "D-1"]
    assert await post.send(10 * MINUTE) == 0


async def test_priority_by_meaning_comes_before_newness(post: Post) -> None:
    await enrol(post.parts, ANA, level=3)
    open_deal = {"id": "D-2", "title": "Deal 2 Ltd", "status": "open"}
    pressing = {"id": "T-1", "title": "Deal 4 call", "priority": "high", "due_date": "2026-11-30"}
    await deliver(post.parts, told("task_created", task=pressing))
    await deliver(post.parts, won_deal(1))
    post.clock.advance(SECOND)
    await deliver(post.parts, told("task_completed", task={"id": "T-2", "title": "x"}))
    post.clock.advance(SECOND)
    await deliver(post.parts, told("deal_created", deal=open_deal))
    for _ in range(3):
        await post.send(MINUTE)
    # High, medium, low; by the alphabet low would come before medium.
    assert post.posted() == ["D-1", "D-4", "D-2"]


async def test_an_answered_card_makes_way_for_the_next_at_once(post: Post) -> None:
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1), won_deal(2))
    await post.send()
    (sent,) = await post.unanswered(ana)
    await decisions.dismiss(post.parts, by(ANA), sent)
    assert post.parts.wake.attention.is_set()
    await post.send()
    assert len(post.posted()) == 2


async def test_an_answer_to_an_old_card_does_not_hurry_the_one_after_a_new_one(
    sqlite_post: Post,
) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1), won_deal(2), won_deal(3))
    await post.send()
    (first,) = await post.unanswered(ana)
    await post.send(MINUTE)
    await decisions.dismiss(post.parts, by(ANA), first)
    await post.send(30 * SECOND)
    assert len(post.posted()) == 2
    await post.send(30 * SECOND)
    assert len(post.posted()) == 3


async def test_a_card_has_the_forms_of_its_persons_own_country(sqlite_post: Post) -> None:
    await enrol(sqlite_post.parts, ANA, locale="en-US")
    await enrol(sqlite_post.parts, BEN)
    await deliver(sqlite_post.parts, won_deal(1), won_deal(2, BEN))
    await sqlite_post.send()
    until = {
        who: str(sqlite_post.slack.messages(who)[0].blocks).partition("until ")[2][:10]
        for who in (ANA, BEN)
    }
    assert re.match("[A-Z][a-z]{2}, [A-Z][a-z]{2} ", until[ANA])
    assert re.match(r"[A-Z][a-z]{2} \d+ [A-Z]", until[BEN])


async def test_one_person_does_not_wait_for_another(sqlite_post: Post) -> None:
    post = sqlite_post
    for who in (ANA, BEN, CHRIS):
        await enrol(post.parts, who)
        await deliver(post.parts, won_deal(1, who), won_deal(2, who))
    assert await post.send() == 3
    assert [len(post.posted(who)) for who in (ANA, BEN, CHRIS)] == [1, 1, 1]


async def test_nothing_is_sent_to_who_is_off_and_nothing_quiet(sqlite_post: Post) -> None:
    post = sqlite_post
    await enrol(post.parts, ANA, level=1)
    await enrol(post.parts, BEN)
    pressing = {"id": "T-1", "title": "Call", "priority": "high"}
    await deliver(post.parts, told("task_created", task=pressing))
    await deliver(post.parts, told("task_completed", task={"id": "T-2", "title": "x"}))
    await deliver(post.parts, won_deal(1, BEN))
    await enrolling.turn_off(post.parts, by(BEN))
    assert await post.send(MINUTE) == 0


async def test_messages_to_one_channel_are_a_pace_apart(sqlite_post: Post) -> None:
    post = sqlite_post
    paced = Sender(post.parts, one_client(post.client), channel_pace=0.25)
    async with post.parts.database.write() as tx:
        for who in (ANA, ANA, ANA, BEN):
            id = post.parts.new_id()
            welcome = Message(WORKSPACE, id, "welcome", who, {"state": "asked"})
            await messages.make(tx, [(welcome, [])], post.clock.now())
    assert await paced.send_due() == 4
    first, second, third = [each.wall for each in post.slack.sent if each.person == ANA]
    assert second - first >= 0.2
    assert third - second >= 0.2
    (other,) = [each.wall for each in post.slack.sent if each.person == BEN]
    assert other - first < 0.2
    assert speaking.CHANNEL_PACE >= 1


# When Slack does not take it


async def test_slack_is_left_alone_as_long_as_it_asks(sqlite_post: Post) -> None:
    post = sqlite_post
    await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [Fault(status=429, retry_after=40)]
    await post.sender.send_due()
    await enrol(post.parts, BEN)
    await deliver(post.parts, won_deal(2, BEN))
    calls = post.slack.calls
    assert await post.send(39 * SECOND) == 0
    assert post.slack.calls == calls
    await post.send(SECOND)
    assert (post.posted(ANA), post.posted(BEN)) == (["D-1"], ["D-2"])


async def test_being_told_to_wait_ever_so_often_is_no_reason_to_give_up(sqlite_post: Post) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [Fault(status=429, retry_after=30)] * 20
    for _ in range(21):
        await post.send(31 * SECOND)
    assert await post.states(ana) == ["sent"]


@pytest.mark.parametrize(
    "trouble",
    [Fault(status=500), Fault(status=503), Fault(drop=True), Fault(error="internal_error")],
    ids=["500", "503", "cut off", "internal_error"],
)
async def test_passing_trouble_is_tried_again_after_a_growing_pause(
    sqlite_post: Post, trouble: Fault
) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [trouble] * 3
    await post.sender.send_due()
    await attending.turn(post.parts)
    assert await post.states(ana) == ["trouble"]
    assert await post.send(SECOND) == 0
    tries = [second for second in range(60) if await post.send(SECOND)]
    assert len(tries) == 3
    assert tries[1] - tries[0] < tries[2] - tries[1]
    assert (post.posted(), await post.states(ana)) == (["D-1"], ["sent"])


async def test_what_fails_too_often_is_given_up_and_kept_with_the_reason(
    sqlite_post: Post,
) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA, working_days="1234567", work_from=0, work_until=1439)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [Fault(status=500)] * 50
    for _ in range(speaking.TRIES + 3):
        await post.send(timedelta(hours=1))
    assert len(post.slack.faults["chat.postMessage"]) == 50 - speaking.TRIES
    kept = await post.message_of(ana)
    assert (kept.state, kept.error) == (MessageState.FAILED, "http_500")


async def test_a_permanent_refusal_is_kept_and_the_next_card_has_its_turn(
    sqlite_post: Post,
) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1), won_deal(2))
    post.slack.faults["chat.postMessage"] = [Fault(error="channel_not_found")]
    await post.send()
    assert await post.states(ana) == ["failed", "sent"]
    async with post.parts.database.read() as tx:
        (refused,) = await messages.failed(tx, WORKSPACE)
    assert refused.error == "channel_not_found"
    assert await post.send(10 * MINUTE) == 0


@pytest.mark.parametrize("code", ["account_inactive", "token_revoked", "invalid_auth"])
async def test_trouble_with_the_token_stops_the_workspace_until_it_is_mended(
    sqlite_post: Post, code: str
) -> None:
    post = sqlite_post
    await enrol(post.parts, ANA)
    await enrol(post.parts, BEN)
    await deliver(post.parts, won_deal(1), won_deal(2, BEN))
    post.slack.faults["chat.postMessage"] = [Fault(error=code), Fault(error=code)]
    await post.sender.send_due()
    async with post.parts.database.read() as tx:
        workspace = await workspaces.get(tx, WORKSPACE)
        assert not await sending.any_waiting(tx, post.clock.now() + timedelta(hours=1))
    assert workspace is not None
    assert (workspace.slack_error, workspace.slack_error_at) == (code, post.clock.now())
    calls = post.slack.calls
    assert await post.send(timedelta(hours=1)) == 0
    assert post.slack.calls == calls
    # Asked again, Slack lets us in.
    await install(post.parts, post.client)
    await post.send()
    assert (post.posted(ANA), post.posted(BEN)) == (["D-1"], ["D-2"])


async def test_what_was_let_in_again_at_night_waits_for_the_morning(sqlite_post: Post) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [Fault(error="invalid_auth")]
    await post.sender.send_due()
    post.clock.advance(timedelta(hours=14))
    await install(post.parts, post.client)
    await post.send()
    assert post.posted() == []
    assert await post.states(ana) == ["hours"]
    await post.send(timedelta(hours=10))
    assert post.posted() == ["D-1"]


async def test_a_card_that_cannot_be_put_into_words_stops_no_other(sqlite_post: Post) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await enrol(post.parts, BEN)
    await deliver(post.parts, won_deal(1))
    async with post.parts.database.write() as tx:
        # Of a rule that is no more: nobody can put it right.
        await tx.execute(update(insights_table).values(params={}, rule="gone"))
    await deliver(post.parts, won_deal(2, BEN))
    await post.send()
    assert post.posted(BEN) == ["D-2"]
    kept = await post.message_of(ana)
    assert (kept.state, kept.error) == (MessageState.FAILED, "internal: KeyError")


ODD_ANSWERS: list[tuple[str, Response, str]] = [
    ("a proxy's page", HTMLResponse("<h1>Bad gateway</h1>", 502), "http_502"),
    ("text with status 200", PlainTextResponse("Please log in"), "http_200"),
    ("a page with status 200", HTMLResponse("<h1>Log in</h1>"), "http_200"),
    ("JSON that is none", Response("{", 200, media_type="application/json"), "http_200"),
    ("a 404 of something else", PlainTextResponse("no", 404), "http_404"),
    ("a 503 with a code", JSONResponse({"ok": False, "error": "odd_code"}, 503), "odd_code"),
    ("an odd Retry-After", JSONResponse({}, 429, {"Retry-After": "soon"}), "http_429"),
]


async def test_answers_that_are_not_slacks_are_passing_trouble() -> None:
    answers = [each[1] for each in ODD_ANSWERS]
    app = Starlette(routes=[Route("/api/{method}", lambda _: answers.pop(0), methods=["POST"])])
    on = listening()
    async with serving(plain_config(app), on):
        client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{address(on)}/api/")
        client.retry_handlers = []
        for name, _, code in ODD_ANSWERS:
            with pytest.raises(Exception) as caught:  # noqa: PT011 - any kind, that is the point
                await client.chat_postMessage(channel="U1", text="x")
            found = fault(caught.value)
            assert (found.means, found.code, found.retry_after) == (Means.AGAIN, code, None), name


# Once


async def test_two_senders_send_nothing_twice(post: Post) -> None:
    for who in (ANA, BEN, CHRIS):
        await enrol(post.parts, who)
        await deliver(post.parts, *(won_deal(n, who) for n in range(4)))
    url = post.parts.database.url.render_as_string(hide_password=False)
    others = [make_test_parts(url, clock=post.clock) for _ in range(2)]
    senders = [Sender(each, one_client(post.client), channel_pace=0) for each in others]
    try:
        for _ in range(5):
            await attending.turn(post.parts)
            await asyncio.gather(*(each.send_due() for each in [post.sender, *senders]))
            post.clock.advance(MINUTE)
    finally:
        for each in others:
            await each.database.close()
    for who in (ANA, BEN, CHRIS):
        assert sorted(post.posted(who)) == ["D-0", "D-1", "D-2", "D-3"]


async def test_what_a_sender_that_died_had_claimed_is_sent_when_its_claim_has_run_out(
    post: Post,
) -> None:
    await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    async with post.parts.database.write() as tx:
        claimed = await sending.claim(tx, post.clock.now(), lease=sender.LEASE, most=10)
    assert len(claimed) == 1
    reborn = Sender(post.parts, one_client(post.client), channel_pace=0)
    await let_pass(post, sender.LEASE / 2)
    assert await reborn.send_due() == 0
    await let_pass(post, sender.LEASE / 2)
    assert await reborn.send_due() == 1
    assert post.posted() == ["D-1"]


async def test_a_restart_forgets_neither_what_waits_nor_what_was_sent(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(won("D-1", contact="Deal 1 Ltd"))
    await world.settle()
    await world.post(won("D-2", contact="Deal 2 Ltd"))
    await world.settle()
    assert len(world.posts(ANA)) == 1
    await world.restart()
    await world.settle()
    assert len(world.posts(ANA)) == 1
    world.clock.advance(MINUTE)
    await world.settle()
    assert len(world.posts(ANA)) == 2


# The message follows its insight


async def test_a_dismissed_card_shrinks_and_an_expired_one_loses_its_buttons(post: Post) -> None:
    ana = await enrol(post.parts, ANA)
    await enrol(post.parts, BEN)
    await deliver(post.parts, won_deal(1), won_deal(2, BEN))
    await post.send()
    assert post.has_buttons(ANA)
    (insight,) = await insights_of(post.parts, ana)
    await decisions.dismiss(post.parts, by(ANA), insight.fingerprint)
    await post.send()
    assert post.shown(ANA)[0].startswith("Dismissed:")
    assert post.has_buttons(BEN)
    post.clock.advance(timedelta(days=3))
    await ticking.tick(post.parts)
    await post.send()
    # Nor can it be taken back any more.
    assert not post.has_buttons(ANA)
    assert not post.has_buttons(BEN)
    assert post.shown(BEN)[0].startswith("Expired:")
    assert await post.send() == 0


async def test_a_card_answered_while_on_its_way_shows_the_answer(post: Post) -> None:
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    post.slack.faults["chat.postMessage"] = [Fault(delay=0.4, lost=True)]
    sending = asyncio.create_task(post.sender.send_due())
    (insight,) = await insights_of(post.parts, ana)
    async with asyncio.timeout(20):
        while post.slack.faults["chat.postMessage"]:
            await asyncio.sleep(0.01)
    await decisions.dismiss(post.parts, by(ANA), insight.fingerprint)
    await sending
    await post.send()
    assert post.shown(ANA)[0].startswith("Dismissed:")
    assert await post.states(ana) == ["dismissed"]


async def test_a_message_the_person_has_deleted_is_not_tried_for_ever(sqlite_post: Post) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    await post.send()
    post.slack.remove(post.slack.messages(ANA)[0])
    (insight,) = await insights_of(post.parts, ana)
    await decisions.dismiss(post.parts, by(ANA), insight.fingerprint)
    await post.send()
    assert await post.send(timedelta(days=1)) == 0
    assert await post.states(ana) == ["dismissed"]
    assert (await post.message_of(ana)).error == "message_not_found"


async def test_a_change_that_slack_does_not_take_now_is_made_later(sqlite_post: Post) -> None:
    post = sqlite_post
    ana = await enrol(post.parts, ANA)
    await deliver(post.parts, won_deal(1))
    await post.send()
    (insight,) = await insights_of(post.parts, ana)
    await decisions.dismiss(post.parts, by(ANA), insight.fingerprint)
    post.slack.faults["chat.update"] = [Fault(status=429, retry_after=20), Fault(status=500)]
    await post.sender.send_due()
    assert await post.send(19 * SECOND) == 0
    await post.send(SECOND)
    await post.send(MINUTE)
    assert post.shown(ANA)[0].startswith("Dismissed:")


# The welcome


async def test_a_welcome_that_cannot_be_sent_now_is_sent_later_and_once(post: Post) -> None:
    await enrol(post.parts, BEN, enrolment=Enrolment.NEW)
    await deliver(post.parts, won_deal(1, BEN))
    post.slack.faults["chat.postMessage"] = [Fault(status=500), Fault(status=429, retry_after=30)]
    await post.send()
    assert post.shown(BEN) == []
    for _ in range(5):
        await post.send(MINUTE)
    assert len(post.shown(BEN)) == 1
    async with post.parts.database.read() as tx:
        ben = await people.by_slack_user(tx, WORKSPACE, BEN)
    assert ben is not None
    assert ben.enrolment == "invited"


async def test_a_welcome_slack_refuses_for_good_is_kept_with_the_reason(sqlite_post: Post) -> None:
    post = sqlite_post
    await enrol(post.parts, BEN, enrolment=Enrolment.NEW)
    await deliver(post.parts, won_deal(1, BEN))
    post.slack.faults["chat.postMessage"] = [Fault(error="user_disabled")]
    await post.send()
    assert await post.send(timedelta(days=1)) == 0
    async with post.parts.database.read() as tx:
        (refused,) = await messages.failed(tx, WORKSPACE)
    assert (refused.addressee, refused.error) == (BEN, "user_disabled")
