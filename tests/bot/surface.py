"""The bot's Slack side at work: real listeners on a real database, before a stand-in for Slack."""

import contextlib
import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from cryptography.fernet import Fernet
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.coaching import attending
from bot.coaching.advising import store_insights
from bot.coaching.checking import Touched, appoint
from bot.crm.intake import Intake
from bot.crm.links import Links
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.playground.slack.api import Answer, Message, Person, SlackStandIn, words_of
from bot.runtime.lanes import Bounds
from bot.runtime.parts import Parts
from bot.slack import listeners
from bot.slack.exporting import Exports
from bot.slack.installed import Slack, authorizing
from bot.slack.listeners.desk import BOUNDS
from bot.slack.sender import Sender
from bot.web.routes import SlackGuard
from coach.action import load_actions
from coach.engine import load_rules
from coach.events import EVERYWHERE, OwnerKey
from coach.keys import fingerprint, kind_of
from coach.models import (
    Contact,
    Deal,
    Draft,
    Enrolment,
    Insight,
    InsightType,
    Priority,
    Subject,
    Suggestion,
    Task,
    TaskPriority,
)
from coach.models import Person as Coached
from coach.phrases import say, verbatim
from storage import (
    connections,
    insights,
    installations,
    messages,
    mirror,
    owners,
    people,
    workspaces,
)
from storage.connections import Connection
from storage.database import Database, Tx
from storage.insights import NewInsight
from storage.installations import ENVIRONMENT, Installation
from storage.sealing import Seal
from tests.bot.playground.fake_bot import BOT_TOKEN, SIGNING_SECRET, served
from tests.bot.slack.posting import one_client
from tests.world import standing

WS = workspaces.DEFAULT
CRM = "c1"
ANA, BEN, CHRIS, NEW = "U01ANA", "U02BEN", "U03CHRIS", "U04NEW"

#: As a public address: where the stand-in itself is served.
HERE = "here"

