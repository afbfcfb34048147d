"""The routes, and the guard before the listeners: the unsigned is not read, nothing is a 500."""

import json
import time
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from sqlalchemy import text

from bot.app import build, prepare, web_config
from bot.playground.slack.signing import slack_headers
from bot.web.routes import SlackGuard, Web
from storage import installations, workspaces
from tests.together import Reply, World
from tests.world import (
    SIGNING_SECRET,
    WEBHOOK_TOKEN,
    WORKSPACE,
    address,
    connect,
    listening,
    native,
    plain_config,
    serving,
    settings_for,
)

FORM = "application/x-www-form-urlencoded"


async def send(
    world: World,
    body: bytes,
    *,
    content_type: str = FORM,
    secret: str = SIGNING_SECRET,
    at: float | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """A signed request of Slack's; `headers` replace the right ones."""
    signed = slack_headers(secret, body, time.time() if at is None else at)
    given = {"Content-Type": content_type, **signed, **(headers or {})}
    return await world.request("POST", "/slack/events", body=body, headers=given)


def form(payload: object) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


NOT_SIGNED = {"error": "Not signed by Slack; check the signing secret."}

COMMAND = urlencode(
    {
        "command": "/coach",
        "text": "help",
        "user_id": "U01ANA",
        "team_id": "T0NORTHWIND",
        "channel_id": "D01ANA",
        "trigger_id": "1.2.3",
        "response_url": "http://127.0.0.1:9/response/none",
    }
).encode()


async def test_a_signed_request_is_answered_by_the_listeners(sqlite_world: World) -> None:
    assert (await send(sqlite_world, COMMAND)).status == 200


async def test_slacks_url_verification_gets_its_challenge_back(sqlite_world: World) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c-17", "token": "t"}).encode()
    reply = await send(sqlite_world, body, content_type="application/json")
    assert (reply.status, reply.body) == (200, {"challenge": "c-17"})


UNSIGNED: list[tuple[str, bytes, dict[str, str]]] = [
    ("a payload that is no JSON", b"payload=%7Bnot", {}),
    ("JSON that is none", b"{not json", {"Content-Type": "application/json"}),
    ("bytes that are no UTF-8", b"payload=\xff\xfe", {}),
    ("nothing", b"", {}),
    ("a timestamp that is no number", COMMAND, {"X-Slack-Request-Timestamp": "abc"}),
    ("a negative timestamp", COMMAND, {"X-Slack-Request-Timestamp": "-1"}),
    ("a timestamp of other digits", COMMAND, {"X-Slack-Request-Timestamp": "\u00b2"}),
    ("a timestamp without end", COMMAND, {"X-Slack-Request-Timestamp": "9" * 300}),
    ("a signature beyond ASCII", COMMAND, {"X-Slack-Signature": "v0=\u00e9"}),
    ("an empty signature", COMMAND, {"X-Slack-Signature": ""}),
    ("a signature of another version", COMMAND, {"X-Slack-Signature": "v1=00"}),
]


async def test_what_is_not_signed_is_a_401_whatever_it_holds(bolt: str) -> None:
    async with aiohttp.ClientSession() as http:
        for name, body, headers in UNSIGNED:
            signed = {"Content-Type": FORM, **slack_headers("wrong", body, time.time()), **headers}
            async with http.post(f"{bolt}/slack/events", data=body, headers=signed) as response:
                assert response.status == 401, name
                assert "signing secret" in (await response.json())["error"]


async def test_what_is_stale_too_large_or_no_post_is_refused(sqlite_world: World) -> None:
    for off in (-310, 310):
        reply = await send(sqlite_world, COMMAND, at=time.time() + off)
        # In the guard's words: it is not left to Bolt, who would read the body first.
        assert (reply.status, reply.body) == (401, NOT_SIGNED)
    assert (await send(sqlite_world, COMMAND, at=time.time() - 290)).status == 200
    assert (await send(sqlite_world, COMMAND, secret="other")).status == 401
    assert (await send(sqlite_world, b"x" * 1_000_001)).status == 413
    reply = await sqlite_world.request("GET", "/slack/events")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


MALFORMED: list[tuple[str, bytes, str]] = [
    ("a payload that is no JSON", b"payload=%7Bnot", FORM),
    ("a payload that is a list", b"payload=%5B%5D", FORM),
    ("a payload with doubled keys", b"payload=" + quote('{"a":1,"a":2}').encode(), FORM),
    ("bytes that are no UTF-8", b"command=\xff", FORM),
    ("JSON that is none", b"{not json", "application/json"),
    ("JSON that is none, said to be a form", b"{not json", FORM),
    ("JSON that is a list", b"[]", "application/json"),
    ("somebody no database can look up", COMMAND.replace(b"U01ANA", b"U01%00"), FORM),
    ("a press in such a team", form({"type": "block_actions", "team": {"id": "T\0"}}), FORM),
    (
        "an event of such a person",
        json.dumps({"type": "event_callback", "event": {"user": "U\0"}}).encode(),
        "application/json",
    ),
    ("JSON that is too deep", b'{"a":' * 500 + b"1" + b"}" * 500, "application/json"),
]


async def test_what_is_signed_but_malformed_is_a_400(bolt: str) -> None:
    async with aiohttp.ClientSession() as http:
        for name, body, content_type in MALFORMED:
            signed = slack_headers(SIGNING_SECRET, body, time.time())
            headers = {"Content-Type": content_type, **signed}
            async with http.post(f"{bolt}/slack/events", data=body, headers=headers) as response:
                assert response.status == 400, name


ODD: list[tuple[str, bytes, str]] = [
    ("an empty body", b"", FORM),
    ("an empty payload", form({}), FORM),
    ("a type nobody knows", form({"type": "no_such_thing"}), FORM),
    ("a type that is a number", form({"type": 7}), FORM),
    ("a press without a user", form({"type": "block_actions", "actions": []}), FORM),
    ("a press with odd parts", form({"type": "block_actions", "actions": 7, "user": []}), FORM),
    ("a form without a view", form({"type": "view_submission"}), FORM),
    ("a form with an odd view", form({"type": "view_submission", "view": []}), FORM),
    ("an event that is a list", json.dumps({"event": []}).encode(), "application/json"),
    (
        "an event of an odd kind",
        json.dumps({"type": "event_callback", "event": {"type": ["x"]}}).encode(),
        "application/json",
    ),
    ("odd authorizations", json.dumps({"authorizations": [7]}).encode(), "application/json"),
    ("a command without anybody", b"command=%2Fcoach", FORM),
    ("an odd enterprise", form({"type": "block_actions", "enterprise": 7}), FORM),
    ("an odd team", form({"type": "block_actions", "team": 7, "user": {"team_id": 7}}), FORM),
]


async def test_what_is_signed_but_not_of_slacks_form_never_is_a_500(sqlite_world: World) -> None:
    statuses = {
        name: (await send(sqlite_world, body, content_type=content_type)).status
        for name, body, content_type in ODD
    }
    assert {name: status for name, status in statuses.items() if status >= 500} == {}
    assert statuses["an odd enterprise"] == 400
    assert (await send(sqlite_world, COMMAND)).status == 200


@pytest.fixture
async def bolt() -> AsyncIterator[str]:
    """A guard before a Bolt application that answers presses, forms and commands."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id=None, bot_token="t", user_id="U0")

    app = AsyncApp(
        signing_secret=SIGNING_SECRET,
        authorize=authorize,
        request_verification_enabled=False,
        process_before_response=True,
    )

    async def acknowledge(ack: Any) -> None:
        await ack()

    app.action({"type": "block_actions", "action_id": "any"})(acknowledge)
    app.view("any")(acknowledge)
    app.command("/coach")(acknowledge)
    app.event("app_home_opened")(acknowledge)

    async def nothing() -> None:
        return None

    guard = SlackGuard(app, SIGNING_SECRET)
    web = Web(routes=[], slack=guard, ready=nothing, start=nothing, stop=nothing)
    on = listening()
    async with serving(plain_config(web), on):
        yield address(on)


# Health and the rest


async def test_health_and_readiness_are_told_and_other_paths_are_a_404(
    sqlite_world: World,
) -> None:
    for path in ("/", "/slack", "/webhooks", "/slack/events/", "/.env"):
        assert (await sqlite_world.request("GET", path)).status == 404
    reply = await sqlite_world.request("GET", "/healthz")
    assert (reply.status, reply.body) == (200, {"ok": True})
    reply = await sqlite_world.request("GET", "/readyz")
    assert (reply.status, reply.body) == (200, {"ok": True, "fault": None})


async def test_a_bot_is_not_ready_until_slack_has_said_whose_its_token_is(
    sqlite_world: World,
) -> None:
    async def ready(team: str | None, asks: int, error: str | None = None) -> str | None:
        later = sqlite_world.clock.now() + timedelta(days=1)
        async with sqlite_world.database.write() as tx:
            await installations.change(
                tx, installations.ENVIRONMENT, team_id=team, asks=asks, ask_after=later
            )
            await workspaces.change(tx, WORKSPACE, team_id=team, slack_error=error)
        fault: str | None = (await sqlite_world.request("GET", "/readyz")).body["fault"]
        return fault

    not_yet = "Slack has not said yet whose SLACK_BOT_TOKEN is"
    assert await ready(None, 0) == not_yet
    assert await ready(None, 1) == not_yet
    # It was refused, or Slack cannot be reached: CRMs are heard all the same.
    assert await ready(None, 1, "invalid_auth") is None
    assert await ready(None, 2) is None
    assert await ready("T0TEAM", 1) is None


async def test_a_bot_whose_database_is_gone_is_not_ready(sqlite_world: World) -> None:
    async with sqlite_world.database.write() as tx:
        await tx.execute(text("ALTER TABLE workspaces RENAME TO workspaces_away"))
    reply = await sqlite_world.request("GET", "/readyz")
    assert reply.status == 503
    assert "the database does not answer" in reply.body["fault"]
    async with sqlite_world.database.write() as tx:
        await tx.execute(text("ALTER TABLE workspaces_away RENAME TO workspaces"))


async def test_without_slacks_settings_the_listeners_say_so_and_webhooks_still_count(
    sqlite_url: str,
) -> None:
    bot = build(settings_for(sqlite_url))
    await prepare(bot.parts, WORKSPACE)
    await connect(bot.parts, native())
    on = listening()
    async with serving(web_config(bot), on), aiohttp.ClientSession() as http:
        async with http.post(f"{address(on)}/slack/events", data=b"x") as response:
            assert response.status == 503
            assert "coach doctor" in (await response.json())["error"]
        bearer = {"Authorization": "Bearer bearer-of-a-test-0123456789"}
        url = f"{address(on)}/webhooks/native/{WEBHOOK_TOKEN}"
        deal = {"type": "deal_created", "data": {"deal": {"id": "D-1"}}}
        async with http.post(url, json=deal, headers=bearer) as response:
            assert response.status == 202
