"""The playground's own HTTP side: the page's calls, its stream, its guard and its memory."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.responses import JSONResponse

from bot.playground.server import LOG_KEPT, Playground, Wiring, saved_advance
from tests.bot.playground.conftest import HandClock
from tests.bot.playground.fake_bot import (
    BOT_TOKEN,
    CALLBACK_SECRET,
    SIGNING_SECRET,
    WEBHOOK_SECRET,
    FakeBot,
    address,
    bound,
    served,
)
from tests.bot.playground.slack.test_api import CARD, MODAL


class Room:
    """A playground on loopback, a tiny bot, and the page's way to talk to it."""

    def __init__(self, playground: Playground, bot: FakeBot, clock: HandClock, url: str) -> None:
        self.playground, self.bot, self.clock, self.url = playground, bot, clock, url
        self.told: list[str] = []
        self.headers = {"Origin": url}
        self.session = aiohttp.ClientSession()
        self.client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{url}/api/")

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        async with self.session.post(self.url + path, json=body, headers=self.headers) as answer:
            got: dict[str, Any] = await answer.json()
            return got

    async def state(self) -> dict[str, Any]:
        async with self.session.get(self.url + "/ui/state") as answer:
            got: dict[str, Any] = await answer.json()
            return got

    async def status(self, method: str, path: str, **more: Any) -> int:
        async with self.session.request(method, self.url + path, **more) as answer:
            return answer.status


@contextlib.asynccontextmanager
async def a_room(
    state_file: Path | None = None, listening: socket.socket | None = None
) -> AsyncIterator[Room]:
    bot, clock, at = FakeBot(), HandClock(), listening or bound()
    told: list[str] = []
    async with served(Starlette(routes=bot.routes())) as bot_url:
        wiring = Wiring(
            bot_url=bot_url,
            signing_secret=SIGNING_SECRET,
            bot_token=BOT_TOKEN,
            webhook_url=f"{bot_url}/webhooks/native/token",
            webhook_secret=WEBHOOK_SECRET,
            callback_secret=CALLBACK_SECRET,
            page_url=address(at),
        )
        playground = Playground(
            wiring, clock=clock, advance=clock.advance, state_file=state_file, tell=told.append
        )
        async with served(playground.app, at) as url:
            await playground.start()
            room = Room(playground, bot, clock, url)
            room.told = told
            try:
                yield room
            finally:
                await room.session.close()
                await playground.close()


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with a_room() as made:
        yield made


async def test_the_first_start_tells_the_coach_the_teams_past(room: Room) -> None:
    await room.playground.crm.deliveries.settled()
    (batch,) = room.bot.webhooks
    assert batch["type"] == "batch"
    assert len(batch["data"]["events"]) > 80
    assert "the team's past" in room.told[0]


async def test_the_page_reads_everything_at_once(room: Room) -> None:
    state = await room.state()
    assert [one["id"] for one in state["people"]] == ["U01ANA", "U02BEN", "U03CHRIS"]
    assert state["people"][2]["admin"]
    assert state["messages"] == {"U01ANA": [], "U02BEN": [], "U03CHRIS": []}
    assert state["homes"]["U01ANA"] is None
    assert state["views"]["U01ANA"] == []
    assert state["now"] == "2026-11-23T09:00:00+00:00"
    assert state["app"] == {"name": "Coach"}
    assert state["commands"][0]["command"] == "/coach"
    assert len(state["crm"]["deals"]) == 18


