"""Two workspaces on one database, each with people, a CRM and a past; one is to see nothing."""

import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import aiohttp
from pydantic import SecretStr
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import String, select

from bot.app import Bot, build, prepare
from bot.coaching import attending, ticking
from bot.coaching.actor import Actor
from bot.crm import worker
from bot.crm.links import Links
from bot.slack.bolt import slack_app
from bot.slack.exporting import link_for
from bot.slack.installed import Slack
from bot.slack.renewing import OurApp
from bot.slack.sender import Sender
from bot.web.dispatching import dispatched
from coach.events import EVERYWHERE, OwnerKey
from coach.models import Enrolment
from storage import (
    connections,
    departures,
    installations,
    link_requests,
    owners,
    people,
    team_channels,
    workspaces,
)
from storage.connections import Connection
from storage.installations import Installation
from storage.link_requests import LinkRequest
from storage.tables import workspaces as workspaces_table
from storage.team_channels import TeamChannel
from tests.bot.slack.oauth_stand_in import (
    CLIENT_ID,
    CLIENT_SECRET,
    Json,
    ManyTeams,
    Team,
    running_teams,
)
from tests.world import (
    BEGINNING,
    CONNECTION,
    SIGNING_SECRET,
    WORKSPACE,
    FixedClock,
    seeded,
    settings_for,
    store,
    told,
    won,
)

#: Everybody's Slack user: the same in both teams, as an id of Slack's may be.
ANA = "U01ANA"

#: An instant long before.
LONG_AGO = BEGINNING - timedelta(days=40)

#: Columns that hold ids, and what looks like one.
_NAMES = re.compile(r"(^|_)(id|key|hash|fingerprint|subject|addressee|channel|ts)$")
_ID = re.compile(r"[\w:.@-]{3,}")


@dataclass(frozen=True)
class Home:
    """One of the two."""

    team: Team
    workspace_id: str
    #: A word that stands in everything of its CRM and in nothing else.
    mark: str
    #: Before each id of a thing in its CRM.
    prefix: str
    crm: Connection


