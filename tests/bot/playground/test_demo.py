"""The whole of it, bot and playground over real HTTP: the tour's story comes out as it should."""

import io
from pathlib import Path

import aiohttp
from rich.console import Console

from bot.playground.crm.seed import ANA, BEN
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
    for words in (
        "Ask Ann Lee for referral",
        "Create a task",
        "Dismissed: Nice work!",
        "Warm leads going cold",
        "The end.",
    ):
        assert words in told, told


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
