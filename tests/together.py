"""The running bot, a stand-in for Slack and a CRM over real HTTP, in a test's hands.

It takes the address of a database that holds the schema.
"""

import asyncio
import io
import json
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
from pydantic import SecretStr
from sqlalchemy import func, select
from starlette.applications import Starlette

from bot.app import Bot, build, prepare, web_config
from bot.coaching import ticking
from bot.playground.crm.signing import webhook_headers
from bot.playground.slack.api import SlackStandIn
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.things import Message
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.slack import lookup
from bot.slack.socket.standing import Pace
from coach.ids import Entropy
from coach.models import Enrolment, Insight, Person
from storage import (
    crm_writes,
    deciding,
    deliveries,
    insights,
    people,
    sending,
    workspaces,
)
from storage.connections import Connection
from storage.database import Database
from storage.tables import crm_writes as crm_writes_table
from storage.tables import messages as messages_table
from storage.tables import people as people_table
from tests.world import (
    ANA,
    APP_TOKEN,
    BOT_TOKEN,
    HOST,
    MEMBERS,
    SIGNING_SECRET,
    WORKSPACE,
    Crm,
    FixedClock,
    address,
    connect,
    enrol,
    listening,
    native,
    plain_config,
    seeded,
    serving,
    settings_for,
)


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP; `body` is its JSON, or its text when it is none."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class World:
    """The running bot, its Slack, its CRM, and a test's hands."""

    settings: Settings
    clock: FixedClock
    entropy: Entropy
    slack: SlackStandIn
    crm: Crm
    bot: Bot
    bot_url: str
    connection: Connection
    http: aiohttp.ClientSession
    pace: Pace | None = None
    _bot_stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _messages: int = 0

    @property
    def parts(self) -> Parts:
        """The running bot's parts."""
        return self.bot.parts

    @property
    def database(self) -> Database:
        """The running bot's database."""
        return self.bot.parts.database

    @property
    def webhook_url(self) -> str:
        """Where the native connection's webhooks go."""
        return f"{self.bot_url}/webhooks/native/{self.connection.token}"

    # Requests

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Any request to the bot."""
        # Large bodies only as a stream, says aiohttp.
        data = io.BytesIO(body) if body and len(body) > 100_000 else body
        async with self.http.request(
            method, f"{self.bot_url}{path}", data=data, headers=headers
        ) as response:
            text = await response.text()
            try:
                content = json.loads(text)
            except ValueError:
                content = text
            return Reply(response.status, content, response.headers)

    async def post(
        self,
        event: Mapping[str, Any] | bytes,
        *,
        id: str | None = None,
        secret: str | None = None,
        at: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Post a signed native webhook; `headers` are added to the right ones, or replace them."""
        self._messages += 1
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        signed = webhook_headers(
            secret or self.connection.secrets[0],
            id or f"msg_{self._messages}",
            body,
            time.time() if at is None else at,
        )
        path = self.webhook_url.removeprefix(self.bot_url)
        return await self.request("POST", path, body=body, headers={**signed, **(headers or {})})

    # Time

    async def tick(self) -> ticking.Ticked:
        """A turn of the clock, then what comes of it."""
        # What the bot's own clock is at would be passed by, and not be there afterwards.
        async with self.bot.at_the_tick:
            ticked = await ticking.tick(self.parts)
        await self.settle()
        return ticked

    async def pass_time(self, by: timedelta) -> ticking.Ticked:
        """Let time pass, tick, and wait for what comes of it."""
        self.clock.advance(by)
        return await self.tick()

    async def settle(self, seconds: float = 30.0) -> None:
        """Wait until nothing is due in the worker, the sender, the outbox and the lookup.

        What goes on after an answer to Slack has its end first. Raises `AssertionError` that says
        what is still waiting.
        """
        deadline = time.monotonic() + seconds
        assert await self.parts.background.drain(seconds) == 0
        while waiting := await self._waiting():
            assert time.monotonic() < deadline, f"still waiting: {', '.join(waiting)}"
            wake = self.parts.wake
            bells = (wake.worker, wake.large, wake.attention, wake.sender, wake.outbox)
            for bell in (*bells, wake.lookup):
                bell.set()
            await asyncio.sleep(0.005)

    async def _waiting(self) -> list[str]:
        now, found = self.clock.now(), []
        if self.parts.wake.tick.is_set() or self.bot.at_the_tick.locked():
            found.append("a tick")
        async with self.database.read() as tx:
            for large in (False, True):
                found += await deliveries.due_workspaces(tx, now, large=large)
            if await deciding.any_to_decide(tx, now):
                found.append("people to decide about")
            if await sending.any_waiting(tx, now):
                found.append("messages to be sent")
            query = select(func.count()).where(messages_table.c.leased_until.is_not(None))
            if (await tx.execute(query)).scalar_one():
                found.append("messages on their way")
            under_way = select(func.count()).where(
                crm_writes_table.c.state == "queued", crm_writes_table.c.error.is_(None)
            )
            if await crm_writes.any_due(tx, now) or (await tx.execute(under_way)).scalar_one():
                found.append("changes for the CRM")
            if await people.waits_to_be_looked_up(tx, now):
                found.append("people to look up")
            claimed = select(func.count()).where(people_table.c.lookup_after == now + lookup.LEASE)
            if (await tx.execute(claimed)).scalar_one():
                found.append("people being looked up")
        return found

    async def until(self, true: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.005)

    async def until_ready(self, status: int = 200) -> Reply:
        """Wait until the bot says that it is ready, or with another status that it is not."""
        async with asyncio.timeout(30):
            while (reply := await self.request("GET", "/readyz")).status != status:
                await asyncio.sleep(0.01)
        return reply

    # What is there

    def messages(self, who: str) -> list[Message]:
        """What stands in a person's direct messages from the coach, oldest first."""
        return [each for each in self.slack.messages(who) if each.sender == "bot"]

    def texts(self, who: str) -> list[str]:
        """The texts of these messages."""
        return [each.text for each in self.messages(who)]

    def posts(self, who: str | None = None) -> list[str]:
        """The texts of all posts so far, to one person or to everybody."""
        return [
            each.text
            for each in self.slack.sent
            if each.method == "chat.postMessage" and who in {None, each.person}
        ]

    async def person(self, slack_user_id: str) -> Person:
        """The person who is that Slack user."""
        async with self.database.read() as tx:
            found = await people.by_slack_user(tx, WORKSPACE, slack_user_id)
        assert found is not None, f"nobody is {slack_user_id}"
        return found

    async def as_it_comes(self, slack_user_id: str) -> None:
        """From now on this person is told what time brings as it comes, each by a card."""
        person = await self.person(slack_user_id)
        async with self.database.write() as tx:
            await people.change(tx, WORKSPACE, person.id, level=3, brief=False)

    async def insights(self, slack_user_id: str) -> list[Insight]:
        """All insights of a person, newest first."""
        person = await self.person(slack_user_id)
        async with self.database.read() as tx:
            return await insights.recent(tx, WORKSPACE, person.id)

    async def enrol(
        self, slack_user_id: str, enrolment: Enrolment = Enrolment.STARTED, **columns: object
    ) -> Person:
        """Let a member of the team be known, with that enrolment."""
        return await enrol(self.parts, slack_user_id, enrolment, **columns)

    # The bot's life

    async def stop_bot(self) -> None:
        """End the bot as SIGTERM does."""
        await self._bot_stack.aclose()

    async def restart(self) -> None:
        """End the bot and start it again, on the same database and port."""
        port = int(self.bot_url.rpartition(":")[2])
        await self.stop_bot()
        self.bot = build(self.settings, clock=self.clock, entropy=self.entropy, pace=self.pace)
        on = socket.socket()
        on.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        on.bind((HOST, port))
        on.listen(128)
        await self._start(on)

    async def _start(self, on: socket.socket) -> None:
        await self._bot_stack.enter_async_context(serving(web_config(self.bot), on))
        await self._bound()

    async def _bound(self) -> None:
        async with asyncio.timeout(20):
            while True:
                async with self.database.read() as tx:
                    workspace = await workspaces.get(tx, WORKSPACE)
                if workspace and (workspace.team_id or workspace.slack_error):
                    return
                await asyncio.sleep(0.005)


