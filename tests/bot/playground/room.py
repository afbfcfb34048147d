"""A playground on loopback, a tiny bot, and the page's way to talk to it."""

import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.playground.server import Playground, Wiring
from tests.bot.playground.clocks import HandClock
from tests.bot.playground.fake_bot import (
    BOT_TOKEN,
    CALLBACK_SECRET,
    SIGNING_SECRET,
    WEBHOOK_SECRET,
    FakeBot,
    address,
    bound,
    served,
)


class Room:
    """A playground on loopback, a tiny bot, and the page's way to talk to it."""

    def __init__(self, playground: Playground, bot: FakeBot, clock: HandClock, url: str) -> None:
        self.playground, self.bot, self.clock, self.url = playground, bot, clock, url
        self.told: list[str] = []
        self.headers = {"Origin": url}
        self.session = aiohttp.ClientSession()
        self.client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{url}/api/")

    async def post(self, path: str, **body: Any) -> dict[str, Any]:
        async with self.session.post(self.url + path, json=body, headers=self.headers) as answer:
            got: dict[str, Any] = await answer.json()
            return got

    async def state(self) -> dict[str, Any]:
        async with self.session.get(self.url + "/ui/state") as answer:
            got: dict[str, Any] = await answer.json()
            return got

    async def status(self, method: str, path: str, **more: Any) -> int:
        async with self.session.request(method, self.url + path, **more) as answer:
            return answer.status


@contextlib.asynccontextmanager
async def a_room(
    state_file: Path | None = None, listening: socket.socket | None = None
) -> AsyncIterator[Room]:
    bot, clock, at = FakeBot(), HandClock(), listening or bound()
    told: list[str] = []
    async with served(Starlette(routes=bot.routes())) as bot_url:
        wiring = Wiring(
            bot_url=bot_url,
            signing_secret=SIGNING_SECRET,
            bot_token=BOT_TOKEN,
            webhook_url=f"{bot_url}/webhooks/native/token",
            webhook_secret=WEBHOOK_SECRET,
            callback_secret=CALLBACK_SECRET,
            page_url=address(at),
        )
        playground = Playground(
            wiring, clock=clock, advance=clock.advance, state_file=state_file, tell=told.append
        )
        async with served(playground.app, at) as url:
            await playground.start()
            room = Room(playground, bot, clock, url)
            room.told = told
            try:
                yield room
            finally:
                await room.session.close()
                await playground.close()