async def test_what_happens_is_streamed_to_the_page(room: Room) -> None:
    kinds: list[str] = []
    async with room.session.get(room.url + "/ui/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert await stream.content.readline() == b": hello\n"
        await room.client.chat_postMessage(channel="U01ANA", text="Hello", blocks=CARD)
        await room.post("/ui/clock", days=1)
        await room.post("/ui/crm/tasks", title="Call", owner="U01ANA", priority="high")
        while not {"message", "clock", "crm", "log"} <= set(kinds):
            line = await asyncio.wait_for(stream.content.readline(), 2)
            if line.startswith(b"data: "):
                event = json.loads(line[6:])
                kinds.append(event["type"])
                if event["type"] == "message":
                    assert event["person"] == "U01ANA"
                    assert event["message"]["from"] == "bot"
                    assert event["message"]["blocks"][0]["text"]["text"] == "Great close!"
                if event["type"] == "clock":
                    assert event["now"] == "2026-11-24T09:00:00+00:00"


async def test_a_person_types_clicks_fills_in_and_closes(room: Room) -> None:
    ok = {"ok": True}
    assert await room.post("/ui/command", person="U01ANA", text="/coach help") == ok
    assert room.bot.commands[0]["text"] == "help"
    posted = await room.client.chat_postMessage(channel="U01ANA", text="Hello", blocks=CARD)
    block_id = posted["message"]["blocks"][1]["block_id"]
    action = {"block_id": block_id, "action_id": "take", "type": "button", "value": "7"}
    container = {"type": "message", "ts": posted["ts"]}
    assert await room.post("/ui/action", person="U01ANA", container=container, action=action) == ok
    click = room.bot.interactions[0]
    assert click["actions"][0]["value"] == "7"
    view = (await room.client.views_open(trigger_id=click["trigger_id"], view=MODAL))["view"]
    state = {"type": "plain_text_input", "value": "Mine"}
    values = {"title": {"title": state}}
    room.bot.reply = lambda _: JSONResponse(
        {"response_action": "errors", "errors": {"title": "No"}}
    )
    assert await room.post("/ui/submit", person="U01ANA", view_id=view["id"], values=values) == {
        "ok": False,
        "errors": {"title": "No"},
    }
    sent = room.bot.interactions[1]["view"]["state"]["values"]
    assert sent == {"title": {"title": state}}
    assert await room.post("/ui/close", person="U01ANA", view_id=view["id"]) == ok
    assert (await room.state())["views"]["U01ANA"] == []
    room.bot.reply = lambda _: None
    assert await room.post("/ui/tab", person="U01ANA", tab="home") == ok
    assert room.bot.events[0]["event"]["tab"] == "home"
    assert await room.post("/ui/message", person="U01ANA", text="hi") == ok
    assert (await room.state())["messages"]["U01ANA"][-1]["from"] == "person"
    story = "\n".join(room.told)
    for words in ("Ana Ruiz types  /coach help", "coach → Slack  to Ana Ruiz: Hello",
                  "Ana Ruiz presses  Take Action", "Ana Ruiz sends the form"):  # fmt: skip
        assert words in story


async def test_a_failing_bot_is_shown_to_the_person(room: Room) -> None:
    room.bot.delay = 10
    room.playground.slack.answer_seconds = 0.05
    answer = await room.post("/ui/command", person="U01ANA", text="/coach help")
    assert "operation_timeout" in answer["error"]
    assert any("did not answer" in line for line in room.told)


async def test_the_board_is_worked_on(room: Room) -> None:
    await room.playground.crm.deliveries.settled()
    made = await room.post(
        "/ui/crm/deals", title="New <deal>", value="100", stage="Qualified", owner="U02BEN"
    )
    deal_id = made["deal"]["id"]
    assert (await room.post(f"/ui/crm/deals/{deal_id}", stage="Closed Won"))["ok"]
    assert (await room.post(f"/ui/crm/deals/{deal_id}/delete"))["ok"]
    assert (await room.post("/ui/crm/contacts", name="Kim", status="LEAD", owner="U02BEN"))["ok"]
    assert (await room.post("/ui/crm/contacts/C-1/log", kind="call"))["ok"]
    assert (await room.post("/ui/crm/tasks", title="Call", priority="high", owner="U02BEN"))["ok"]
    assert (await room.post("/ui/crm/tasks/T-1", completed=True))["ok"]
    await room.playground.crm.deliveries.settled()
    assert [one["type"] for one in room.bot.webhooks[1:]] == [
        "deal_created", "deal_closed", "deal_deleted", "contact_created", "call_logged",
        "task_created", "task_completed",
    ]  # fmt: skip
    answer = await room.post("/ui/crm/deals/D-404", stage="Qualified")
    assert answer == {"ok": False, "error": "There is no deal D-404."}
    assert "CRM → coach   deal_created “New <deal>”  (webhook, 202)" in room.told


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ui/command", {}),
        ("/ui/command", {"person": "U404", "text": "/coach"}),
        ("/ui/action", {"person": "U01ANA", "container": 3, "action": {}}),
        ("/ui/submit", {"person": "U01ANA", "view_id": "V404"}),
        ("/ui/clock", {"days": 400}),
        ("/ui/message", {"person": "U01ANA", "text": " "}),
        ("/ui/crm/contacts/C-1/log", {"kind": ["call"]}),
    ],
)
async def test_nonsense_from_the_page_gets_a_sentence(
    room: Room, path: str, body: dict[str, Any]
) -> None:
    answer = await room.post(path, **body)
    assert not answer["ok"]
    assert len(answer["error"]) > 10


