"""A stand-in for Slack that a bot talks to over HTTP.

The bot calls ``POST /api/<method>`` and ``POST /response/<id>`` here, as it would call Slack; the
people's side is in ``hands``.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bot.playground.slack.answers import Answer
from bot.playground.slack.hands import People
from bot.playground.slack.methods import METHODS, content
from bot.playground.slack.things import (
    Fault,
    Json,
    Message,
    Person,
    Refusal,
    ResponseUrl,
    SlackFault,
    words_of,
)
from bot.playground.slack.wire import ANSWER_SECONDS, RETRY_DELAYS
from coach.ports import Clock

__all__ = ["Answer", "Fault", "Message", "Person", "Refusal", "SlackStandIn", "words_of"]

SCOPES = (
    *("chat:write", "commands", "dnd:read", "im:history", "im:write", "users:read"),
    "users:read.email",
)


class SlackStandIn(People):
    """Slack, as far as a bot can see.

    ``bot_url`` is where the bot listens and ``own_url`` where these routes are served; both may be
    set later. ``log`` is called with each request and answer; without it no body is kept.
    """

    def __init__(
        self,
        people: Iterable[Person],
        *,
        bot_token: str,
        signing_secret: str,
        bot_url: str = "",
        own_url: str = "",
        clock: Clock | None = None,
        timer: Callable[[], float] = time.monotonic,
        changed: Callable[[Json], None] | None = None,
        log: Callable[[Json], None] | None = None,
        session: aiohttp.ClientSession | None = None,
        retry_delays: tuple[float, ...] = RETRY_DELAYS,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        super().__init__(
            people,
            signing_secret=signing_secret,
            bot_url=bot_url,
            own_url=own_url,
            clock=clock,
            timer=timer,
            changed=changed,
            log=log,
            session=session,
            retry_delays=retry_delays,
            answer_seconds=answer_seconds,
        )
        self.bot_token = bot_token
        self.scopes |= set(SCOPES)
        #: Blocks that this Slack does not know, as an older one.
        self.unknown_blocks: set[str] = set()
        self.faults: dict[str, list[Fault]] = {}
        self.calls = 0
        self.routes = [
            Route("/api/{method}", self._api, methods=["GET", "POST"]),
            Route("/response/{key}", self._response, methods=["POST"]),
        ]

    # Calls from the bot

    async def _api(self, request: Request) -> Response:
        begun = time.perf_counter()
        name = request.path_params["method"]
        self.calls += 1
        args = await _arguments(request)
        waiting = self.faults.get(name)
        fault = waiting.pop(0) if waiting else None
        if fault is not None:
            await asyncio.sleep(fault.delay)
        if fault is None or fault.lost:
            answer = self._answer(name, args, _token(request, args))
        else:
            answer = {"ok": False, "error": fault.error or "internal_error"}
        response = _as_http(answer, fault, self.scopes)
        if not answer["ok"]:
            messages = tuple(str(one) for one in answer.get("errors", ()))
            self.refusals.append(Refusal(name, answer["error"], messages))
        if self.log is not None:
            args.pop("token", None)
            self.log(_entry(name, args, answer, response.status_code, begun))
        return response

    def _answer(self, name: str, args: Json, token: str | None) -> Json:
        if name == "apps.connections.open":
            return self._open_connection(token)
        method = METHODS.get(name)
        if method is None:
            return {"ok": False, "error": "unknown_method", "req_method": name}
        try:
            if name != "blocks.validate":
                self._check_token(method.scope, token)
            return {"ok": True, **method.call(self, args)}
        except SlackFault as fault:
            return fault.answer
        except (TypeError, ValueError) as error:
            return {"ok": False, "error": "invalid_arguments", "errors": [str(error)]}

    def _open_connection(self, token: str | None) -> Json:
        """An address for Socket Mode, for an app-level token.

        Fact: https://docs.slack.dev/reference/methods/apps.connections.open
        """
        if not token:
            return {"ok": False, "error": "not_authed"}
        if token == self.bot_token:
            return {"ok": False, "error": "not_allowed_token_type"}
        if self.sockets is None or token != self.sockets.app_token:
            return {"ok": False, "error": "invalid_auth"}
        return {"ok": True, "url": self.sockets.address()}

    def _check_token(self, scope: str | None, token: str | None) -> None:
        if not token:
            raise SlackFault("not_authed")
        if token != self.bot_token:
            raise SlackFault("invalid_auth")
        if scope is not None and scope not in self.scopes:
            provided = ",".join(sorted(self.scopes))
            raise SlackFault("missing_scope", needed=scope, provided=provided)

    async def _response(self, request: Request) -> Response:
        begun = time.perf_counter()
        url = self.response_urls.get(request.path_params["key"])
        args = await _arguments(request)
        status = 200
        answer: Json = {"ok": True}
        try:
            self._use_response_url(url, args)
        except SlackFault as fault:
            status = 404 if str(fault) in ("expired_url", "used_url") else 400
            answer = fault.answer
            messages = tuple(str(one) for one in answer.get("errors", ()))
            self.refusals.append(Refusal("response_url", str(fault), messages))
        if self.log is not None:
            self.log(_entry("response_url", args, answer, status, begun))
        return PlainTextResponse("ok") if status == 200 else JSONResponse(answer, status)

    def _use_response_url(self, url: ResponseUrl | None, args: Json) -> None:
        if url is None or self.timer() > url.until:
            raise SlackFault("expired_url")
        if url.left <= 0:
            raise SlackFault("used_url")
        url.left -= 1
        place = url.place or url.person
        source = self.conversations.get(place, {}).get(url.message_ts or "")
        if args.get("delete_original"):
            if source is not None:
                self.remove(source)
            return
        text, blocks = content(args)
        if self.unknown_blocks & {str(each.get("type")) for each in blocks}:
            raise SlackFault("invalid_blocks")
        if args.get("replace_original") and source is not None:
            self.rewrite(source, text, blocks)
        else:
            quiet = args.get("response_type", "ephemeral") != "in_channel"
            only = url.person if quiet and url.place in self.channels else None
            self.post(place, text, blocks, quiet=quiet, only=only)


class _CutOff(Response):
    """An answer that breaks off, so that the caller's connection is lost."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000"), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