TEAM = [
    Person(ANA, "Ana Ruiz", "ana@northwind.example", "Europe/Madrid", "Account executive"),
    Person(BEN, "Ben Okafor", "ben@northwind.example", "Europe/London", "Account executive"),
    Person(CHRIS, "Chris Vale", "chris@northwind.example", "America/New_York", owner=True),
    Person(NEW, "Nia Otto", "nia@northwind.example", "Europe/Berlin"),
]


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@dataclass
class Surface:
    """Everything a test of the Slack side needs; Ana has started, Ben and Chris are known."""

    parts: Parts
    slack: SlackStandIn
    client: AsyncWebClient
    clock: HandClock
    #: The bot's Slack, with the one installation there is.
    installed: Slack

    async def settle(self) -> None:
        """Let everything that was begun come to its end, the sender's part included."""
        assert await self.parts.background.drain(30) == 0
        while (await attending.turn(self.parts)) + (await self._sender().send_due()):
            pass

    def _sender(self) -> Sender:
        return Sender(self.parts, one_client(self.client), channel_pace=0)

    async def person(self, slack_user_id: str) -> Coached:
        async with self.parts.database.read() as tx:
            found = await people.by_slack_user(tx, WS, slack_user_id)
        assert found is not None
        return found

    async def save(self, *subjects: Subject) -> None:
        async with self.parts.database.write() as tx:
            await mirror.save(tx, WS, subjects)
            whom = await people.load(
                tx, WS, {each.person_id for each in subjects if each.person_id}
            )
            touched = [Touched(None, each) for each in subjects]
            await appoint(self.parts, tx, WS, touched, whom, self.clock.now())

    async def insight(
        self,
        slack_user_id: str = ANA,
        *,
        action: str = "create_task",
        params: Mapping[str, Any] | None = None,
        priority: Priority = Priority.HIGH,
        message: str = "Ask Ann Lee for a referral.",
        occasion: str = "once",
        lasts: timedelta = timedelta(days=3),
    ) -> str:
        """A stored insight's fingerprint."""
        person = await self.person(slack_user_id)
        default = {"connection_id": CRM, "title": "Ask Ann Lee for referral", "priority": "high"}
        draft = Draft(
            person_id=person.id,
            subject="deal:c1:D-17",
            occasion=occasion,
            priority=priority,
            message=verbatim(message),
            reason=say("You won Acme renewal."),
            suggestion=Suggestion(action, dict(default if params is None else params)),
            expires_at=self.clock.now() + lasts,
        )
        new = NewInsight("referral_ask", InsightType.ACTION, draft)
        async with self.parts.database.write() as tx:
            assert await store_insights(self.parts, tx, WS, [new], self.clock.now())
        return fingerprint(WS, new.rule, draft)

    async def card(self, slack_user_id: str = ANA, **given: Any) -> tuple[str, Message]:
        """An insight and its card in the person's messages."""
        fingerprint = await self.insight(slack_user_id, **given)
        await self.settle()
        return fingerprint, self.last(slack_user_id)

    async def submit(self, slack_user_id: str, values: Mapping[str, object]) -> Answer:
        """Press the submit button of the modal on top, with these values by field name."""
        view_id = self.view(slack_user_id)["id"]
        return await self.slack.submit(slack_user_id, view_id, dict(values))

    def last(self, slack_user_id: str) -> Message:
        return self.slack.messages(slack_user_id)[-1]

    def said(self, slack_user_id: str) -> str:
        """All words of the latest message in this person's conversation."""
        return words_of(self.last(slack_user_id))

    def ephemerals(self, slack_user_id: str) -> list[str]:
        return [words_of(m) for m in self.slack.messages(slack_user_id) if m.ephemeral]

    def view(self, slack_user_id: str) -> dict[str, Any]:
        view = self.slack.top_view(slack_user_id)
        assert view is not None, f"{slack_user_id} looks at no modal"
        return view

    async def standing(self, fingerprint: str) -> str:
        """Where an insight stands, in one word."""
        return await standing(self.parts, fingerprint)

    async def stored(self, fingerprint: str) -> Insight:
        async with self.parts.database.read() as tx:
            found = await insights.get(tx, WS, fingerprint)
        assert found is not None
        return found

    async def stored_subjects(self, cls: type[Subject], id: str) -> Subject:
        kind = kind_of(cls(CRM, id))
        async with self.parts.database.read() as tx:
            return (await mirror.load(tx, kind, WS, CRM, [id]))[id]


def words(view: Mapping[str, Any]) -> str:
    """All text in a view."""
    return json.dumps(view["blocks"], ensure_ascii=False)


async def _seed(tx: Tx, parts: Parts, slack: SlackStandIn) -> None:
    now = parts.clock.now()
    await workspaces.ensure(tx, WS, now)
    await workspaces.change(tx, WS, team_id=slack.team_id, name=slack.team_name)
    environment = Installation(
        ENVIRONMENT, BOT_TOKEN, team_id=slack.team_id, bot_user_id=slack.bot_user_id
    )
    await installations.keep(tx, parts.seal, environment, now)
    await connections.save(tx, parts.seal, CONNECTION, now)
    for member in TEAM[:3]:
        person = await people.ensure_slack_user(tx, WS, member.id, now, parts.new_id, member.name)
        await people.change(
            tx, WS, person.id, email=member.email, time_zone=member.tz, lookup_after=None
        )
        await owners.own(tx, WS, OwnerKey(EVERYWHERE, f"email:{member.email}"), person.id)
        if member.id == ANA:
            await people.enrol(tx, WS, person.id, Enrolment.STARTED, only_from=[Enrolment.NEW])


CONNECTION = Connection(WS, CRM, "native", "token", ("whsec_eA==",), "bearer")


@contextlib.asynccontextmanager
async def closed_after(database: Database) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await database.close()


