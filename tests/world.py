"""A test's world: the real bot and a stand-in for Slack over real HTTP, on a clock that stands.

`world` is everything together; `parts` is the bot's parts without any HTTP. Both take the address
of a database that holds the schema.
"""

import asyncio
import base64
import io
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import uvicorn
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.app import Bot, build, make_parts, prepare, web_config
from bot.coaching import ticking
from bot.coaching.actor import Actor
from bot.crm import worker
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.crm.turns import Done
from bot.playground.crm.signing import webhook_fault, webhook_headers
from bot.playground.slack.api import SlackStandIn
from bot.playground.slack.sockets import Sockets
from bot.playground.slack.things import Message
from bot.playground.slack.things import Person as Member
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.slack import lookup
from bot.slack import team as slack_team
from bot.slack.installed import Slack
from bot.slack.socket.standing import Pace
from coach.events import Owner
from coach.ids import Entropy
from coach.models import Enrolment, Insight, MessageState, Person, SubjectKind
from storage import (
    connections,
    crm_writes,
    deciding,
    deliveries,
    insights,
    messages,
    mirror,
    owners,
    people,
    sending,
    workspaces,
)
from storage.connections import Connection
from storage.database import Database
from storage.deliveries import NewDelivery
from storage.installations import ENVIRONMENT, Installation
from storage.tables import crm_writes as crm_writes_table
from storage.tables import insights as insights_table
from storage.tables import messages as messages_table
from storage.tables import people as people_table

HOST = "127.0.0.1"
BOT_TOKEN = "playground-of-a-test"
APP_TOKEN = "playground-app-of-a-test"
SIGNING_SECRET = "a-signing-secret-of-a-test"
SECRET_KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
WEBHOOK_TOKEN = "token-of-a-test-0123456789"
BEARER = "bearer-of-a-test-0123456789"
CONNECTION = "native"
WORKSPACE = workspaces.DEFAULT

ANA = "U01ANA"
BEN = "U02BEN"
CHRIS = "U03CHRIS"

MEMBERS = (
    Member(ANA, "Ana Ruiz", "ana@northwind.example", "Europe/Madrid", "Account executive"),
    Member(BEN, "Ben Okafor", "ben@northwind.example", "Europe/London", "Account executive"),
    Member(
        CHRIS, "Chris Vale", "chris@northwind.example", "America/New_York", "Founder", owner=True
    ),
)

EMAILS = {member.id: member.email for member in MEMBERS}

#: A Wednesday, ten o'clock in London.
BEGINNING = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)


class FixedClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, moment: datetime = BEGINNING) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, by: timedelta) -> None:
        assert by >= timedelta()
        self.moment += by


def seeded(seed: int = 7) -> Entropy:
    """Randomness that is the same in every run."""
    return random.Random(seed).randbytes


def settings_for(database_url: str, **more: Any) -> Settings:
    """Settings that take nothing from outside."""
    given: dict[str, Any] = {"coach_secret_keys": (SecretStr(SECRET_KEY),), **more}
    return Settings(_env_file=None, database_url=database_url, **given)


def native(callback_url: str | None = None, **more: Any) -> Connection:
    """The native connection of the tests."""
    made = Connection(
        WORKSPACE,
        CONNECTION,
        "native",
        token=WEBHOOK_TOKEN,
        secrets=(WEBHOOK_SECRET,),
        bearer=BEARER,
        callback_url=callback_url,
    )
    return replace(made, **more)


async def connect(parts: Parts, connection: Connection) -> Connection:
    """Store a connection."""
    async with parts.database.write() as tx:
        await connections.save(tx, parts.seal, connection, parts.clock.now())
    return connection


async def enrol(
    parts: Parts,
    slack_user_id: str,
    enrolment: Enrolment = Enrolment.STARTED,
    **columns: object,
) -> Person:
    """A member of the team as a person who is matched to Slack; further columns as given."""
    member = next(each for each in MEMBERS if each.id == slack_user_id)
    owner = Owner.of(email=member.email, name=member.name)
    assert owner is not None
    now = parts.clock.now()
    async with parts.database.write() as tx:
        made = await owners.resolve(tx, WORKSPACE, CONNECTION, [owner], now, parts.new_id)
        values: dict[str, object] = {
            "slack_user_id": member.id,
            "name": member.name,
            "time_zone": member.tz,
            "enrolment": enrolment.value,
            "lookup_after": None,
            **columns,
        }
        await people.change(tx, WORKSPACE, made[owner], **values)
        return (await people.load(tx, WORKSPACE, [made[owner]]))[made[owner]]


