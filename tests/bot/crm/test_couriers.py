"""Several processes on one PostgreSQL share the changes for a CRM: each once, and in order."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.runtime.parts import Parts
from coach.models import TaskPriority
from coach.writes import CompleteTask, CreateTask, RescheduleTask
from storage import crm_writes
from tests.bot.crm.test_outbox import put
from tests.world import (
    BEGINNING,
    CONNECTION,
    WORKSPACE,
    FixedClock,
    connect,
    native,
    running_crm,
    running_parts,
)

ROOT = Path(__file__).parents[3]
THINGS = 24


@asynccontextmanager
async def couriers(url: str, count: int) -> AsyncIterator[None]:
    """So many processes at work."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": url}
    made: list[Process] = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bot.crm.courier", str(number)),
            cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE,
        )
        for number in range(count)
    ]  # fmt: skip
    try:
        for each in made:
            assert each.stdout is not None
            assert await each.stdout.readline() == b"ready\n"
        # None before all are up: a share is a share of the same time.
        for each in made:
            assert each.stdin is not None
            each.stdin.write(b"begin\n")
        yield
    finally:
        ends = [asyncio.wait_for(each.communicate(b"end\n"), 30) for each in made]
        await asyncio.gather(*ends)
    assert {each.returncode for each in made} == {0}


async def decided(parts: Parts, id: str) -> None:
    """A person makes a task, puts it off and completes it."""
    await put(parts, CreateTask(CONNECTION, id, "x", None, TaskPriority.HIGH), "made")
    later = (BEGINNING + timedelta(days=1)).date()
    await put(parts, RescheduleTask(CONNECTION, id, later), "later")
    await put(parts, CompleteTask(CONNECTION, id), "done")


@pytest.mark.slow
async def test_three_processes_share_the_changes_and_tell_each_once_and_in_order(
    postgresql_url: str,
) -> None:
    async with running_parts(postgresql_url) as parts, running_crm() as crm:
        await connect(parts, native(crm.url))
        assert isinstance(parts.clock, FixedClock)
        # All due by now, and what concerns one thing next to each other.
        parts.clock.moment = BEGINNING - timedelta(hours=1)
        for number in range(THINGS):
            parts.clock.advance(timedelta(seconds=1))
            await decided(parts, f"T-{number}")
        crm.delays = [0.02] * 3 * THINGS
        async with couriers(postgresql_url, 3), asyncio.timeout(60):
            while True:
                async with parts.database.read() as tx:
                    if await crm_writes.counts(tx, WORKSPACE) == {"done": 3 * THINGS}:
                        break
                await asyncio.sleep(0.05)
        assert {each.fault for each in crm.heard} == {None}
        assert set(Counter(each.id for each in crm.heard).values()) == {1}
        assert len(crm.heard) == 3 * THINGS
        told = defaultdict(list)
        for each in crm.heard:
            told[each.body["data"]["task"]["id"]].append(each.body["type"])
        assert len(told) == THINGS
        in_order = ["task_created", "task_rescheduled", "task_completed"]
        assert all(types == in_order for types in told.values()), told
        shares = Counter(each.headers["x-courier"] for each in crm.heard)
        assert len(shares) == 3
        assert min(shares.values()) > 3 * THINGS / 3 / 4, shares
