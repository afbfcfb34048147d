"""A server that is killed at any moment loses nothing it acknowledged and repeats nothing."""

import asyncio
import json
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import insert, select
from starlette.applications import Starlette

from bot import worker
from bot.app import prepare
from bot.parts import Parts
from bot.playground.signing import webhook_headers
from bot.playground.slack_api import Person, SlackStandIn
from bot.sender import Sender
from storage import deliveries
from storage.database import Tx
from storage.tables import activities, insights, owners, people
from tests.bot.served import ready, served
from tests.world import (
    BOT_TOKEN,
    SIGNING_SECRET,
    WEBHOOK_SECRET,
    WEBHOOK_TOKEN,
    WORKSPACE,
    FixedClock,
    address,
    connect,
    free_port,
    listening,
    make_test_parts,
    native,
    plain_config,
    serving,
    told,
)

KILLS = 20

#: New people in each life of the server, so that each life sends messages.
PEOPLE = 12

#: Requests at the same time.
TOGETHER = 8

MEMBERS = [
    Person(f"U{number:04d}", f"Member {number}", f"m{number}@northwind.example")
    for number in range(KILLS * PEOPLE)
]


@dataclass
class Told:
    """What was posted and what the server promised to keep."""

    number: int = 0
    acknowledged: set[str] = field(default_factory=set)


async def enrol_everybody(tx: Tx) -> None:
    """Members who have pressed Start, known by their addresses."""
    rows = [
        {
            "workspace_id": WORKSPACE,
            "id": f"p{member.id}",
            "name": member.name,
            "email": member.email,
            "slack_user_id": member.id,
            "time_zone": "UTC",
            "enrolment": "started",
            "enabled": True,
            "level": 2,
            "working_days": "12345",
            "created_at": datetime.now(UTC),
        }
        for member in MEMBERS
    ]
    await tx.execute(insert(people), rows)
    keys = [
        {
            "workspace_id": WORKSPACE,
            "owner_key": f"email:{member.email}",
            "person_id": f"p{member.id}",
        }
        for member in MEMBERS
    ]
    await tx.execute(insert(owners), keys)


async def load(http: aiohttp.ClientSession, url: str, life: int, heard: Told) -> None:
    """Tell of won deals until the server no longer answers."""
    while True:
        heard.number += 1
        id = f"e{heard.number}"
        # Mostly people of this life, sometimes of an earlier one.
        first = life * PEOPLE if heard.number % 4 else 0
        member = MEMBERS[first + heard.number % (PEOPLE * (life + 1) - first)]
        deal = {"id": f"D-{heard.number}", "status": "won", "contact_id": f"C-{heard.number}"}
        contact = {"id": f"C-{heard.number}", "name": f"Client {heard.number}"}
        at = datetime.now(UTC)
        event = told("deal_closed", owner=member.email, at=at, deal=deal, contact=contact)
        body = json.dumps(event).encode()
        signed = webhook_headers(WEBHOOK_SECRET, id, body, time.time())
        try:
            async with http.post(url, data=body, headers=signed) as response:
                if response.status == 202:
                    heard.acknowledged.add(id)
        except (aiohttp.ClientError, ConnectionError):
            return
        await asyncio.sleep(0.02)


async def finish(parts: Parts, clock: FixedClock, client: AsyncWebClient) -> None:
    """Work off and send all that the dead left behind, when their claims have run out."""
    clock.advance(timedelta(minutes=2))
    await worker.work_off(parts)
    sender = Sender(parts, client, channel_pace=0)
    async with asyncio.timeout(60):
        while True:
            while await sender.send_due():
                pass
            async with parts.database.read() as tx:
                waiting = select(insights.c.fingerprint).where(
                    insights.c.state.in_(["queued", "sending"])
                )
                if not (await tx.execute(waiting.limit(1))).all():
                    return
            clock.advance(timedelta(minutes=1))


@pytest.mark.slow
async def test_killed_twenty_times_under_load_it_loses_nothing_and_repeats_nothing(
    sqlite_url: str, tmp_path: Path
) -> None:
    clock, chance = FixedClock(datetime.now(UTC)), random.Random(11)
    parts = make_test_parts(sqlite_url, clock=clock)
    await prepare(parts, WORKSPACE)
    await connect(parts, native())
    async with parts.database.write() as tx:
        await enrol_everybody(tx)
    slack = SlackStandIn(MEMBERS, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    outside, port = listening(), free_port()
    slack_url = address(outside)
    url = f"http://127.0.0.1:{port}/webhooks/native/{WEBHOOK_TOKEN}"
    heard, killed = Told(), list[float]()
    try:
        async with (
            serving(plain_config(Starlette(routes=slack.routes)), outside),
            aiohttp.ClientSession(trust_env=False) as http,
        ):
            for life in range(KILLS):
                process = await served(sqlite_url, slack_url, tmp_path, port)
                try:
                    await ready(http, f"http://127.0.0.1:{port}")
                    tasks = [load(http, url, life, heard) for _ in range(TOGETHER)]
                    loading = asyncio.gather(*tasks)
                    await asyncio.sleep(chance.uniform(0.02, 0.5))
                finally:
                    with suppress(ProcessLookupError):
                        process.send_signal(signal.SIGKILL)
                    killed.append(time.time())
                    await process.communicate()
                await loading
            clock.moment = datetime.now(UTC)
            client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack_url}/api/", session=http)
            client.retry_handlers = []
            await finish(parts, clock, client)
            await slack.close()
        async with parts.database.read() as tx:
            assert await deliveries.counts(tx, WORKSPACE) == {}
            recorded = (await tx.execute(select(activities.c.dedupe_key))).scalars().all()
            made = (await tx.execute(select(insights.c.subject, insights.c.state))).all()
    finally:
        await parts.database.close()
    assert len(heard.acknowledged) > KILLS
    assert heard.acknowledged <= set(recorded)
    assert len(recorded) == len(set(recorded)) <= heard.number
    # One insight for each deal that was heard of, and each is with its person.
    assert set(Counter(subject for subject, _ in made).values()) == {1}
    assert len(made) == len(recorded)
    assert {state for _, state in made} == {"sent"}
    posts: dict[str, list[float]] = {}
    for each in slack.sent:
        posts.setdefault(f"{each.person} {each.text}", []).append(each.wall)
    assert len(posts) == len(made)
    for times in posts.values():
        # Twice only when the server died before it could hear Slack's answer to the first.
        assert len(times) <= 2
        if len(times) == 2:
            nearest = min((moment - times[0] for moment in killed), key=abs)
            # What it had asked for in its last moment Slack may do a little after its death.
            assert -0.1 < nearest < 0.5, nearest
