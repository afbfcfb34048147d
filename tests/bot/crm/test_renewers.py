"""Several processes on one PostgreSQL whose access has ended: one renews it, all have it."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from bot.crm.caller import TURN, Caller, Later
from bot.crm.calls import Account
from bot.playground.crm.vendors.hubspot import Hubspot
from bot.playground.crm.vendors.oauth import CLIENT_ID, CLIENT_SECRET
from bot.runtime.parts import Parts
from storage import connections
from storage.connections import Connection
from tests.bot.crm.running import running
from tests.world import (
    BEGINNING,
    WORKSPACE,
    FixedClock,
    connect,
    crm_of,
    running_parts,
)

ROOT = Path(__file__).parents[3]
PROCESSES = 3


class Slow(Hubspot):
    """It takes long enough to renew access for others to come and want the same."""

    wait = 1.0

    async def __call__(self, request: Request) -> Response:
        if request.url.path == self.app.token:
            await asyncio.sleep(self.wait)
        return await super().__call__(request)


def ended(vendor: Hubspot) -> Connection:
    """A connection whose access has ended; its refresh token is good for one time."""
    vendor.app.refresh_tokens.append("refresh-0")
    access = {
        "access_token": "access-0",
        "refresh_token": "refresh-0",
        "expires_at": (BEGINNING - timedelta(days=1)).isoformat(),
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
    }
    return Connection(
        WORKSPACE, "hubspot", "hubspot", "token-0123456789abcdef", (), "", vendor.url, access=access
    )


async def stored(parts: Parts) -> Connection:
    async with parts.database.read() as tx:
        found = await connections.one(tx, parts.seal, WORKSPACE, "hubspot")
    assert found is not None
    return found


async def processes(url: str) -> list[str]:
    """What every call of every process is made with."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": url}
    made = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bot.crm.renewer"),
            cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE,
        )
        for _ in range(PROCESSES)
    ]  # fmt: skip
    for each in made:
        assert each.stdout is not None
        assert await each.stdout.readline() == b"ready\n"
    # None before all are up, so that they come together.
    ends = await asyncio.gather(*(asyncio.wait_for(each.communicate(b"\n"), 60) for each in made))
    assert {each.returncode for each in made} == {0}
    return [line for out, _ in ends for line in out.decode().split("\n") if line]


@pytest.mark.slow
async def test_of_many_callers_in_several_processes_one_renews_it(postgresql_url: str) -> None:
    async with running_parts(postgresql_url) as parts, running(Slow()) as vendor:
        assert isinstance(vendor, Slow)
        await connect(parts, ended(vendor))
        told = await processes(postgresql_url)
        assert len(told) == 4 * PROCESSES
        assert set(told) == set(vendor.app.access_tokens), told
        assert vendor.app.renewed == 1
        assert len(vendor.calls("POST", "/token")) == 1
        kept = await stored(parts)
        assert kept.access["refresh_token"] in vendor.app.refresh_tokens


async def test_who_comes_meanwhile_waits_and_takes_what_was_stored(database_url: str) -> None:
    async with running_parts(database_url) as parts, running(Slow()) as vendor:
        assert isinstance(vendor, Slow)
        crm, connection = crm_of(parts), await connect(parts, ended(vendor))
        async with Caller(crm) as one, Caller(crm) as other:
            first = asyncio.create_task(one.account(connection))
            while not (vendor.app.renewed or await _is_taken(parts)):
                await asyncio.sleep(0.01)
            said = await other.account(connection)
            assert isinstance(said, Later)
            assert not said.tried
            account = await first
            assert isinstance(account, Account)
            assert await other.account(connection) == account
        assert vendor.app.renewed == 1


async def _is_taken(parts: Parts) -> bool:
    async with parts.database.write() as tx:
        now = parts.clock.now()
        free = await connections.take_turn(tx, WORKSPACE, "hubspot", now, now + TURN)
        if free:
            await connections.end_turn(tx, WORKSPACE, "hubspot", now + TURN)
        return not free


async def test_a_turn_of_somebody_who_is_gone_runs_out(sqlite_url: str) -> None:
    async with running_parts(sqlite_url) as parts, running(Hubspot()) as vendor:
        assert isinstance(vendor, Hubspot)
        connection = await connect(parts, ended(vendor))
        async with parts.database.write() as tx:
            assert await connections.take_turn(
                tx, WORKSPACE, "hubspot", BEGINNING, BEGINNING + TURN
            )
        assert isinstance(parts.clock, FixedClock)
        async with Caller(crm_of(parts)) as caller:
            assert isinstance(await caller.account(connection), Later)
            parts.clock.advance(TURN)
            assert isinstance(await caller.account(connection), Account)


async def test_who_comes_too_late_changes_nothing(sqlite_url: str) -> None:
    """The turn ran out while the vendor was slow, and another has renewed it meanwhile."""
    async with running_parts(sqlite_url) as parts, running(Slow()) as vendor:
        assert isinstance(vendor, Slow)
        vendor.app.rotates = False
        connection = await connect(parts, ended(vendor))
        assert isinstance(parts.clock, FixedClock)
        async with Caller(crm_of(parts)) as late, Caller(crm_of(parts)) as other:
            slow = asyncio.create_task(late.account(connection))
            while not await _is_taken(parts):
                await asyncio.sleep(0.01)
            parts.clock.advance(TURN)
            vendor.wait = 0.0
            assert isinstance(await other.account(connection), Account)
            kept = await stored(parts)
            await slow
            assert await stored(parts) == kept


async def test_what_is_subscribed_to_leaves_renewed_access_alone(database_url: str) -> None:
    async with running_parts(database_url) as parts, running(Hubspot()) as vendor:
        assert isinstance(vendor, Hubspot)
        connection = await connect(parts, ended(vendor))
        async with Caller(crm_of(parts)) as caller:
            account = await caller.account(connection)
        assert isinstance(account, Account)
        async with parts.database.write() as tx:
            place = parts.seal, WORKSPACE, "hubspot"
            await connections.subscribed(tx, *place, ("h-1",), ("secret",))
        after = await stored(parts)
        assert after == replace(
            connection, access=account.access, subscription=("h-1",), secrets=("secret",)
        )
