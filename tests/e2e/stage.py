"""The real playground on loopback with a scripted bot instead of the coach, to test the page by."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from playwright.async_api import Page
from starlette.applications import Starlette

from bot.playground.server import Playground, Wiring
from bot.runtime.clock import MovableClock
from tests.bot.playground.fake_bot import (
    BOT_TOKEN,
    CALLBACK_SECRET,
    SIGNING_SECRET,
    WEBHOOK_SECRET,
    FakeBot,
    served,
)

ANA, BEN = "U01ANA", "U02BEN"


@dataclass
class Stage:
    """What a test of the page needs: the playground, its bot, its address and its open pages."""

    playground: Playground
    bot: FakeBot
    url: str
    problems: list[str] = field(default_factory=list)
    """What pages complained of on their consoles, refused scripts and styles included."""
    switched_on: set[str] = field(default_factory=set)
    """The shortcuts that are on, by callback_id; told when a Home tab is drawn."""

    def post(self, text: str, *blocks: dict[str, Any], who: str = ANA) -> str:
        """A message from the app; answers its ts."""
        return self.playground.slack.post(who, text, list(blocks)).ts

    def update(self, ts: str, text: str, *blocks: dict[str, Any], who: str = ANA) -> None:
        """Rewrite one of the app's messages."""
        self.playground.slack.rewrite(
            self.playground.slack.conversations[who][ts], text, list(blocks)
        )

    def show(self, view: dict[str, Any], *, push: bool = False, who: str = ANA) -> dict[str, Any]:
        """Open a modal for somebody."""
        return self.playground.slack.open_view(who, view, push=push)

    def clicks(self) -> list[dict[str, Any]]:
        """The actions that reached the bot, oldest first."""
        return [
            action
            for got in self.bot.interactions
            if got["type"] == "block_actions"
            for action in got["actions"]
        ]

    async def open(self, page: Page) -> None:
        """Open the page and wait until it is live."""

        def note(text: str) -> None:
            # A server that is gone on purpose is said by Chromium itself; the page says it too.
            if "net::ERR" not in text:
                self.problems.append(text)

        page.on("console", lambda message: note(message.text))
        page.on("pageerror", lambda error: note(str(error)))
        await page.goto(self.url)
        await page.get_by_test_id(f"person-{ANA}").wait_for()


@asynccontextmanager
async def listening(app: Any, port: int) -> AsyncIterator[None]:
    """Serve an app on this port of loopback."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", access_log=False, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        task = asyncio.create_task(server.serve(sockets=[sock]))
        while not server.started:
            await asyncio.sleep(0.005)
        try:
            yield
        finally:
            server.should_exit = True
            await task


def free_port() -> int:
    """A port nobody uses now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """A playground with its seed and a bot that answers nothing unless told."""
    bot, port = FakeBot(), free_port()
    # A Monday at work, whatever day it is outside.
    clock = MovableClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC) - datetime.now(UTC))

    switched_on: set[str] = set()

    async def advance(by: timedelta) -> None:
        clock.advance(by)

    async def are_on() -> set[str]:
        return switched_on

    async with served(Starlette(routes=bot.routes())) as bot_url:
        url = f"http://127.0.0.1:{port}"
        playground = Playground(
            Wiring(
                bot_url=bot_url,
                signing_secret=SIGNING_SECRET,
                bot_token=BOT_TOKEN,
                webhook_url=f"{bot_url}/webhooks/native/token",
                webhook_secret=WEBHOOK_SECRET,
                callback_secret=CALLBACK_SECRET,
                page_url=url,
            ),
            clock=clock,
            advance=advance,
            state_file=None,
            tell=lambda _: None,
            switched_on=are_on,
        )
        async with listening(playground.app, port):
            await playground.start()
            try:
                yield Stage(playground, bot, url, switched_on=switched_on)
            finally:
                await playground.close()