def make_test_parts(
    database_url: str, clock: FixedClock | None = None, entropy: Entropy | None = None
) -> Parts:
    """The parts on a test's database; its caller closes the database."""
    return make_parts(
        settings_for(database_url), clock=clock or FixedClock(), entropy=entropy or seeded()
    )


def crm_of(parts: Parts, **more: Any) -> CrmParts:
    """What the CRM room works with besides these parts."""
    return CrmParts(parts, **{"providers": load_providers(), **more})


@asynccontextmanager
async def running_parts(database_url: str) -> AsyncIterator[Parts]:
    """Parts with the workspace and the native connection in the database."""
    made = make_test_parts(database_url)
    try:
        await prepare(made, WORKSPACE)
        await connect(made, native())
        yield made
    finally:
        await made.background.drain(1)
        await made.database.close()


# Servers


class QuietServer(uvicorn.Server):
    """A server in a test's loop: signals are the test runner's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


def listening() -> socket.socket:
    """A socket on a free port of loopback."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((HOST, 0))
    made.listen(128)
    return made


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as made:
        made.bind((HOST, 0))
        return int(made.getsockname()[1])


def address(of: socket.socket) -> str:
    """The address of a server behind that socket."""
    return f"http://{HOST}:{of.getsockname()[1]}"


@asynccontextmanager
async def serving(config: uvicorn.Config, on: socket.socket) -> AsyncIterator[None]:
    """Serve on that socket, which is closed afterwards."""
    server = QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[on]))
    while not server.started and not task.done():
        await asyncio.sleep(0.002)
    assert server.started, "the server could not start"
    try:
        yield
    finally:
        server.should_exit = True
        await task


def plain_config(app: ASGIApp) -> uvicorn.Config:
    """How an application of a test is served."""
    return uvicorn.Config(
        app, lifespan="off", access_log=False, log_config=None, timeout_graceful_shutdown=1
    )


# The CRM that hears of changes


@dataclass(frozen=True)
class Heard:
    """One request to the CRM."""

    headers: Mapping[str, str]
    body: Any
    #: What is wrong with its signature, if anything.
    fault: str | None

    @property
    def id(self) -> str:
        """Its `webhook-id`."""
        return self.headers["webhook-id"]


class Crm:
    """A CRM that takes signed webhooks, or answers as told; `answers` are used up one by one."""

    def __init__(self, secret: str = WEBHOOK_SECRET) -> None:
        self.secret = secret
        self.heard: list[Heard] = []
        self.answers: list[Response] = []
        self.delays: list[float] = []
        self.url = ""

    async def _callback(self, request: Request) -> Response:
        body = await request.body()
        fault = webhook_fault(self.secret, request.headers, body, time.time())
        self.heard.append(Heard(dict(request.headers), json.loads(body), fault))
        if self.delays:
            await asyncio.sleep(self.delays.pop(0))
        return self.answers.pop(0) if self.answers else Response(status_code=204)

    def routes(self) -> list[Route]:
        """Where it listens."""
        return [Route("/crm/callback", self._callback, methods=["POST"])]


@asynccontextmanager
async def running_crm() -> AsyncIterator[Crm]:
    """A CRM on a port of its own."""
    crm, on = Crm(), listening()
    crm.url = f"{address(on)}/crm/callback"
    async with serving(plain_config(Starlette(routes=crm.routes())), on):
        yield crm


# Everything together


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


# What a CRM tells


def told(
    verb: str,
    *,
    owner: str | None = ANA,
    at: datetime | None = BEGINNING,
    id: str | None = None,
    **data: Mapping[str, Any],
) -> dict[str, Any]:
    """A native event: `told("deal_closed", deal={...}, contact={...})`.

    `owner` is a member of the team, or an address.
    """
    event: dict[str, Any] = {"type": verb, "data": data}
    if at is not None:
        event["timestamp"] = at.isoformat()
    if owner is not None:
        event["owner"] = {"email": EMAILS.get(owner, owner)}
    if id is not None:
        event["id"] = id
    return event


def batch(*events: Mapping[str, Any]) -> dict[str, Any]:
    """Several events in one request."""
    return {"type": "batch", "data": {"events": list(events)}}


