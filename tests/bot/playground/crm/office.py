"""A CRM wired to a tiny bot, with what it said and logged."""

import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from starlette.applications import Starlette

from bot.playground.crm.board import Crm
from bot.playground.crm.callback import Callback
from bot.playground.crm.signing import webhook_headers
from tests.bot.playground.clocks import HandClock
from tests.bot.playground.fake_bot import CALLBACK_SECRET, WEBHOOK_SECRET, FakeBot, served

OWNERS = {"U01ANA": "ana@northwind.example", "U02BEN": "ben@northwind.example"}

DEAL = {"title": "Acme <renewal> & more", "value": "12000", "stage": "Proposal", "owner": "U01ANA"}


class Office:
    """A CRM wired to a tiny bot, with what it said and logged."""

    def __init__(self, url: str, bot: FakeBot) -> None:
        self.url, self.bot = url, bot
        self.said: list[str] = []
        self.log: list[dict[str, Any]] = []
        self.tellings = 0
        self.clock = HandClock()
        self.crm = Crm(
            OWNERS,
            clock=self.clock,
            webhook_url=f"{url}/webhooks/native/token",
            webhook_secret=WEBHOOK_SECRET,
            changed=self.told,
            log=self.log.append,
            say=self.said.append,
            retry_delays=(0.01, 0.02, 0.02),
        )
        self.callback = Callback(self.crm, secret=CALLBACK_SECRET, log=self.log.append)

    def told(self) -> None:
        self.tellings += 1

    async def sent(self) -> list[dict[str, Any]]:
        """The webhooks that arrived, once all have."""
        await self.crm.deliveries.settled()
        return self.bot.webhooks

    async def calls_back(
        self, event: dict[str, Any], *, webhook_id: str = "msg_1", secret: str = CALLBACK_SECRET
    ) -> tuple[int, dict[str, Any]]:
        """The coach writes something into the CRM."""
        body = json.dumps(event).encode()
        headers = webhook_headers(secret, webhook_id, body, time.time())
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/crm/callback", data=body, headers=headers) as response,
        ):
            return response.status, await response.json()


@contextlib.asynccontextmanager
async def an_office() -> AsyncIterator[Office]:
    bot, routes = FakeBot(), []
    app = Starlette()
    async with served(app) as url:
        made = Office(url, bot)
        routes = [*bot.routes(), *made.callback.routes]
        app.router.routes.extend(routes)
        made.crm.deliveries.start()
        yield made
        await made.crm.deliveries.close()