async def test_the_log_keeps_the_newest_requests_with_what_was_wrong(room: Room) -> None:
    bad = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]
    await room.client.api_call("auth.test")
    with contextlib.suppress(Exception):
        await room.client.chat_postMessage(channel="U01ANA", text="x", blocks=bad)
    entry = (await room.state())["log"][-1]
    assert (entry["direction"], entry["name"], entry["status"]) == (
        "to Slack", "chat.postMessage", 200
    )  # fmt: skip
    assert "json-pointer:/blocks/0/text/text" in entry["problem"]
    assert entry["request"]["blocks"] == bad
    assert entry["response"]["error"] == "invalid_blocks"
    for _ in range(LOG_KEPT + 20):
        room.playground._log({**entry, "name": "x"})
    log = (await room.state())["log"]
    assert len(log) == LOG_KEPT
    assert len({one["id"] for one in log}) == LOG_KEPT


async def test_only_this_machines_own_page_is_let_in(room: Room) -> None:
    body = {"json": {"person": "U01ANA", "text": "/coach help"}}
    own = {"Origin": room.url}
    elsewhere = {"Origin": "http://evil.example"}
    assert await room.status("POST", "/ui/command", **body, headers=own) == 200
    assert await room.status("POST", "/ui/command", **body) == 403
    assert await room.status("POST", "/ui/command", **body, headers=elsewhere) == 403
    assert await room.status("POST", "/ui/command", **body, headers={"Origin": "null"}) == 403
    assert await room.status("GET", "/ui/state", headers=elsewhere) == 403
    assert await room.status("GET", "/ui/state", headers={"Host": "evil.example"}) == 421
    port = room.url.rsplit(":", 1)[1]
    assert await room.status("GET", "/ui/state", headers={"Host": f"localhost:{port}"}) == 200
    plain = {"data": "{}", "headers": {**own, "Content-Type": "text/plain"}}
    assert await room.status("POST", "/ui/command", **plain) == 415
    large = {"data": b"x" * 1_000_001, "headers": own}
    assert await room.status("POST", "/crm/callback", **large) == 413
    assert len(room.bot.commands) == 1


async def test_browsers_are_told_to_be_strict(room: Room) -> None:
    for path in ("/", "/ui/state", "/page/nothing.js"):
        async with room.session.get(room.url + path) as answer:
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_pages_files_are_served_and_no_others(room: Room) -> None:
    async with room.session.get(room.url + "/") as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    host, port = room.url.removeprefix("http://").split(":")

    def raw(path: str) -> int:
        connection = HTTPConnection(host, int(port), timeout=5)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    for path in ("/page/../server.py", "/page/%2e%2e/server.py", "/page//etc/passwd", "/page/"):
        assert await asyncio.to_thread(raw, path) == 404


async def test_a_restart_shows_the_same_messages_and_crm(tmp_path: Path) -> None:
    state_file = tmp_path / "data" / "playground.json"
    assert saved_advance(state_file) == timedelta()
    async with a_room(state_file) as room:
        await room.client.chat_postMessage(channel="U01ANA", text="Hello", blocks=CARD)
        await room.post("/ui/crm/deals/D-1", stage="Closed Won")
        await room.post("/ui/clock", days=7)
        await room.playground.crm.deliveries.settled()
        before = await room.state()
    assert state_file.stat().st_mode & 0o777 == 0o600
    assert saved_advance(state_file) == timedelta(days=7)
    async with a_room(state_file) as room:
        await asyncio.sleep(0.05)
        after = await room.state()
        assert room.bot.webhooks == [], "the past is told once"
        assert after["messages"] == before["messages"]
        assert after["crm"] == before["crm"]


async def test_the_state_is_kept_while_running(tmp_path: Path) -> None:
    state_file = tmp_path / "playground.json"
    async with a_room(state_file) as room:
        await room.post("/ui/crm/deals/D-1", stage="Closed Won")
        for _ in range(100):
            if state_file.exists():
                break
            await asyncio.sleep(0.02)
        deals = json.loads(state_file.read_text())["crm"]["deals"]
        assert deals["D-1"]["status"] == "won"


@pytest.mark.parametrize("spoilt", ['{"version": 1, ', '{"version": 1}', "[]", "\x00"])
async def test_a_spoilt_state_file_means_a_new_beginning(tmp_path: Path, spoilt: str) -> None:
    state_file = tmp_path / "playground.json"
    state_file.write_text(spoilt)
    assert saved_advance(state_file) == timedelta()
    async with a_room(state_file) as room:
        await room.playground.crm.deliveries.settled()
        assert room.bot.webhooks[0]["type"] == "batch"


async def test_a_line_of_the_story_cannot_move_the_terminals_cursor(room: Room) -> None:
    await room.post("/ui/crm/tasks", title="a\x1b[2Jb\nc", owner="U01ANA", priority="high")
    await room.playground.crm.deliveries.settled()
    assert "\x1b" not in "".join(room.told)
    assert "\n" not in "".join(room.told)
