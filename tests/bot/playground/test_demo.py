"""The whole of it, bot and playground over real HTTP: the tour's story comes out as it should."""

import io
from pathlib import Path

import aiohttp
import pytest
from rich.console import Console

from bot.playground.crm.seed import ANA, BEN, CHRIS
from bot.playground.demo import running
from bot.playground.slack.api import words_of
from bot.playground.tour import play


async def test_the_tour_goes_through_with_the_real_coach(tmp_path: Path) -> None:
    page = io.StringIO()
    console = Console(file=page, width=100)
    async with running(tmp_path / "tour", console) as demo:
        await play(demo.playground, console)
        slack, crm = demo.playground.slack, demo.playground.crm
        assert slack.refusals == [], "nothing the bot sent was refused"
        made = [task for task in crm.tasks.values() if task["from_coach"]]
        assert [task["title"] for task in made] == ["Ask Ann Lee for referral"]
        problems = [entry for entry in demo.playground.log if entry["problem"]]
        assert problems == [], "every request of either side was answered well"
        posted = [sent for sent in slack.sent if sent.method == "chat.postMessage"]
        assert len({sent.ts for sent in posted}) == len(posted)
        told = page.getvalue()
        demo.playground.tell("Something happens still.")
    # Whatever the coach does while it ends, the story has ended before.
    assert page.getvalue() == told
    assert told.endswith("\nThe end.\n")
    for words in (
        "Ask Ann Lee for referral",
        "Create a task",
        "Dismissed: Nice work!",
        "Warm leads going cold",
        "The end.",
    ):
        assert words in told, told


@pytest.mark.parametrize("by_socket", [False, True])
async def test_a_demo_that_says_it_is_ready_is(tmp_path: Path, by_socket: bool) -> None:
    console = Console(file=io.StringIO())
    async with running(tmp_path / "demo", console, by_socket=by_socket) as demo:
        assert await demo.bot.ready() is None
        answer = await demo.playground.slack.command(BEN, "/coach help")
        assert answer.problem is None
        await demo.bot.parts.background.drain(10)
        shown = [each for each in demo.playground.slack.messages(BEN) if each.ephemeral]
        assert "What you can type" in words_of(shown[-1])


async def test_the_first_insight_and_the_invitations_come_by_themselves(tmp_path: Path) -> None:
    async with running(tmp_path / "demo", Console(file=io.StringIO())) as demo:
        slack = demo.playground.slack
        card = await slack.message(ANA, seconds=10)
        assert "Take Action" in words_of(card)
        welcome = await slack.message(BEN, seconds=10)
        assert "May I start?" in words_of(welcome)
        assert "Take Action" not in words_of(welcome)
        async with (
            aiohttp.ClientSession() as session,
            session.get(demo.page_url) as answer,
        ):
            assert answer.status == 200


async def test_a_crm_is_linked_and_tried_by_its_administrator(tmp_path: Path) -> None:
    async with running(tmp_path / "demo", Console(file=io.StringIO())) as demo:
        slack, background = demo.playground.slack, demo.bot.parts.background
        # By then the coach knows whose token it has.
        await slack.message(ANA, seconds=10)
        assert (await slack.command(CHRIS, "/coach connect")).ok
        await background.drain(10)
        message = [each for each in slack.messages(CHRIS) if each.ephemeral][-1]
        assert "native (native)" in words_of(message)
        await slack.press(CHRIS, message.ts, action_id="connect:test")
        await background.drain(10)
        (told,) = [each for each in slack.messages(CHRIS) if each.ephemeral and each is not message]
        assert "its signature was right, and it is stored" in words_of(told)
        await slack.press(CHRIS, message.ts, action_id="connect:choose", choose="native")
        await background.drain(10)
        assert (await slack.submit(CHRIS)).ok
        view = slack.top_view(CHRIS)
        assert view is not None
        assert "was linked before and still is" in str(view["blocks"])
        assert slack.refusals == []
