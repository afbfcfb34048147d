"""The bot as a whole: every part at work, ended in order, also by a signal from outside."""

import asyncio
import json
import signal
import time
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from starlette.applications import Starlette

from bot.app import build, make_parts, prepare
from bot.coaching import enrolling
from bot.playground.crm.signing import webhook_headers
from bot.playground.slack.api import Fault, SlackStandIn
from coach.models import Deal, MessageState, Settings
from storage import deliveries, insights, messages, mirror, statistics, workspaces
from storage.schema import SchemaError
from tests.bot.served import ready, served
from tests.together import World, running_world
from tests.world import (
    ANA,
    BOT_TOKEN,
    CONNECTION,
    MEMBERS,
    SIGNING_SECRET,
    WEBHOOK_SECRET,
    WEBHOOK_TOKEN,
    WORKSPACE,
    address,
    by,
    connect,
    enrol,
    free_port,
    listening,
    native,
    plain_config,
    serving,
    settings_for,
    standing,
    told,
    won,
)


async def test_nothing_runs_and_nothing_is_opened_until_the_bot_is_started(tmp_path: Path) -> None:
    file = tmp_path / "coach.db"
    bot = build(settings_for(f"sqlite+aiosqlite:///{file}"))
    assert not file.exists()
    assert len(asyncio.all_tasks()) == 1
    await bot.parts.database.close()


async def test_what_the_clock_finds_due_reaches_its_person(world: World) -> None:
    await world.as_it_comes(ANA)
    lead = {"id": "C-1", "name": "Ann", "status": "LEAD"}
    await world.post(told("contact_created", contact=lead))
    await world.settle()
    await world.pass_time(timedelta(days=14))
    assert world.texts(ANA) == [
        "Coach: Warm lead going cold: Ann hasn't been contacted in 14 days."
    ]


async def test_a_changed_setting_is_acted_on_at_once_without_a_tick_of_the_clock(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    since = world.clock.now() - timedelta(days=6)
    lead = {"id": "C-1", "name": "Ann", "status": "LEAD"}
    await world.post(told("contact_created", contact=lead, at=since))
    await world.settle()
    assert world.messages(ANA) == []
    await enrolling.save_settings(world.parts, by(ANA), Settings(stale_lead_days=1))
    async with asyncio.timeout(10):
        while not world.messages(ANA):
            await asyncio.sleep(0.01)


async def test_stopping_finishes_what_is_under_way(sqlite_world: World) -> None:
    world = sqlite_world
    world.slack.faults["chat.postMessage"] = [Fault(delay=0.5, lost=True)]
    await world.post(won())
    async with asyncio.timeout(20):
        while not world.slack.calls or world.slack.faults.get("chat.postMessage") != []:
            await asyncio.sleep(0.01)
    begun = time.monotonic()
    await world.stop_bot()
    assert time.monotonic() - begun < 5
    assert len(world.posts(ANA)) == 1
    await world.restart()
    await world.settle()
    (insight,) = await world.insights(ANA)
    assert await standing(world.parts, insight.fingerprint) == "sent"
    assert len(world.posts(ANA)) == 1


async def test_a_postgresql_that_must_be_upgraded_first_is_said_to_be(
    empty_database_url: str,
) -> None:
    parts = make_parts(settings_for(empty_database_url))
    try:
        if parts.database.is_sqlite:
            await prepare(parts, WORKSPACE)
            async with parts.database.read() as tx:
                assert await workspaces.get(tx, WORKSPACE) is not None
        else:
            with pytest.raises(SchemaError, match="coach db upgrade"):
                await prepare(parts, WORKSPACE)
    finally:
        await parts.database.close()


async def test_the_planner_of_a_postgresql_that_is_filled_is_told_so(postgresql_url: str) -> None:
    asked = text("SELECT reltuples FROM pg_class WHERE oid = 'deals'::regclass")
    async with running_world(postgresql_url) as world:
        database = world.parts.database
        async with database.write() as tx:
            await tx.execute(text("ALTER TABLE deals SET (autovacuum_enabled = false)"))
            many = [Deal(CONNECTION, f"D-{n}", "Renewal") for n in range(statistics.FEW * 2)]
            await mirror.save(tx, WORKSPACE, many)
            await tx.execute(text("SELECT pg_stat_force_next_flush()"))
        known = -1
        async with asyncio.timeout(20):
            while known != len(many):
                world.parts.wake.statistics.set()
                await asyncio.sleep(0.05)
                async with database.read() as tx:
                    known = (await tx.execute(asked)).scalar_one()


# The process


async def test_sigterm_drains_and_ends_the_process_within_ten_seconds(
    sqlite_url: str, tmp_path: Path
) -> None:
    settings = settings_for(sqlite_url, slack_bot_token=SecretStr(BOT_TOKEN))
    parts = make_parts(settings)
    await prepare(parts, WORKSPACE)
    await connect(parts, native())
    ana = await enrol(parts, ANA)
    slack = SlackStandIn(MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    slack.faults["chat.postMessage"] = [Fault(delay=1.0, lost=True)]
    outside, port = listening(), free_port()
    bot_url = f"http://127.0.0.1:{port}"
    accepted: list[int] = []
    async with (
        serving(plain_config(Starlette(routes=slack.routes)), outside),
        aiohttp.ClientSession(trust_env=False) as http,
    ):
        process = await served(sqlite_url, address(outside), tmp_path, port)
        await ready(http, bot_url)

        async def post(number: int) -> None:
            now = time.time()
            at = parts.clock.now()
            body = json.dumps(won(f"D-{number}", at=at)).encode()
            signed = webhook_headers(WEBHOOK_SECRET, f"m{number}", body, now)
            url = f"{bot_url}/webhooks/native/{WEBHOOK_TOKEN}"
            try:
                async with http.post(url, data=body, headers=signed) as answered:
                    if answered.status == 202:
                        accepted.append(number)
            except aiohttp.ClientError:
                return

        await post(0)
        async with asyncio.timeout(10):
            while slack.faults["chat.postMessage"]:
                await asyncio.sleep(0.01)
        posting = asyncio.gather(*(post(number) for number in range(1, 60)))
        await asyncio.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        _, errors = await asyncio.wait_for(process.communicate(), 15)
        assert time.monotonic() - begun < 10
        await posting
        # uvicorn ends by the signal it got, once everything else has ended.
        assert process.returncode in {0, -signal.SIGTERM}, errors.decode()
        assert b"Traceback" not in errors, errors.decode()
        await slack.close()
    async with parts.database.read() as tx:
        counts = await deliveries.counts(tx, WORKSPACE)
        found = await insights.recent(tx, WORKSPACE, ana.id, 100)
        states = await messages.counts(tx, WORKSPACE)
        now = parts.clock.now()
        pending = await deliveries.due(tx, WORKSPACE, now, most=99, size=1_000_000)
    await parts.database.close()
    assert 0 in accepted
    assert counts.get("failed", 0) == 0
    waiting = {each.message_id for each in pending}
    about = {each.suggestion.params["deal_id"] for each in found}
    assert {n for n in accepted if f"D-{n}" not in about and f"m{n}" not in waiting} == set()
    # The card that was on its way when the end came is known to have arrived.
    assert len(slack.messages(ANA)) == 1
    assert states[MessageState.SENT] == 1
    assert MessageState.SENDING not in states