def won(deal_id: str = "D-1", *, contact: str | None = "Ann Lee", **more: Any) -> dict[str, Any]:
    """A deal that was won, with its contact."""
    title = more.pop("title", "Acme renewal")
    deal = {"id": deal_id, "title": title, "stage": "Closed Won", "status": "won"}
    data: dict[str, Any] = {"deal": deal}
    if contact is not None:
        data["contact"] = {"id": f"C-{deal_id}", "name": contact, "status": "CUSTOMER"}
        deal["contact_id"] = f"C-{deal_id}"
    return told("deal_closed", **data, **more)


# Without HTTP


def by(slack_user_id: str, workspace_id: str = WORKSPACE) -> Actor:
    """A member of the team who does something."""
    return Actor(workspace_id, slack_user_id)


async def store(
    parts: Parts,
    event: Mapping[str, Any] | bytes,
    *,
    id: str | None = None,
    connection: str = CONNECTION,
    workspace: str = WORKSPACE,
) -> str:
    """Store a delivery as the intake does, to be worked off; returns its id in the store."""
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    provider, now = crm_of(parts).providers["native"], parts.clock.now()
    message_id = id or f"msg_{parts.new_id()}"
    delivery = NewDelivery(
        workspace,
        parts.new_id(),
        connection,
        message_id,
        now,
        body,
        provider.parse(body, message_id, now).dedupe_keys,
    )
    async with parts.database.write() as tx:
        await deliveries.accept(tx, [delivery])
    return delivery.id


async def deliver(parts: Parts, *events: Mapping[str, Any]) -> Done:
    """Store each event as a delivery of its own, and work all off."""
    for each in events:
        await store(parts, each)
    return await worker.work_off(crm_of(parts))


async def insights_of(parts: Parts, person: Person) -> list[Insight]:
    """All insights of a person, newest first."""
    async with parts.database.read() as tx:
        return await insights.recent(tx, WORKSPACE, person.id)


async def standing(parts: Parts, fingerprint: str) -> str:
    """Where an insight stands, in one word: its end, or how far its message is, or why none is."""
    async with parts.database.read() as tx:
        query = select(insights_table).where(insights_table.c.fingerprint == fingerprint)
        row = (await tx.execute(query)).one()
        if row.state != "open":
            return str(row.state)
        shown = await messages.showing(tx, row.workspace_id, fingerprint)
    said = [each.state.value for each in shown if each.state is not MessageState.WITHDRAWN]
    return said[0] if said else str(row.verdict_reason)


async def things(parts: Parts, insight: Insight) -> list[str]:
    """The ids of the things an insight is about."""
    async with parts.database.read() as tx:
        found = await insights.subjects(tx, insight.workspace_id, [insight.fingerprint])
    return sorted(each.id for each in found.get(insight.fingerprint, ()))


async def standings(parts: Parts, person: Person) -> list[str]:
    """Where the insights of a person stand, in the order of the alphabet."""
    return sorted(
        [await standing(parts, each.fingerprint) for each in await insights_of(parts, person)]
    )


async def mirrored(parts: Parts, kind: SubjectKind, id: str) -> Any:
    """A deal, contact or task as the mirror has it."""
    async with parts.database.read() as tx:
        return (await mirror.load(tx, kind, WORKSPACE, CONNECTION, [id])).get(id)


@asynccontextmanager
async def running_slack(clock: FixedClock) -> AsyncIterator[tuple[SlackStandIn, AsyncWebClient]]:
    """A stand-in for Slack by itself, with a client such as the bot's."""
    slack = SlackStandIn(MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, clock=clock)
    on = listening()
    slack.own_url = address(on)
    async with serving(plain_config(Starlette(routes=slack.routes)), on):
        async with aiohttp.ClientSession(trust_env=False) as session:
            client = AsyncWebClient(
                token=BOT_TOKEN, base_url=f"{slack.own_url}/api/", session=session, timeout=5
            )
            client.retry_handlers = []
            yield slack, client
        await slack.close()


def with_slack(parts: Parts, client: AsyncWebClient) -> Slack:
    """The bot's Slack, before the stand-in that this client speaks to."""
    slack = Slack(replace(parts, slack_api_url=client.base_url))
    slack.session = client.session
    return slack


async def install(parts: Parts, client: AsyncWebClient) -> Slack:
    """The same with the environment's token, which Slack was asked about."""
    slack = with_slack(parts, client)
    await slack_team.adopt(parts, Installation(ENVIRONMENT, BOT_TOKEN))
    assert await slack_team.ask_due(parts, slack) == 1
    return slack
