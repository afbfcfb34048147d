"""The tour plays its story through a coach that behaves, and says what went wrong otherwise."""

import asyncio
import contextlib
import io
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from rich.console import Console
from starlette.responses import JSONResponse, Response

from bot.playground import tour
from bot.playground.crm.signing import webhook_headers
from bot.playground.slack.reading import read, read_view
from tests.bot.playground.fake_bot import CALLBACK_SECRET
from tests.bot.playground.room import Room, a_room
from tests.bot.playground.slack.test_api import MODAL


def card(text: str) -> list[dict[str, Any]]:
    return [
        {"type": "section", "text": {"type": "plain_text", "text": text}},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": label,
                    "text": {"type": "plain_text", "text": label},
                }
                for label in ("Take Action", "Dismiss")
            ],
        },
    ]


class SmallCoach:
    """Says three things and does what its buttons promise; ``faults`` leaves steps out."""

    def __init__(self, room: Room, *faults: str) -> None:
        self.room, self.faults = room, faults
        self.seen = 1
        self.moment = room.clock.moment
        self.background: set[asyncio.Task[Any]] = set()
        room.bot.reply = self.reply

    async def live(self) -> None:
        """Answer webhooks, and a new day, with a card."""
        while True:
            await asyncio.sleep(0.01)
            for event in self.room.bot.webhooks[self.seen :]:
                self.seen += 1
                if event["type"] == "deal_closed" and "silence" not in self.faults:
                    await self.say("Great close! Ask Ann Lee for a referral.")
                if event["type"] == "task_completed":
                    await self.say("Nice work! Next priority: call")
            if self.room.clock.moment.date() > self.moment.date():
                self.moment = self.room.clock.moment
                await self.say("Warm leads going cold: Ann")

    async def say(self, text: str) -> None:
        await self.room.client.chat_postMessage(channel="U01ANA", text=text, blocks=card(text))

    def reply(self, got: dict[str, Any]) -> Response | None:
        if got["type"] == "view_submission":
            if "form" in self.faults:
                return JSONResponse({"response_action": "errors", "errors": {"title": "Never."}})
            self.later(self.create_task())
        elif got["actions"][0]["action_id"] == "Dismiss":
            self.later(self.finish(got["message"]["ts"], "Dismissed."))
        elif got["type"] == "block_actions":
            self.later(self.room.client.views_open(trigger_id=got["trigger_id"], view=MODAL))
            self.later(self.finish(got["message"]["ts"], "Done."))
        return None

    def later(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self.background.add(task)
        task.add_done_callback(self.background.discard)

    async def finish(self, ts: str, text: str) -> None:
        await self.room.client.chat_update(
            channel="D01ANA", ts=ts, text=text, blocks=card(text)[:1]
        )

    async def create_task(self) -> None:
        event = {
            "type": "task_created",
            "timestamp": "2026-11-23T09:00:00Z",
            "owner": {"email": "ana@northwind.example"},
            "data": {"task": {"id": "T-new", "title": "Ask Ann Lee for referral"}},
        }
        body = json.dumps(event).encode()
        headers = webhook_headers(CALLBACK_SECRET, "msg_task", body, time.time())
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.room.url}/crm/callback", data=body, headers=headers) as answer,
        ):
            assert answer.status == 202


@contextlib.asynccontextmanager
async def coached(*faults: str) -> AsyncIterator[tuple[Room, Console, io.StringIO]]:
    async with a_room() as room:
        await room.playground.crm.deliveries.settled()
        living = asyncio.create_task(SmallCoach(room, *faults).live())
        page = io.StringIO()
        yield room, Console(file=page, width=80), page
        living.cancel()


async def test_the_story_is_told_as_a_person_would_read_it() -> None:
    async with coached() as (room, console, page):
        await tour.play(room.playground, console, patience=6)
        told = page.getvalue()
    for words in (
        "Ana wins “Acme renewal”",
        "Ask Ann Lee for a referral.",
        "[Take Action]  [Dismiss]",
        "New task",
        "Title: Ask Ann",
        "A new task: Ask Ann Lee for referral",
        "Nice work!",
        "Dismissed.",
        "The next morning of work",
        "Warm leads going cold",
        "The end.",
    ):
        assert words in told, told
    assert room.playground.crm.deals["D-1"]["status"] == "won"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("silence", "in vain for a card with the words “referral”"),
        ("form", "The form was refused: Never."),
    ],
)
async def test_a_story_that_goes_wrong_says_where(fault: str, sentence: str) -> None:
    async with coached(fault) as (room, console, _):
        with pytest.raises(tour.TourError) as raised:
            await tour.play(room.playground, console, patience=1)
    assert sentence in str(raised.value)
    assert "Ana's last messages" in str(raised.value)


def test_blocks_read_like_the_message_they_make() -> None:
    option = {"text": {"type": "plain_text", "text": "High"}, "value": "high"}
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Deals"}},
        {
            "type": "section",
            "text": {
                "type": "mrkdwn",
                "text": "*Acme &lt;b&gt;* is <https://crm.example/1|here>, <@U1|ana>: 2 * 3 * 4",
            },
            "accessory": {"type": "overflow", "options": [option]},
        },
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "emoji", "name": "tada"},
                        {"type": "text", "text": " Well *done* "},
                        {"type": "link", "url": "https://a.example", "text": "Ann"},
                    ],
                },
                {
                    "type": "rich_text_list",
                    "style": "ordered",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}
                    ],
                },
            ],
        },
        {"type": "context", "elements": [{"type": "plain_text", "text": "high priority"}]},
        {"type": "divider"},
        {"type": "actions", "elements": [{"type": "static_select", "initial_option": option}]},
    ]
    assert read(blocks) == (
        "Deals\nAcme <b> is here, @ana: 2 * 3 * 4\n[⋯ High]\n🎉 Well *done* Ann\n1. x\n"
        "high priority\n" + "─" * 20 + "\n[High]"
    )
    assert read_view(MODAL) == "New task\n\nTitle: Ask Ann\n[Create]"
