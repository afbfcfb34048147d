"""Socket Mode against a stand-in that behaves badly: there is always a connection again.

No test waits for a time to be over; each waits for what must happen.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.playground.slack.api import Fault, SlackStandIn
from bot.playground.slack.sockets import Sockets
from bot.slack.socket.keeper import Keeper
from bot.slack.socket.standing import Pace
from bot.web.dispatching import BYTES, REQUESTS
from bot.web.room import Room
from tests.world import (
    ANA,
    APP_TOKEN,
    BOT_TOKEN,
    MEMBERS,
    SIGNING_SECRET,
    address,
    listening,
    plain_config,
    seeded,
    serving,
)

#: Pauses of hundredths of a second instead of seconds; patience as for a busy machine.
QUICK = Pace(short=0.0, silent=0.0, retire=0.05, scale=0.01)


@dataclass
class Stage:
    """A keeper at work before the stand-in, and what reached the listeners behind it."""

    keeper: Keeper
    slack: SlackStandIn
    sockets: Sockets
    commands: list[str] = field(default_factory=list)
    #: What the next commands are answered by.
    answers: list[BoltResponse] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.005)

    async def until_open(self, times: int = 1) -> None:
        """Until so many connections were opened, and the last is known to be good."""
        await self.until(lambda: self.sockets.opened >= times and self.keeper.fault() is None)


@asynccontextmanager
async def staged(
    pace: Pace = QUICK, *, room: Room | None = None, app_token: str = APP_TOKEN, greets: bool = True
) -> AsyncIterator[Stage]:
    slack = SlackStandIn(
        MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, answer_seconds=30,
        timer=lambda: 0.0, retry_delays=(),
    )  # fmt: skip
    sockets = slack.sockets = Sockets(APP_TOKEN)
    sockets.greets = greets
    on = listening()
    slack.own_url = address(on)

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="t", user_id="U0")

    app = AsyncApp(authorize=authorize, signing_secret="", process_before_response=True)
    client = AsyncWebClient(base_url=f"{slack.own_url}/api/", timeout=60)
    client.retry_handlers = []
    keeper = Keeper(app, client, app_token, room or Room(REQUESTS, BYTES), seeded(), pace=pace)
    stage = Stage(keeper, slack, sockets)
    stage.may_answer.set()

    async def on_command(ack: Any, body: dict[str, Any]) -> BoltResponse | None:
        stage.commands.append(body["text"])
        await stage.may_answer.wait()
        if stage.answers:
            return stage.answers.pop(0)
        await ack(text=f"heard {body['text']}")
        return None

    async def on_home(body: dict[str, Any]) -> None:
        stage.commands.append(body["event"]["tab"])

    app.command("/coach")(on_command)
    app.event("app_home_opened")(on_home)
    async with (
        serving(plain_config(Starlette(routes=slack.routes)), on),
        aiohttp.ClientSession(trust_env=False) as http,
    ):
        await sockets.start()
        keeping = asyncio.create_task(keeper.keep(http))
        try:
            yield stage
        finally:
            stage.may_answer.set()
            await keeper.close()
            ended, _ = await asyncio.wait({keeping}, timeout=10)
            assert ended, "it does not end by itself"
            await sockets.close()
            await slack.close()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as made:
        await made.until_open()
        yield made


async def test_what_people_do_reaches_the_listeners_and_their_answer_slack(stage: Stage) -> None:
    answer = await stage.slack.command(ANA, "/coach help")
    assert answer.problem is None
    assert stage.slack.messages(ANA)[-1].text == "heard help"
    assert (await stage.slack.open_tab(ANA, "home")).problem is None
    assert stage.commands == ["help", "home"]


async def test_until_slack_says_hello_the_coach_is_not_ready() -> None:
    async with staged(greets=False) as stage:
        await stage.until(lambda: stage.sockets.opened == 1)
        assert stage.keeper.fault() == "the socket to Slack is not open: it is not open yet"


async def test_a_connection_that_never_says_hello_is_replaced() -> None:
    async with staged(replace(QUICK, hello=0.2), greets=False) as stage:
        await stage.until(lambda: stage.sockets.opened >= 2)
        await stage.until(lambda: "no answer in time" in (stage.keeper.fault() or ""))
        stage.sockets.greets = True
        await stage.until(lambda: stage.keeper.fault() is None)


async def test_a_connection_that_is_dead_and_does_not_say_so_is_replaced() -> None:
    async with staged(replace(QUICK, heartbeat=0.2)) as stage:
        await stage.until_open()
        (dead,) = stage.sockets.connections
        dead.is_dead = True
        await stage.until_open(2)
        await stage.until(lambda: dead not in stage.sockets.connections)
        assert (await stage.slack.command(ANA, "/coach help")).problem is None


async def test_a_connection_that_is_closed_without_a_word_is_replaced(stage: Stage) -> None:
    await stage.sockets.connections[0].socket.close()
    await stage.until_open(2)
    assert (await stage.slack.command(ANA, "/coach help")).problem is None


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_the_next_connection_is_open_before_the_last_is_closed(reason: str) -> None:
    async with staged(replace(QUICK, retire=30)) as stage:
        await stage.until_open()
        (first,) = stage.sockets.connections
        await stage.sockets.disconnect(reason, closing=False)
        await stage.until_open(2)
        # Slack sends by any of them meanwhile.
        assert len(stage.sockets.connections) == 2
        for _ in range(4):
            assert (await stage.slack.command(ANA, "/coach help")).problem is None
        assert all(each.sent == each.acknowledged != [] for each in stage.sockets.connections)
        await first.socket.close()
        await stage.until(lambda: len(stage.sockets.connections) == 1)
        assert stage.sockets.opened == 2


async def test_a_connection_that_slack_does_not_close_is_closed_after_a_while(
    stage: Stage,
) -> None:
    await stage.sockets.disconnect("refresh_requested", closing=False)
    await stage.until_open(2)
    await stage.until(lambda: len(stage.sockets.connections) == 1)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("link_disabled", "Socket Mode is switched off for the app (link_disabled)"),
        ("too_many_websockets", "more than ten processes are connected (too_many_websockets)"),
    ],
)
async def test_what_somebody_has_to_mend_is_told_at_once_and_tried_seldom(
    reason: str, told: str
) -> None:
    async with staged(replace(QUICK, silent=3600, scale=0.1)) as stage:
        await stage.until_open()
        stage.slack.faults["apps.connections.open"] = [Fault(error="internal_error")]
        await stage.sockets.disconnect(reason)
        await stage.until(lambda: stage.keeper.fault())
        assert stage.keeper.fault() == f"the socket to Slack is not open: {told}"
        # Mended there, it is found out by itself.
        await stage.until_open(2)


async def test_while_the_last_connection_still_goes_on_there_is_no_fault() -> None:
    async with staged(replace(QUICK, retire=30)) as stage:
        await stage.until_open()
        (first,) = stage.sockets.connections
        asked = stage.slack.calls
        stage.slack.faults["apps.connections.open"] = [Fault(status=503)] * 1000
        await stage.sockets.disconnect("warning", closing=False)
        await stage.until(lambda: stage.slack.calls > asked + 1)
        assert stage.keeper.fault() is None
        assert (await stage.slack.command(ANA, "/coach help")).problem is None
        await first.socket.close()
        await stage.until(lambda: "http_503" in (stage.keeper.fault() or ""))


async def test_a_short_gap_is_no_fault() -> None:
    async with staged(replace(QUICK, silent=3600)) as stage:
        await stage.until_open()
        stage.sockets.greets = False
        await stage.sockets.connections[0].socket.close()
        await stage.until(lambda: stage.sockets.opened == 2)
        assert stage.keeper.fault() is None


async def test_a_long_gap_is_told_with_its_reason() -> None:
    async with staged() as stage:
        await stage.until_open()
        stage.slack.faults["apps.connections.open"] = [Fault(status=503)] * 3
        await stage.sockets.connections[0].socket.close()
        await stage.until(lambda: "http_503" in (stage.keeper.fault() or ""))
        await stage.until_open(2)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault(error="invalid_auth"), "Slack answers invalid_auth"),
        (Fault(error="missing_scope"), "Slack answers missing_scope"),
        (Fault(drop=True), "the connection broke off"),
    ],
)
async def test_a_refusal_is_told_and_tried_again(fault: Fault, told: str) -> None:
    async with staged(replace(QUICK, scale=0.0)) as stage:
        stage.slack.faults["apps.connections.open"] = [replace(fault, delay=0.05)] * 2
        await stage.until(lambda: told in (stage.keeper.fault() or ""))
        await stage.until_open()


async def test_slack_is_left_alone_for_as_long_as_it_asks() -> None:
    async with staged(replace(QUICK, scale=0.0)) as stage:
        stage.slack.faults["apps.connections.open"] = [Fault(status=429, retry_after=1)]
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await stage.until_open()
        assert loop.time() - begun >= 1
        assert stage.slack.calls == 2


async def test_the_pauses_grow_while_no_connection_lasts() -> None:
    # Each says goodbye at once: without pauses it would be hundreds a second.
    async with staged(Pace(short=3600, silent=3600, scale=0.01)) as stage:
        for times in range(1, 6):
            await stage.until_open(times)
            await stage.sockets.disconnect("refresh_requested")
        loop = asyncio.get_running_loop()
        begun, before = loop.time(), stage.sockets.opened
        await stage.until(lambda: stage.sockets.opened > before)
        assert loop.time() - begun > 0.2


async def test_a_slow_answer_to_the_question_for_an_address_is_waited_for() -> None:
    async with staged() as stage:
        stage.slack.faults["apps.connections.open"] = [Fault(delay=0.3, lost=True)]
        await stage.until_open()
        assert stage.sockets.opened == 1


async def test_the_end_does_not_wait_for_a_connection_that_is_being_opened() -> None:
    async with staged() as stage:
        stage.slack.faults["apps.connections.open"] = [Fault(delay=60, lost=True)]
        await stage.until(lambda: stage.slack.calls)
    assert stage.sockets.opened == 0


async def test_an_envelope_that_is_delivered_twice_acts_once(stage: Stage) -> None:
    stage.sockets.copies = 2
    assert (await stage.slack.command(ANA, "/coach help")).problem is None
    assert (await stage.slack.open_tab(ANA, "home")).problem is None
    await stage.until(lambda: len(stage.sockets.connections[0].acknowledged) == 4)
    assert stage.commands == ["help", "home"]


async def test_an_envelope_that_is_delivered_by_two_connections_acts_once() -> None:
    async with staged(replace(QUICK, retire=30)) as stage:
        await stage.until_open()
        await stage.sockets.disconnect("warning", closing=False)
        await stage.until_open(2)
        stage.sockets.copies = 2
        await stage.slack.command(ANA, "/coach help")
        await stage.until(
            lambda: all(len(each.acknowledged) == 1 for each in stage.sockets.connections)
        )
        assert stage.commands == ["help"]


@pytest.mark.parametrize("status", [400, 503])
async def test_what_could_not_be_taken_is_not_acknowledged_and_may_come_again(
    stage: Stage, status: int
) -> None:
    stage.answers = [BoltResponse(status=status)]
    payload = {"command": "/coach", "text": "help", "trigger_id": "1.2", "team_id": "T1"}
    assert (await stage.sockets.deliver(payload, 0.3))[0] == 0
    assert stage.sockets.connections[0].acknowledged == []
    assert (await stage.sockets.deliver(payload, 30))[0] == 200
    assert stage.commands == ["help", "help"]


async def test_hostile_frames_leave_the_connection_open(stage: Stage) -> None:
    socket = stage.sockets.connections[0].socket
    for text in ("", "nonsense", "[]", '{"type":"x"}', '{"envelope_id":"e","payload":[]}'):
        await socket.send_str(text)
    await socket.send_bytes(b"\xff\xfe")
    await stage.sockets.deliver({"event": {"user": "U\0"}}, 0.05)
    await stage.sockets.deliver({"type": "event_callback", "event": {"type": ["x"]}}, 0.05)
    await stage.sockets.deliver({"type": "block_actions", "actions": 7, "user": []}, 0.05)
    assert (await stage.slack.command(ANA, "/coach help")).problem is None
    assert stage.sockets.opened == 1


async def test_something_too_large_is_not_taken_and_the_connection_stays(stage: Stage) -> None:
    payload = {"command": "/coach", "text": "x" * 1_000_001, "trigger_id": "1.2"}
    assert (await stage.sockets.deliver(payload, 0.3))[0] == 0
    assert (await stage.slack.command(ANA, "/coach help")).problem is None
    assert (stage.commands, stage.sockets.opened) == (["help"], 1)


async def test_what_is_too_much_at_once_slack_is_to_send_again() -> None:
    async with staged(room=Room(1, 16_000_000)) as stage:
        await stage.until_open()
        stage.may_answer.clear()
        first = asyncio.create_task(stage.slack.command(ANA, "/coach help"))
        await stage.until(lambda: stage.commands)
        second = {"command": "/coach", "text": "deals", "trigger_id": "9.9", "team_id": "T1"}
        assert (await stage.sockets.deliver(second, 0.5))[0] == 0
        # It did not even begin.
        assert stage.commands == ["help"]
        stage.may_answer.set()
        assert (await first).problem is None
        assert (await stage.sockets.deliver(second, 30))[0] == 200
        assert stage.commands == ["help", "deals"]


async def test_at_the_end_what_is_in_hand_is_acknowledged_and_the_connection_closed(
    stage: Stage,
) -> None:
    stage.may_answer.clear()
    asked = asyncio.create_task(stage.slack.command(ANA, "/coach help"))
    await stage.until(lambda: stage.commands)
    (connection,) = stage.sockets.connections
    closing = asyncio.create_task(stage.keeper.close())
    await asyncio.sleep(0)
    stage.may_answer.set()
    assert (await asked).problem is None
    await closing
    await stage.until(lambda: stage.sockets.connections == [])
    assert connection.socket.close_code == 1000
    assert stage.sockets.opened == 1
