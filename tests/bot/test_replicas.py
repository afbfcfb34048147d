"""Several processes on one PostgreSQL share what is to be said, and say it once."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.playground.slack.api import Person as Member
from bot.playground.slack.api import SlackStandIn
from coach.models import Enrolment, InsightState, MessageState
from coach.phrases import say
from storage import messages, workspaces
from storage.database import Database
from storage.messages import Message, card_id
from storage.tables import insights, people
from storage.tables import messages as table
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

ROOT = Path(__file__).parents[2]


class Door:
    """One replica's way to Slack, which takes its time to answer a post."""

    def __init__(self, app: ASGIApp, slow: float) -> None:
        self._app = app
        self._slow = slow
        self.posts = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if str(scope.get("path")).endswith("chat.postMessage"):
            self.posts += 1
            await asyncio.sleep(self._slow)
        await self._app(scope, receive, send)


@dataclass
class Replicas:
    """Replicas at work, each behind a door of its own."""

    database: Database
    slack: SlackStandIn
    doors: list[Door]

    async def said(self) -> Counter[str]:
        """Who was posted to, how often."""
        return Counter(each.person for each in self.slack.sent if each.method == "chat.postMessage")

    async def all_sent(self, count: int, seconds: float) -> None:
        """Return when so many messages are known to stand in Slack."""
        query = select(func.count()).where(table.c.state == MessageState.SENT.value)
        async with asyncio.timeout(seconds):
            while True:
                async with self.database.read() as tx:
                    if (await tx.execute(query)).scalar_one() == count:
                        return
                await asyncio.sleep(0.1)


async def start(url: str, slack_url: str, ahead: float, folder: Path) -> Process:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": url,
        "COACH_SECRET_KEYS": SECRET_KEY,
        "COACH_DATA": str(folder),
        "COACH_LOG_LEVEL": "ERROR",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{slack_url}/api/",
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bot.replica", str(ahead)),
        cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE,
    )  # fmt: skip


@asynccontextmanager
async def replicas(
    url: str, members: Sequence[Member], folder: Path, *, ahead: Sequence[float], slow: float
) -> AsyncIterator[Replicas]:
    """A replica for each number of seconds by which a clock is wrong, all up."""
    slack = SlackStandIn(members, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    app = Starlette(routes=slack.routes)
    async with running_parts(url) as parts, AsyncExitStack() as stack:
        doors, processes = [], []
        for wrong in ahead:
            door, on = Door(app, slow), listening()
            await stack.enter_async_context(serving(plain_config(door), on))
            slack.own_url = address(on)
            doors.append(door)
            processes.append(await start(url, address(on), wrong, folder))
        for process in processes:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        async with asyncio.timeout(20):
            while True:
                async with parts.database.read() as tx:
                    workspace = await workspaces.get(tx, WORKSPACE)
                if workspace and workspace.team_id and not workspace.slack_error:
                    break
                await asyncio.sleep(0.05)
        try:
            yield Replicas(parts.database, slack, doors)
        finally:
            for process in processes:
                await asyncio.wait_for(process.communicate(b"end\n"), 20)
        await slack.close()


async def make_due(database: Database, members: Sequence[Member]) -> None:
    """A card for each of them, all at once."""
    now = datetime.now(UTC)
    async with database.write() as tx:
        await tx.execute(
            people.insert(),
            [
                {
                    "workspace_id": WORKSPACE,
                    "id": f"p-{each.id}",
                    "name": each.name,
                    "slack_user_id": each.id,
                    "time_zone": "UTC",
                    "enrolment": Enrolment.STARTED.value,
                    "enabled": True,
                    "level": 2,
                    "working_days": "12345",
                    "created_at": now,
                }
                for each in members
            ],
        )
        await tx.execute(
            insights.insert(),
            [
                {
                    "workspace_id": WORKSPACE,
                    "fingerprint": f"print-{each.id}",
                    "person_id": f"p-{each.id}",
                    "rule": "referral_ask",
                    "type": "action",
                    "priority": 3,
                    "subject": f"deal:native:{each.id}",
                    "occasion": "once",
                    "message": say("Well done."),
                    "reason": say("You won."),
                    "action": "create_task",
                    "params": {"connection_id": "native", "title": "Ask", "priority": "high"},
                    "state": InsightState.OPEN.value,
                    "created_at": now,
                    "expires_at": now + timedelta(hours=2),
                    "outcome": None,
                }
                for each in members
            ],
        )
        made = [
            (
                Message(
                    WORKSPACE, card_id(f"print-{each.id}"), "card", each.id,
                    person_id=f"p-{each.id}",
                ),
                [f"print-{each.id}"],
            )
            for each in members
        ]  # fmt: skip
        await messages.make(tx, made, now)
    async with database.write() as tx:
        # As PostgreSQL does by itself within a minute.
        await tx.exec_driver_sql("ANALYZE")


def team(count: int) -> list[Member]:
    """So many people."""
    return [Member(f"U{n:05}", f"Seller {n}", f"s{n}@northwind.example") for n in range(count)]


@pytest.mark.slow
async def test_four_processes_share_two_thousand_cards_and_say_each_once(
    postgresql_url: str, tmp_path: Path
) -> None:
    members = team(2000)
    async with replicas(postgresql_url, members, tmp_path, ahead=[0] * 4, slow=0.05) as four:
        await make_due(four.database, members)
        await four.all_sent(len(members), 60)
        assert await four.said() == Counter({each.id: 1 for each in members})
        shares = [door.posts for door in four.doors]
    assert min(shares) > 2000 / 4 / 4, shares


@pytest.mark.slow
async def test_replicas_whose_clocks_are_wrong_say_nothing_twice_and_stop_nobody(
    postgresql_url: str, tmp_path: Path
) -> None:
    members = team(300)
    day, behind = 86_400.0, -61.0
    wrong = [day, behind, 0.0]
    async with replicas(postgresql_url, members, tmp_path, ahead=wrong, slow=0.5) as three:
        await make_due(three.database, members)
        await three.all_sent(len(members), 60)
        assert await three.said() == Counter({each.id: 1 for each in members})
        assert min(door.posts for door in three.doors) > 0
        async with three.database.read() as tx:
            query = select(insights.c.state).distinct()
            # Nobody's clock made an end of what had hours to go.
            assert list((await tx.execute(query)).scalars()) == [InsightState.OPEN.value]