@dataclass
class Street:
    """Both, and Slack in front of them."""

    bot: Bot
    app: AsyncApp
    slack: Slack
    teams: ManyTeams
    theirs: Home
    ours: Home
    #: The secret of a link by which theirs is exported.
    export: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def settle(self) -> None:
        """Have everything done that is due."""
        parts = self.bot.parts
        assert await parts.background.drain(60) == 0
        await worker.work_off(self.bot.crm)
        await ticking.tick(parts)

        async def client_of(workspace_id: str) -> AsyncWebClient:
            return (await self.slack.of(workspace_id)).client

        sender = Sender(parts, client_of, channel_pace=0)
        while (await attending.turn(parts)) + (await sender.send_due()):
            pass

    def _who(self, home: Home) -> Json:
        return {
            "team": {"id": home.team.id, "domain": "d"},
            "user": {"id": ANA, "username": "ana", "name": "ana", "team_id": home.team.id},
            "trigger_id": f"1.{next(self._numbers)}",
            "response_url": f"{self.teams.url}/response/{home.team.id}",
            "api_app_id": "A1",
            "is_enterprise_install": False,
        }

    async def _send(self, payload: Json) -> None:
        await dispatched(
            self.app,
            json.dumps(payload),
            {"content-type": "application/json"},
        )

    async def presses(self, home: Home, *actions: Json, view: Json | None = None) -> None:
        """Somebody there presses each of these."""
        for some in _together(actions):
            for action in some:
                body = {"type": "block_actions", **self._who(home), "actions": [action]}
                container: Json = {"type": "message", "message_ts": "1.1", "channel_id": "D01ANA"}
                if view is not None:
                    container = {"type": "view", "view_id": view["id"]}
                    body["view"] = view
                await self._send({**body, "container": container})
            assert await self.bot.parts.background.drain(60) == 0

    async def types_in_menu(self, home: Home, block_id: str, typed: str) -> str:
        """What somebody there is offered who types this into a menu."""
        body = {"type": "block_suggestion", **self._who(home), "action_id": "value"}
        told = json.dumps({**body, "block_id": block_id, "value": typed})
        answer = await dispatched(self.app, told, {"content-type": "application/json"})
        assert answer.status == 200
        return str(answer.body)

    async def submits(self, home: Home, *views: Json) -> None:
        """Somebody there submits, and closes, each of these forms."""
        for view in views:
            for type in ("view_submission", "view_closed"):
                await self._send({"type": type, **self._who(home), "view": view})
        assert await self.bot.parts.background.drain(60) == 0

    async def types(self, home: Home, *texts: str) -> None:
        """Somebody there types each of these after /coach."""
        for some in _together(texts):
            for text in some:
                who = self._who(home)
                form = {
                    "command": "/coach",
                    "text": text,
                    "team_id": home.team.id,
                    "user_id": ANA,
                    "user_name": "ana",
                    "channel_id": "D01ANA",
                    "trigger_id": who["trigger_id"],
                    "response_url": who["response_url"],
                }
                kind = {"content-type": "application/x-www-form-urlencoded"}
                await dispatched(self.app, urlencode(form), kind)
            assert await self.bot.parts.background.drain(60) == 0

    async def happens(self, home: Home, *events: Json) -> None:
        """Slack tells of something there."""
        for event in events:
            await self._send(
                {
                    "type": "event_callback",
                    "team_id": home.team.id,
                    "event_id": f"Ev{next(self._numbers)}",
                    "event_time": int(time.time()),
                    "event": event,
                }
            )
        assert await self.bot.parts.background.drain(60) == 0

    async def kept(self, home: Home) -> dict[str, list[str]]:
        """Everything that is stored of one of them, by table."""
        parts = self.bot.parts
        found: dict[str, list[str]] = {}
        async with parts.database.read() as tx:
            for table in departures.OF_A_WORKSPACE:
                rows = await tx.execute(
                    select(table).where(table.c.workspace_id == home.workspace_id)
                )
                found[table.name] = sorted(str(row) for row in rows)
            row = await tx.execute(
                select(workspaces_table).where(workspaces_table.c.id == home.workspace_id)
            )
            found["workspaces"] = [str(each) for each in row]
            own = await installations.get(tx, parts.seal, home.team.id)
            found["installations"] = [f"{own} {own.bot_token if own else ''}"]
        return found

    async def ids(self, home: Home, most: int = 1) -> list[str]:
        """Ids that are stored of one of them, so many of each column, and all its secrets."""
        found = {home.team.id, home.workspace_id, home.crm.token, *home.crm.secrets, self.export}
        async with self.bot.parts.database.read() as tx:
            for table in departures.OF_A_WORKSPACE:
                texts = [
                    column
                    for column in table.c
                    if isinstance(column.type, String) and _NAMES.search(column.name)
                ]
                query = select(*texts).where(table.c.workspace_id == home.workspace_id)
                rows = [list(map(str, row)) for row in await tx.execute(query)]
                for column in zip(*rows, strict=True):
                    told = sorted({each for each in column if _ID.fullmatch(each)})
                    found |= set(told[:most])
        return sorted(each for each in found if 3 <= len(each) <= 150)

    def shown(self, home: Home, since: int = 0) -> str:
        """Everything that anybody was told there, and what Slack was asked by its token."""
        return "\n".join(
            f"{each.method} {json.dumps(each.args, ensure_ascii=False)}"
            for each in self.teams.calls[since:]
            if each.method == "response_url"
            or self.teams.tokens.get(each.token, home.team) == home.team
        )


def _together(of: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(of), 100):
        yield of[first : first + 100]


def controls(told: Any) -> Iterator[Json]:
    """Everything in blocks that can be pressed, each entry of a menu by itself."""
    for block in _dicts(told):
        inner = [*(block.get("elements") or ()), block.get("accessory"), block.get("element")]
        for element in inner:
            if not isinstance(element, dict) or "action_id" not in element:
                continue
            whole = {**element, "block_id": block.get("block_id", "b")}
            yield whole
            for option in element.get("options") or ():
                yield {**whole, "selected_option": option, "selected_options": [option]}


def views(told: Any) -> Iterator[Json]:
    """All modals that were opened."""
    for each in _dicts(told):
        if each.get("type") == "modal":
            yield each


def _dicts(told: Any) -> Iterator[Json]:
    if isinstance(told, str) and told[:1] in ("{", "["):
        try:
            told = json.loads(told)
        except ValueError:
            return
    if isinstance(told, dict):
        yield told
        for each in told.values():
            yield from _dicts(each)
    elif isinstance(told, list):
        for each in told:
            yield from _dicts(each)


