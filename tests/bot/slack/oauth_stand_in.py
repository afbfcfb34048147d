"""A stand-in for Slack that lets an app be installed in many teams, and keeps what it is told."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import aiohttp
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.app import Bot, build, web_config
from bot.playground.slack.signing import slack_headers
from storage import workspaces
from tests.world import (
    SIGNING_SECRET,
    FixedClock,
    address,
    listening,
    plain_config,
    seeded,
    serving,
    settings_for,
)

CLIENT_ID, CLIENT_SECRET = "111.222", "client-secret-of-a-test"

Json = dict[str, Any]


@dataclass(frozen=True)
class Team:
    """A team, or with `whole` an organisation of Enterprise Grid."""

    id: str
    name: str
    installer: str = "U0INSTALLER"
    enterprise: str | None = None
    whole: bool = False


@dataclass(frozen=True)
class Call:
    """One call of a method."""

    method: str
    token: str
    args: Json


@dataclass
class ManyTeams:
    """Slack, as far as installing goes; all else it is asked it grants, and remembers."""

    url: str = ""
    #: Tokens end after so many seconds, where that is set.
    lasts: int | None = None
    #: What a code that a browser brings is good for, once.
    codes: dict[str, Team] = field(default_factory=dict)
    #: By token and by what renews it.
    tokens: dict[str, Team] = field(default_factory=dict)
    refreshing: dict[str, Team] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    #: Errors to be answered with, by method; used up one by one.
    errors: dict[str, list[str]] = field(default_factory=dict)
    #: How long each answer of oauth.v2.access takes, in seconds.
    slow: float = 0.0
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def code_for(self, team: Team) -> str:
        """What Slack sends a browser back with once somebody has allowed it."""
        code = f"code-{next(self._numbers)}"
        self.codes[code] = team
        return code

    def asked(self, method: str) -> list[Call]:
        """All calls of a method."""
        return [each for each in self.calls if each.method == method]

    def _tokens(self, team: Team) -> Json:
        number = next(self._numbers)
        token = f"xoxb-of-{team.id}-{number}"
        self.tokens[token] = team
        told: Json = {"access_token": token, "token_type": "bot"}
        if self.lasts is not None:
            refresh = f"xoxe-1-of-{team.id}-{number}"
            self.refreshing[refresh] = team
            told |= {"expires_in": self.lasts, "refresh_token": refresh}
        return told

    def _access(self, args: Json) -> Json:
        if (args.get("client_id"), args.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return {"ok": False, "error": "bad_client_secret"}
        if args.get("grant_type") == "refresh_token":
            team = self.refreshing.pop(args["refresh_token"], None)
            if team is None:
                return {"ok": False, "error": "invalid_refresh_token"}
        else:
            team = self.codes.pop(args["code"], None)
            if team is None:
                return {"ok": False, "error": "invalid_code"}
        return {
            "ok": True,
            **self._tokens(team),
            "scope": "chat:write,commands",
            "bot_user_id": f"UBOT{team.id}",
            "app_id": "A1",
            "team": None if team.whole else {"id": team.id, "name": team.name},
            "enterprise": self._enterprise(team),
            "is_enterprise_install": team.whole,
            "authed_user": {"id": team.installer},
        }

    @staticmethod
    def _enterprise(team: Team) -> Json | None:
        id = team.id if team.whole else team.enterprise
        return {"id": id, "name": team.name} if id else None

    async def api(self, request: Request) -> Response:
        """Any method."""
        name, body = request.path_params["method"], (await request.body()).decode()
        args: Json = dict(request.query_params)
        if request.headers.get("content-type", "").startswith("application/json"):
            args |= json.loads(body)
        else:
            args |= dict(parse_qsl(body, keep_blank_values=True))
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.calls.append(Call(name, token, args))
        if self.errors.get(name):
            return JSONResponse({"ok": False, "error": self.errors[name].pop(0)})
        if name == "oauth.v2.access":
            await asyncio.sleep(self.slow)
            return JSONResponse(self._access(args))
        return JSONResponse(self._granted(name, token, args))

    def _granted(self, name: str, token: str, args: Json) -> Json:
        team = self.tokens.get(token)
        if team is None:
            return {"ok": False, "error": "invalid_auth"}
        told: Json = {"ok": True}
        match name:
            case "auth.test":
                told |= {
                    "team_id": team.id,
                    "team": team.name,
                    "user_id": f"UBOT{team.id}",
                    "enterprise_id": team.enterprise,
                    "is_enterprise_install": team.whole,
                }
            case "chat.postMessage":
                told |= {"channel": f"D{args['channel'][1:]}", "ts": f"{next(self._numbers)}.0001"}
            case "users.info":
                told |= {"user": {"id": args["user"], "name": "somebody", "tz": "Europe/London"}}
            case "users.lookupByEmail":
                told = {"ok": False, "error": "users_not_found"}
            case "users.list":
                told |= {"members": []}
            case "views.open" | "views.push" | "views.update" | "views.publish":
                told |= {"view": {"id": f"V{next(self._numbers)}", "hash": "1"}}
            case "conversations.history":
                told |= {"messages": []}
            case _:
                pass
        return told

    async def response(self, request: Request) -> Response:
        """An address that the answer to a request goes to."""
        self.calls.append(Call("response_url", "", await request.json()))
        return Response("ok")


@asynccontextmanager
async def running_teams() -> AsyncIterator[ManyTeams]:
    """Such a Slack on a port of its own."""
    made, on = ManyTeams(), listening()
    made.url = address(on)
    routes = [
        Route("/api/{method}", made.api, methods=["GET", "POST"]),
        Route("/response/{key}", made.response, methods=["POST"]),
    ]
    async with serving(plain_config(Starlette(routes=routes)), on):
        yield made


@dataclass
class Office:
    """The running bot before such a Slack, and a browser of its own for each who asks."""

    teams: ManyTeams
    bot: Bot
    clock: FixedClock
    url: str

    def browser(self) -> aiohttp.ClientSession:
        """A browser that keeps cookies; closing it is the caller's duty."""
        return aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def sent(self, browser: aiohttp.ClientSession) -> dict[str, str]:
        """What a browser that opens /slack/install is sent to Slack with."""
        async with browser.get(f"{self.url}/slack/install", allow_redirects=False) as response:
            assert response.status == 303, await response.text()
            to = urlsplit(response.headers["location"])
        assert f"{to.scheme}://{to.netloc}{to.path}" == f"{self.teams.url}/oauth/v2/authorize"
        return dict(parse_qsl(to.query))

    async def back(self, browser: aiohttp.ClientSession, **brought: str) -> tuple[int, str]:
        """The page that a browser is shown when Slack has sent it back."""
        where = f"{self.url}/slack/oauth_redirect"
        async with browser.get(where, params=brought, allow_redirects=False) as response:
            return response.status, await response.text()

    async def install(self, team: Team) -> str:
        """Install it in a team; returns the team's workspace."""
        async with self.browser() as browser:
            asked = await self.sent(browser)
            status, said = await self.back(
                browser, state=asked["state"], code=self.teams.code_for(team)
            )
        assert status == 200, said
        return await self.workspace(team.id)

    async def workspace(self, team_id: str) -> str:
        """The workspace of a team; empty while there is none."""
        async with self.bot.parts.database.read() as tx:
            found = await workspaces.by_team(tx, team_id)
        return found.id if found else ""

    async def slack_sends(self, body: Json, *, form: bool = False) -> int:
        """Slack sends a request, signed; returns the status of the answer."""
        text = urlencode({"payload": json.dumps(body)} if form else body)
        sent = text.encode() if form or "command" in body else json.dumps(body).encode()
        kind = (
            "application/x-www-form-urlencoded" if form or "command" in body else "application/json"
        )
        headers = {"content-type": kind, **slack_headers(SIGNING_SECRET, sent, time.time())}
        async with (
            self.browser() as slack,
            slack.post(f"{self.url}/slack/events", data=sent, headers=headers) as response,
        ):
            status = response.status
        assert await self.bot.parts.background.drain(30) == 0
        return status


@asynccontextmanager
async def running_office(database_url: str, **settings: Any) -> AsyncIterator[Office]:
    """The bot, which is installed by browsers, with that Slack; further settings as given."""
    clock, on = FixedClock(), listening()
    async with running_teams() as teams:
        url = address(on)
        given: dict[str, Any] = {
            "slack_client_id": CLIENT_ID,
            "slack_client_secret": SecretStr(CLIENT_SECRET),
            "slack_signing_secret": SecretStr(SIGNING_SECRET),
            "slack_api_url": f"{teams.url}/api/",
            "coach_public_url": url,
            **settings,
        }
        bot = build(settings_for(database_url, **given), clock=clock, entropy=seeded())
        async with serving(web_config(bot), on):
            yield Office(teams, bot, clock, url)