@contextlib.asynccontextmanager
async def staged(
    url: str,
    *,
    administrator: str | None = None,
    patience: float = 10.0,
    ack_within: float = 10.0,
    bounds: Bounds = BOUNDS,
    api_urls: Mapping[str, str] | None = None,
    public_url: str = "",
) -> AsyncIterator[Surface]:
    """The Slack side over real HTTP, on the database at `url`."""
    clock = HandClock()
    database = Database(url)
    slack = SlackStandIn(
        TEAM, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET, clock=clock,
        # A test that wants an event again sends it again.
        retry_delays=(),
        # A busy machine is no fault of the bot's: Slack's patience is endless unless said.
        timer=lambda: 0.0, answer_seconds=30,
    )  # fmt: skip
    client = AsyncWebClient(token=BOT_TOKEN)
    client.retry_handlers = []

    installed: list[Slack] = []

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return await authorizing(installed[0])(enterprise_id=enterprise_id, team_id=team_id)

    app = AsyncApp(
        client=client,
        signing_secret=SIGNING_SECRET,
        authorize=authorize,
        request_verification_enabled=False,
        process_before_response=True,
    )
    guard = SlackGuard(app, SIGNING_SECRET)
    exports: list[Exports] = []

    async def export(request: Request) -> Response:
        (route,) = exports[0].routes()
        answer: Response = await route.endpoint(request)
        return answer

    web = Starlette(
        routes=[
            Route("/slack/events", endpoint=guard),
            Route("/export/{secret}", export, methods=["GET", "POST"]),
            *slack.routes,
        ]
    )
    # The server ends before the database is closed: a request may still be in its hands.
    async with closed_after(database), served(web) as own_url:
        slack.bot_url = slack.own_url = own_url
        client.base_url = f"{own_url}/api/"
        parts = Parts(
            database=database,
            clock=clock,
            seal=Seal([Fernet.generate_key().decode()]),
            entropy=os.urandom,
            rules=load_rules(),
            actions=load_actions(),
            administrator=administrator,
            slack_api_url=client.base_url,
            public_url=own_url if public_url == HERE else public_url,
        )
        installed.append(Slack(parts))
        exports.append(Exports(parts))
        crm = CrmParts(parts, load_providers(), public_url=public_url)
        listeners.register(
            app,
            parts,
            installed[0],
            Links(crm, Intake(crm), api_urls),
            patience=patience,
            ack_within=ack_within,
            bounds=bounds,
        )
        async with database.write() as tx:
            await _seed(tx, parts, slack)
        try:
            yield Surface(parts, slack, client, clock, installed[0])
        finally:
            await parts.background.drain(5)
            await slack.close()


@pytest.fixture
async def surface(sqlite_url: str) -> AsyncIterator[Surface]:
    """The Slack side on SQLite."""
    async with staged(sqlite_url) as made:
        yield made


@pytest.fixture
async def surface_on_both(database_url: str) -> AsyncIterator[Surface]:
    """The Slack side, once on each kind of database."""
    async with staged(database_url) as made:
        yield made


def task(id: str = "T-1", **changes: Any) -> Task:
    """A pending task."""
    return replace(
        Task(CRM, id, "Send the offer", priority=TaskPriority.HIGH, due_date=date(2026, 11, 20)),
        **changes,
    )


def deal(id: str = "D-17", **changes: Any) -> Deal:
    """An open deal."""
    made = Deal(
        CRM, id, "Acme renewal", "Proposal", value=Decimal("12000.00"), currency="EUR",
        stage_entered_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
    )  # fmt: skip
    return replace(made, **changes)


def lead(id: str = "C-9", **changes: Any) -> Contact:
    """A lead nobody has contacted for long."""
    made = Contact(
        CRM, id, "Ann Lee", "ann@acme.example", "LEAD",
        silent_since=datetime(2026, 11, 2, 9, tzinfo=UTC),
    )  # fmt: skip
    return replace(made, **changes)


async def welcome(surface: Surface, slack_user_id: str) -> Message:
    """The welcome message in somebody's conversation."""
    person = await surface.person(slack_user_id)
    params = {"state": "asked", "name": "Ben"}
    made = messages.Message(WS, f"welcome:{person.id}", "welcome", slack_user_id, params, person.id)
    async with surface.parts.database.write() as tx:
        await people.enrol(tx, WS, person.id, Enrolment.INVITING, only_from=[Enrolment.NEW])
        await messages.make(tx, [(made, [])], surface.clock.now())
    await surface.settle()
    return surface.last(slack_user_id)