def _events(home: Home) -> Iterable[Mapping[str, Any]]:
    mark, before = home.mark, home.prefix
    owner = f"ana@{home.team.id.lower()}.example"
    more: dict[str, Any] = {"owner": owner}
    yield told(
        "deal_created",
        deal={
            "id": f"{before}-D1",
            "title": f"{mark} renewal",
            "stage": "Proposal",
            "value": 1200,
            "currency": "EUR",
            "url": f"https://crm.example/{mark}",
        },
        at=LONG_AGO,
        **more,
    )
    yield told(
        "contact_created",
        contact={"id": f"{before}-C1", "name": f"Lee {mark}", "status": "LEAD"},
        at=LONG_AGO,
        **more,
    )
    for number in (1, 2, 3):
        due = (BEGINNING - timedelta(days=number)).date().isoformat()
        task = {"id": f"{before}-T{number}", "title": f"Call {mark} {number}", "due_date": due}
        yield told("task_created", task=task, at=LONG_AGO, **more)
    for number in (2, 3):
        yield won(f"{before}-D{number}", title=f"{mark} {number}", contact=f"Max {mark}", **more)


async def _furnished(street: Street, home: Home) -> None:
    parts = street.bot.parts
    now, address = parts.clock.now(), f"ana@{home.team.id.lower()}.example"
    async with parts.database.write() as tx:
        await connections.save(tx, parts.seal, home.crm, now)
        await workspaces.change(tx, home.workspace_id, switched_on="links")
        ana = await people.ensure_slack_user(
            tx, home.workspace_id, ANA, now, parts.new_id, f"Ana {home.mark}"
        )
        await people.change(
            tx, home.workspace_id, ana.id, email=address, time_zone="UTC", lookup_after=None
        )
        await owners.own(tx, home.workspace_id, OwnerKey(EVERYWHERE, f"email:{address}"), ana.id)
        await people.enrol(
            tx, home.workspace_id, ana.id, Enrolment.STARTED, only_from=[Enrolment.NEW]
        )
        other = await people.ensure_slack_user(
            tx, home.workspace_id, "U02BEN", now, parts.new_id, f"Ben {home.mark}"
        )
        asked = LinkRequest(
            home.workspace_id,
            parts.new_id(),
            other.id,
            CONNECTION,
            f"name:{home.prefix}-lee",
            "asked",
        )
        await link_requests.add(tx, asked, now)
        channel = TeamChannel(
            home.workspace_id,
            f"C0{home.team.id}",
            wins=True,
            figures=True,
            amounts=True,
            chosen_by=ANA,
            chosen_at=now,
            figures_at=now + timedelta(days=5),
        )
        await team_channels.save(tx, channel)
    for event in _events(home):
        await store(parts, event, workspace=home.workspace_id)
    await street.settle()


@asynccontextmanager
async def running_street(database_url: str, *, same_ids: bool) -> AsyncIterator[Street]:
    """Both; with `same_ids` their CRMs name their things alike. No part works by itself."""
    clock = FixedClock()
    async with running_teams() as teams, aiohttp.ClientSession(trust_env=False) as http:
        settings = settings_for(
            database_url,
            slack_client_id=CLIENT_ID,
            slack_client_secret=SecretStr(CLIENT_SECRET),
            slack_signing_secret=SecretStr(SIGNING_SECRET),
            slack_api_url=f"{teams.url}/api/",
            coach_public_url="https://coach.example.com",
        )
        bot = build(settings, clock=clock, entropy=seeded())
        parts = bot.parts
        slack = Slack(parts, app=OurApp(CLIENT_ID, CLIENT_SECRET))
        slack.session = http
        app = slack_app(parts, slack, Links(bot.crm, bot.intake), SIGNING_SECRET)
        try:
            await prepare(parts, WORKSPACE)
            theirs = Team("T0QUOKKA", "Theirs", ANA)
            ours = Team("T0ZEBRA", "Ours", ANA)
            homes: list[Home] = []
            for team, mark, prefix in (
                # Ours first: where both were found, what comes later would take its place.
                (ours, "Zeppelin", "Q" if same_ids else "Z"),
                (theirs, "Narwhal", "Q"),
            ):
                token = f"xoxb-of-{team.id}"
                teams.tokens[token] = team
                async with parts.database.write() as tx:
                    installation = Installation(team.id, token, team_id=team.id, bot_user_id="UB")
                    await installations.replace(tx, parts.seal, installation, clock.now())
                    workspace = await workspaces.settle(
                        tx, team.id, team.name, None, parts.new_id(), clock.now()
                    )
                    await workspaces.change(tx, workspace, administrator=ANA)
                crm = Connection(
                    workspace, CONNECTION, "native", f"token-{team.id}", ("whsec_eA==",), "b"
                )
                homes.append(Home(team, workspace, mark, prefix, crm))
            street = Street(bot, app, slack, teams, homes[1], homes[0])
            for home in homes:
                await _furnished(street, home)
            link = await link_for(parts, Actor(street.theirs.workspace_id, ANA))
            street.export = (link or "").rpartition("/")[2]
            yield street
        finally:
            await parts.background.drain(5)
            await bot.intake.close()
            await parts.database.close()