def _as_http(answer: Json, fault: Fault | None, scopes: set[str]) -> Response:
    if fault is not None and fault.drop:
        return _CutOff()
    if fault is not None and fault.status == 429:
        limited = {"ok": False, "error": "ratelimited"}
        return JSONResponse(limited, 429, {"Retry-After": str(fault.retry_after or 1)})
    if fault is not None and fault.status >= 500:
        return PlainTextResponse("Service unavailable", fault.status)
    headers = {"X-OAuth-Scopes": ",".join(sorted(scopes))}
    return JSONResponse(answer, fault.status if fault else 200, headers)


def _entry(name: str, args: Json, answer: Json, status: int, begun: float) -> Json:
    messages = " ".join(str(one) for one in answer.get("errors", ()))
    # That nobody has an address is an answer like any other.
    fine = answer["ok"] or answer["error"] == "users_not_found"
    return {
        "direction": "to Slack",
        "name": name,
        "status": status,
        "ms": round((time.perf_counter() - begun) * 1000, 1),
        "request": args,
        "response": answer,
        "problem": None if fine else f"{answer['error']} {messages}".strip(),
    }


async def _arguments(request: Request) -> Json:
    """The arguments of a call, JSON, form or query; nested JSON strings stay strings."""
    body = await request.body()
    args: Json = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            given: Any = json.loads(body) if body else {}
        except ValueError:
            given = {}
        args.update(given if isinstance(given, dict) else {})
    elif body:
        text = body.decode("utf-8", "replace")
        args.update(parse_qsl(text, keep_blank_values=True))
    return args


def _token(request: Request, args: Json) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    given = args.get("token")
    return given if isinstance(given, str) else None