@asynccontextmanager
async def running_world(
    database_url: str,
    *,
    started: Sequence[str] = (ANA,),
    callback: bool = True,
    clock: FixedClock | None = None,
    pace: Pace | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """The bot and its surroundings, up; `started` members have pressed Start, others are unknown.

    With `callback` the connection tells the CRM of changes. With a `pace` the bot reaches Slack by
    Socket Mode, at that pace. Further settings as given.
    """
    clock, entropy, crm = clock or FixedClock(), seeded(), Crm()
    slack = SlackStandIn(
        MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, clock=clock,
        # A busy machine is no fault of the bot's.
        timer=lambda: 0.0, answer_seconds=30,
    )  # fmt: skip
    outside, inside = listening(), listening()
    slack.own_url, slack.bot_url = address(outside), address(inside)
    crm.url = f"{address(outside)}/crm/callback"
    if pace is not None:
        slack.sockets = Sockets(APP_TOKEN)
        settings = {"slack_app_token": SecretStr(APP_TOKEN), **settings}
    else:
        settings = {"slack_signing_secret": SecretStr(SIGNING_SECRET), **settings}
    given = settings_for(
        database_url,
        slack_bot_token=SecretStr(BOT_TOKEN),
        slack_api_url=f"{slack.own_url}/api/",
        **settings,
    )
    bot = build(given, clock=clock, entropy=entropy, pace=pace)
    app = Starlette(routes=[*slack.routes, *crm.routes()])
    async with AsyncExitStack() as stack:
        stack.callback(outside.close)
        stack.callback(inside.close)
        http = await stack.enter_async_context(aiohttp.ClientSession(trust_env=False))
        await stack.enter_async_context(serving(plain_config(app), outside))
        stack.push_async_callback(slack.close)
        if slack.sockets is not None:
            await slack.sockets.start()
            stack.push_async_callback(slack.sockets.close)
        await prepare(bot.parts, WORKSPACE)
        connection = await connect(bot.parts, native(crm.url if callback else None))
        for slack_user_id in started:
            await enrol(bot.parts, slack_user_id)
        made = World(given, clock, entropy, slack, crm, bot, slack.bot_url, connection, http, pace)
        stack.push_async_callback(made.stop_bot)
        await made._start(inside)
        yield made
