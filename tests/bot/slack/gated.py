"""A sender before a stand-in for Slack with a gate, which holds up what a test wants held up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.playground.slack.api import SlackStandIn
from bot.runtime.parts import Parts
from bot.slack.sender import Sender
from storage import messages
from storage.database import Database, Tx
from storage.messages import Message
from tests.bot.slack.gate import Gate
from tests.bot.slack.posting import Post, one_client, won_deal
from tests.world import (
    ANA,
    BOT_TOKEN,
    MEMBERS,
    SIGNING_SECRET,
    WORKSPACE,
    FixedClock,
    address,
    deliver,
    listening,
    plain_config,
    serving,
)

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
POST, UPDATE = "chat.postMessage", "chat.update"


class Gated(Post):
    """A sender before a stand-in for Slack with a gate."""

    gate: Gate

    async def until_posted(self, *whom: str) -> None:
        """Return when each of these has a message."""
        async with asyncio.timeout(20):
            while not all(self.posted(who) for who in whom):
                await asyncio.sleep(0.005)

    async def welcome(self, who: str, id: str) -> None:
        """A message that is no advice."""
        async with self.parts.database.write() as tx:
            made = Message(WORKSPACE, id, "welcome", who, {"state": "asked"})
            await messages.make(tx, [(made, [])], self.clock.now())


@asynccontextmanager
async def behind_a_gate(parts: Parts) -> AsyncIterator[Gated]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    slack = SlackStandIn(MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, clock=clock)
    on = listening()
    slack.own_url = address(on)
    gate = Gate(Starlette(routes=slack.routes))
    async with serving(plain_config(gate), on):
        client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.own_url}/api/", timeout=60)
        client.retry_handlers = []
        made = Gated(parts, clock, slack, client, Sender(parts, one_client(client), channel_pace=0))
        made.gate = gate
        yield made
        await slack.close()


class Troubled(Database):
    """A database that hangs for some of its changes."""

    trouble = 0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        if self.trouble:
            self.trouble -= 1
            raise TimeoutError("the database does not answer")
        async with super().write() as tx:
            yield tx


@dataclass
class Resting:
    """A sender that has just written to Ana, and rests before her next message until told."""

    sender: Sender
    begun: asyncio.Event
    ended: asyncio.Event


async def resting(gated: Gated) -> Resting:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def rest(_: float) -> None:
        begun.set()
        await ended.wait()

    made = Sender(gated.parts, one_client(gated.client), channel_pace=1000, rest=rest)
    await gated.welcome(ANA, "welcome:x")
    assert await made.send_due() == 1
    await deliver(gated.parts, won_deal(1))
    assert await made.turn() == 1
    await begun.wait()
    return Resting(made, begun, ended)
