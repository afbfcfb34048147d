"""The doctor asks Slack for a connection by Socket Mode, and says what to do about the answer."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from starlette.applications import Starlette

from bot.doctor.findings import Finding, State
from bot.doctor.socket import check_socket
from bot.playground.slack.api import Fault, Person, SlackStandIn
from bot.playground.slack.sockets import Sockets
from tests.bot.playground.fake_bot import served
from tests.world import APP_TOKEN, BOT_TOKEN


@dataclass
class Stage:
    slack: SlackStandIn
    sockets: Sockets
    url: str

    async def asked(self, token: str = APP_TOKEN) -> list[Finding]:
        return await check_socket(self.url, token)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    people = [Person("U1", "Ana", "ana@example.com", "UTC", owner=True)]
    slack = SlackStandIn(people, bot_token=BOT_TOKEN, signing_secret="")
    sockets = slack.sockets = Sockets(APP_TOKEN)
    await sockets.start()
    async with served(Starlette(routes=slack.routes)) as url:
        yield Stage(slack, sockets, f"{url}/api/")
    await sockets.close()
    await slack.close()


async def test_a_good_token_is_found_good_and_leaves_no_connection_open(stage: Stage) -> None:
    good, none = await stage.asked()
    assert (good.state, none.state) == (State.OK, State.NOTE)
    assert "the coach has none at the moment" in none.text
    assert "coach serve" in (none.mend or "")
    assert all(each.socket.closed for each in stage.sockets.connections)


async def test_the_connections_that_are_open_are_told(stage: Stage) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(stage.sockets.address()) as coach:
        await coach.receive()
        _, found = await stage.asked()
    assert found.state is State.OK
    assert found.text.endswith("open at the moment: 1.")


@pytest.mark.parametrize(
    ("fault", "text", "mend"),
    [
        (Fault(error="invalid_auth"), "refuses the app-level token: invalid_auth", "App-Level"),
        (Fault(error="missing_scope"), "lacks the scope connections:write", "connections:write"),
        (Fault(error="not_allowed_token_type"), "not_allowed_token_type", "xapp-"),
        (Fault(status=503), "cannot be asked for a socket at", "Check the network"),
    ],
)
async def test_each_refusal_has_a_line_how_to_mend_it(
    stage: Stage, fault: Fault, text: str, mend: str
) -> None:
    stage.slack.faults["apps.connections.open"] = [fault]
    (found,) = await stage.asked()
    assert found.state is State.FAULT
    assert text in found.text
    assert mend in (found.mend or "")


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("link_disabled", "Socket Mode is switched off for the app."),
        ("too_many_websockets", "Slack has all ten connections of the app in use"),
        ("warning", "Slack closed the connection at once: warning."),
    ],
)
async def test_what_slack_says_instead_of_hello_is_told(
    stage: Stage, reason: str, text: str
) -> None:
    stage.sockets.refuses = reason
    _, found = await stage.asked()
    assert found.state is State.FAULT
    assert text in found.text
    assert found.mend


async def test_a_slack_that_is_not_there_is_told_without_a_librarys_words() -> None:
    for url, why in (
        ("http://127.0.0.1:1/api/", "nothing listens there"),
        ("http://no-such-host.invalid/api/", "its name is not known"),
    ):
        (found,) = await check_socket(url, APP_TOKEN)
        assert found.state is State.FAULT
        assert found.text == f"Slack cannot be asked for a socket at {url}: {why}."
