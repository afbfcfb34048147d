"""The whole bot by Socket Mode: all that works over HTTP works by it, and once."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import build, web_config
from bot.playground.slack.sockets import Sockets
from bot.slack.socket.standing import Pace
from tests.together import World, running_world
from tests.world import ANA, BEN, SIGNING_SECRET, listening, seeded, serving, won

PACE = Pace(scale=0.01)


@pytest.fixture
async def by_socket(database_url: str) -> AsyncIterator[World]:
    """The running bot, which reaches Slack by Socket Mode alone."""
    async with connected(database_url) as made:
        yield made


@asynccontextmanager
async def connected(database_url: str, **settings: Any) -> AsyncIterator[World]:
    async with running_world(database_url, started=(ANA,), pace=PACE, **settings) as made:
        await made.until_ready()
        yield made


def sockets(world: World) -> Sockets:
    assert world.slack.sockets is not None
    return world.slack.sockets


async def test_an_insight_is_acted_on_from_card_to_form_without_any_public_address(
    by_socket: World,
) -> None:
    world = by_socket
    await world.post(won())
    await world.settle()
    (card,) = world.messages(ANA)
    assert (await world.slack.press(ANA, card.ts, label="Take Action")).problem is None
    await world.settle()
    answer = await world.slack.submit(ANA)
    assert (answer.problem, answer.errors) == (None, {})
    await world.settle()
    assert world.slack.top_view(ANA) is None
    assert [heard.body["type"] for heard in world.crm.heard] == ["task_created"]


async def test_a_forms_fault_comes_back_to_its_field(by_socket: World) -> None:
    world = by_socket
    assert (await world.slack.command(ANA, "/coach settings")).problem is None
    await world.settle()
    answer = await world.slack.submit(ANA, values={"stale_lead_days": "1000"})
    assert list(answer.errors) == ["stale_lead_days"]


async def test_what_is_typed_in_a_menu_is_looked_for(by_socket: World) -> None:
    world = by_socket
    await world.post(won())
    await world.settle()
    menu = {"type": "external_select", "action_id": "value", "min_query_length": 0}
    label = {"type": "plain_text", "text": "With whom"}
    block = {"type": "input", "block_id": "whom", "label": label, "element": menu}
    title = {"type": "plain_text", "text": "Log a call"}
    view = {"type": "modal", "title": title, "submit": title, "blocks": [block]}
    view_id = world.slack.open_view(ANA, view)["id"]
    for typed, found in (("ann", ["Ann Lee"]), ("ben", [])):
        answer = await world.slack.suggest(
            ANA,
            {"type": "view", "view_id": view_id},
            {"action_id": "value", "block_id": "whom"},
            typed,
        )
        assert answer.ok
        assert [each["text"]["text"] for each in json.loads(answer.text)["options"]] == found


async def test_nothing_is_taken_at_the_address_where_slack_posts_otherwise(
    by_socket: World,
) -> None:
    reply = await by_socket.request("POST", "/slack/events", body=b"payload={}")
    assert (reply.status, reply.body) == (404, {"error": "Slack comes by Socket Mode here."})


async def test_with_a_signing_secret_slack_may_come_both_ways(sqlite_url: str) -> None:
    async with connected(sqlite_url, slack_signing_secret=SecretStr(SIGNING_SECRET)) as world:
        assert (await world.slack.command(ANA, "/coach help")).problem is None
        both, world.slack.sockets = world.slack.sockets, None
        assert (await world.slack.command(ANA, "/coach help")).problem is None
        world.slack.sockets = both
        await world.settle()
    assert len(world.messages(ANA)) == 2


async def test_a_bot_that_does_not_hear_slack_is_not_ready(sqlite_url: str) -> None:
    async with running_world(sqlite_url, pace=PACE) as world:
        await world.until_ready()
        await sockets(world).disconnect("link_disabled")
        reply = await world.until_ready(503)
        assert "Socket Mode is switched off" in reply.body["fault"]
        await world.until_ready()


async def test_what_slack_delivers_to_two_processes_acts_once(by_socket: World) -> None:
    world = by_socket
    second = build(world.settings, clock=world.clock, entropy=seeded(8), pace=PACE)
    async with serving(web_config(second), listening()):
        await world.until(lambda: len(sockets(world).connections) == 2)
        sockets(world).copies = 2
        assert (await world.slack.command(ANA, "/coach help")).problem is None
        await world.slack.write(BEN, "hello")
        await world.slack.open_tab(ANA, "home")
        each = sockets(world).connections
        await world.until(lambda: all(len(one.acknowledged) == 3 for one in each))
        assert await second.parts.background.drain(30) == 0
        await world.settle()
    assert [message.text.splitlines()[0] for message in world.messages(ANA)] != []
    assert len(world.messages(ANA)) == 1
    assert len(world.messages(BEN)) == 1


async def test_the_end_of_the_bot_closes_the_connection_and_the_next_opens_its_own(
    by_socket: World,
) -> None:
    world = by_socket
    (connection,) = sockets(world).connections
    await world.stop_bot()
    assert connection.socket.close_code == 1000
    await world.restart()
    await world.until_ready()
    assert (await world.slack.command(ANA, "/coach help")).problem is None
