"""Killed while it tells how far an account is taken over, the coach goes on in the same message."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.playground.crm.vendors.hubspot import PORTAL, SECRET, TOKEN
from bot.playground.slack.api import Message, SlackStandIn, words_of
from bot.playground.slack.api import Person as Member
from storage import connections, takeovers
from storage.connections import Connection
from tests.bot.crm.running import running
from tests.bot.killing.victim import Victim, served
from tests.bot.test_kill_crm import HELD, Account
from tests.world import (
    BOT_TOKEN,
    SECRET_KEY,
    SIGNING_SECRET,
    WORKSPACE,
    address,
    listening,
    plain_config,
    running_parts,
    serving,
)

ADMIN = Member("U00001", "Chris Vale", "chris@northwind.example")

#: What Slack is at when the coach is killed, and where the taking over is kept by then: the answer
#: to which page of which kind is kept back.
KILLS = [
    ("chat.postMessage", ("deals", 2)),
    ("chat.update", ("deals", 4)),
    ("chat.update", ("contacts", 2)),
]


@dataclass
class Gate:
    """Slack does what it was asked, and its answer to one method is kept back."""

    app: ASGIApp
    method: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    def keep_back(self, method: str) -> None:
        self.method = method
        self.reached.clear()
        self.let_go.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kept = bool(self.method) and scope.get("path", "").endswith(f"/{self.method}")

        async def late(message: Any) -> None:
            if kept and message["type"] == "http.response.start":
                self.reached.set()
                await self.let_go.wait()
            await send(message)

        with suppress(OSError):
            await self.app(scope, receive, late)


async def prepared(url: str, account: Account) -> None:
    """An account that is linked, of whose taking over is to be told."""
    linked = Connection(
        WORKSPACE, "hubspot", "hubspot", "token-of-a-link-0123456789", (), "", account.url,
        account_id=PORTAL, access={"token": TOKEN, "client_secret": SECRET}, name="Northwind",
    )  # fmt: skip
    async with running_parts(url) as parts, parts.database.write() as tx:
        now = parts.clock.now()
        await connections.save(tx, parts.seal, linked, now)
        await takeovers.begin(tx, WORKSPACE, "hubspot", now)


async def told(slack: SlackStandIn, words: str) -> Message:
    """The one message there is, once it says that."""
    async with asyncio.timeout(60):
        while True:
            there = slack.messages(ADMIN.id)
            if len(there) == 1 and words in words_of(there[0]):
                return there[0]
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_there_is_one_message_wherever_it_was_killed_and_it_ends_true(
    sqlite_url: str, tmp_path: Path
) -> None:
    slack = SlackStandIn([ADMIN], bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    gate = Gate(Starlette(routes=slack.routes))
    outside, free = listening(), listening()
    port = free.getsockname()[1]
    free.close()
    environment = {
        "DATABASE_URL": sqlite_url,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{address(outside)}/api/",
        "COACH_ADMINISTRATOR": ADMIN.id,
        "COACH_SECRET_KEYS": SECRET_KEY,
        "COACH_LOG_LEVEL": "ERROR",
        "COACH_DATA": str(tmp_path),
    }
    errors = tmp_path / "errors.txt"
    async with (
        serving(plain_config(gate), outside),
        running(Account()) as account,
        served(environment, port, step=61.0, errors=errors) as process,
    ):
        assert isinstance(account, Account)
        account.fill()
        await prepared(sqlite_url, account)
        for method, (kind, page) in KILLS:
            await killed(process, account, gate, method, kind, page)
        await process.start()
        account.let_go.set()
        last = await told(slack, "Taken over from Northwind")
        said = words_of(last)
        for kind, count in HELD.items():
            assert f"{kind} {count}" in said
        # Where a kill took Slack's answer with it, what was posted again has replaced the first.
        posts = [each.ts for each in slack.sent if each.method == "chat.postMessage"]
        assert posts[-1] == last.ts
        assert len(posts) <= 2
        await process.kill()
    assert "Traceback" not in errors.read_text()


async def killed(
    process: Victim, account: Account, gate: Gate, method: str, kind: str, page: int
) -> None:
    """Start it and kill it when Slack has done as asked, and it has not heard so."""
    before = len(account.calls("GET", f"/objects/{kind}"))
    account.keep_back(f"/objects/{kind}", before + page)
    gate.keep_back(method)
    await process.start()
    await asyncio.wait_for(gate.reached.wait(), 60)
    await process.kill()
    gate.let_go.set()
    account.let_go.set()
    gate.method = ""
