"""A test's world: people, a CRM and a stand-in for Slack, on a clock that stands.

What is here needs the bot's parts and no HTTP; the running bot is in `tests.together`.
"""

import asyncio
import base64
import json
import random
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import uvicorn
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.app import make_parts, prepare
from bot.coaching.actor import Actor
from bot.crm import worker
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.crm.turns import Done
from bot.playground.crm.signing import webhook_fault
from bot.playground.slack.api import SlackStandIn
from bot.playground.slack.things import Person as Member
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.slack import team as slack_team
from bot.slack.installed import Slack
from coach.events import Owner
from coach.ids import Entropy
from coach.models import Enrolment, Insight, MessageState, Person, SubjectKind
from storage import (
    connections,
    deliveries,
    insights,
    messages,
    mirror,
    owners,
    people,
    workspaces,
)
from storage.connections import Connection
from storage.deliveries import NewDelivery
from storage.installations import ENVIRONMENT, Installation
from storage.tables import insights as insights_table

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
