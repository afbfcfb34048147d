"""A tiny bot over real HTTP for the playground's tests: notes what it gets, answers as told."""

import asyncio
import contextlib
import hashlib
import hmac
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.playground.crm.signing import webhook_fault

SIGNING_SECRET = "a-signing-secret"
BOT_TOKEN = "xoxb-demo-0123456789"
WEBHOOK_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
CALLBACK_SECRET = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="

Reply = Callable[[dict[str, Any]], Response | None]


@dataclass
class FakeBot:
    """What came in, newest last; ``reply`` may answer an interaction, event or command."""

    interactions: list[dict[str, Any]] = field(default_factory=list)
    commands: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    webhooks: list[dict[str, Any]] = field(default_factory=list)
    webhook_ids: list[str] = field(default_factory=list)
    webhook_status: int = 202
    reply: Reply = lambda _: None
    delay: float = 0.0

    def routes(self) -> list[Route]:
        return [
            Route("/slack/events", self.slack, methods=["POST"]),
            Route("/webhooks/native/token", self.webhook, methods=["POST"]),
        ]

    async def slack(self, request: Request) -> Response:
        body = await request.body()
        stamp = request.headers["x-slack-request-timestamp"]
        assert abs(time.time() - int(stamp)) < 5
        digest = hmac.new(SIGNING_SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256)
        assert request.headers["x-slack-signature"] == "v0=" + digest.hexdigest()
        self.headers.append(dict(request.headers))
        if request.headers["content-type"] == "application/json":
            got = json.loads(body)
            self.events.append(got)
        else:
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            got = json.loads(form["payload"]) if "payload" in form else form
            (self.interactions if "payload" in form else self.commands).append(got)
        await asyncio.sleep(self.delay)
        return self.reply(got) or Response()

    async def webhook(self, request: Request) -> Response:
        body = await request.body()
        assert webhook_fault(WEBHOOK_SECRET, request.headers, body, time.time()) is None
        if self.webhook_status == 202:
            self.webhooks.append(json.loads(body))
            self.webhook_ids.append(request.headers["webhook-id"])
        return JSONResponse({"accepted": 1}, self.webhook_status)


def bound() -> socket.socket:
    """A listening socket on a free port of loopback."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    return listening


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextlib.asynccontextmanager
async def served(app: ASGIApp, listening: socket.socket | None = None) -> AsyncIterator[str]:
    """The app on a free port of loopback; gives its address."""
    with listening or bound() as at:
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", access_log=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[at]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield address(at)
        finally:
            server.should_exit = True
            await task
