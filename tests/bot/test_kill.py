"""Killed at any moment and started again, the bot loses nothing and says nothing twice."""

import asyncio
import json
import os
import random
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from bot.playground.slack.api import Person as Member
from bot.playground.slack.api import SlackStandIn
from coach.events import Owner
from coach.models import Enrolment
from storage import owners, people
from tests.bot.killing.victim import Load, SlowSlack, Victim, served
from tests.world import (
    BOT_TOKEN,
    CONNECTION,
    SECRET_KEY,
    SIGNING_SECRET,
    WORKSPACE,
    address,
    connect,
    listening,
    native,
    plain_config,
    running_parts,
    serving,
)

#: How often the server is killed.
KILLS = int(os.environ.get("KILLS", "20"))

#: Events, each about the won deal of somebody else, who then gets one message.
EVENTS = 60 * KILLS

#: Slack's answer takes up to this long, in seconds, before and again after the message is there.
SLOW = 0.03

#: How soon after it has the answer the bot has recorded it, in seconds: a kill in between takes
#: Slack's answer with it. Generous, because the machine may be busy.
RECORDED = 1.0

#: How long after the kill of its caller the stand-in may come to a call, in seconds.
BEHIND = 0.25


def members(count: int) -> list[Member]:
    """So many people, known by their number."""
    return [Member(f"U{n:05}", f"Seller {n}", f"seller{n}@northwind.example") for n in range(count)]


async def prepared(database_url: str, everyone: list[Member]) -> None:
    """Enrol everyone and link a CRM."""
    async with running_parts(database_url) as parts:
        await connect(parts, native())
        named = [Owner.of(email=member.email) for member in everyone]
        sellers = [owner for owner in named if owner is not None]
        async with parts.database.write() as tx:
            known = await owners.resolve(
                tx, WORKSPACE, CONNECTION, sellers, parts.clock.now(), parts.new_id
            )
            for member, owner in zip(everyone, sellers, strict=True):
                await people.change(
                    tx,
                    WORKSPACE,
                    known[owner],
                    slack_user_id=member.id,
                    enrolment=Enrolment.STARTED.value,
                    # At work around the clock: the servers run by the machine's own.
                    working_days="1234567",
                    work_from=0,
                    work_until=1439,
                    time_zone="UTC",
                    lookup_after=None,
                )


def won(number: int, owner: Member) -> bytes:
    """A deal that this person has won just now."""
    deal = {
        "id": f"D-{number}",
        "title": f"Renewal {number}",
        "stage": "Closed Won",
        "status": "won",
        "value": "100",
        "owner_email": owner.email,
    }
    return json.dumps({"type": "deal_closed", "data": {"deal": deal}}).encode()


def rows(database: Path, query: str) -> list[Any]:
    """What a query finds in the file of a bot that no longer runs, or still does."""
    with sqlite3.connect(database) as connection:
        return connection.execute(query).fetchall()


Known = list[tuple[float, set[str]]]


async def killed_again_and_again(victim: Victim, chance: random.Random, database: Path) -> Known:
    """Kill at random moments of the start and of the work.

    Returns for each kill when it was and whose message was known to have arrived.
    """
    known: Known = []
    for _ in range(KILLS):
        await victim.start()
        if chance.random() < 0.8:
            await victim.ready()
        await asyncio.sleep(chance.random() * 0.5)
        await victim.kill()
        known.append((victim.kills[-1], {who for (who,) in rows(database, ARRIVED)}))
    return known


ARRIVED = (
    "SELECT people.slack_user_id FROM insights JOIN people ON people.id = insights.person_id "
    "JOIN messages ON messages.id = 'card:' || insights.fingerprint WHERE messages.state = 'sent'"
)


async def everything_sent(database: Path, seconds: float) -> None:
    """Return when nothing is on its way any more."""
    open_ = (
        "SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending') + "
        "(SELECT count(*) FROM messages WHERE state IN ('due', 'sending'))"
    )
    async with asyncio.timeout(seconds):
        while rows(database, open_)[0][0]:
            await asyncio.sleep(0.1)


def unexplained(calls: list[float], kills: list[float]) -> list[float]:
    """Of the calls that brought one message, those repeated although no kill took the answer."""
    return [
        at
        for at in calls[:-1]
        if not any(-SLOW - BEHIND < kill - at < SLOW + RECORDED for kill in kills)
    ]


@pytest.mark.slow
async def test_nothing_is_lost_and_nothing_said_twice_when_it_is_killed_at_random_moments(
    sqlite_url: str, tmp_path: Path
) -> None:
    seed = int(os.environ.get("KILL_SEED", time.time_ns() % 1_000_000))
    print(f"KILL_SEED={seed}")  # noqa: T201 - to see it again
    chance = random.Random(seed)
    database, errors = tmp_path / "coach.db", tmp_path / "errors.txt"
    everyone = members(EVENTS)
    await prepared(sqlite_url, everyone)
    slack = SlackStandIn(everyone, bot_token=BOT_TOKEN, signing_secret=SIGNING_SECRET)
    outside, free = listening(), listening()
    port = free.getsockname()[1]
    free.close()
    environment = {
        "DATABASE_URL": sqlite_url,
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{address(outside)}/api/",
        "COACH_SECRET_KEYS": SECRET_KEY,
        "COACH_LOG_LEVEL": "ERROR",
        "COACH_DATA": str(tmp_path),
    }
    bodies = {f"event-{n}": won(n, member) for n, member in enumerate(everyone)}
    app = SlowSlack(Starlette(routes=slack.routes), random.Random(seed + 1), SLOW)
    async with (
        serving(plain_config(app), outside),
        served(environment, port, step=61.0, errors=errors) as victim,
    ):
        load = Load(victim, bodies, random.Random(seed + 2))
        sending = asyncio.create_task(load.send(senders=8, pause=0.02))
        known = await killed_again_and_again(victim, chance, database)
        # The last server's clock is a minute ahead: what the kill left claimed is free again.
        await victim.start()
        await asyncio.wait_for(sending, 60)
        await everything_sent(database, 60)
        await victim.kill()
    await slack.close()
    assert load.refused == []
    assert set(load.accepted) == set(bodies)
    recorded = Counter(key for (key,) in rows(database, "SELECT dedupe_key FROM activities"))
    assert recorded == Counter(dict.fromkeys(bodies, 1))
    made = Counter(subject for (subject,) in rows(database, "SELECT subject FROM insights"))
    assert made == Counter({f"deal:native:D-{n}": 1 for n in range(EVENTS)})
    assert rows(database, "SELECT DISTINCT state FROM insights") == [("open",)]
    assert rows(database, "SELECT DISTINCT state FROM messages") == [("sent",)]
    assert rows(database, "SELECT DISTINCT state FROM deliveries") == [("done",)]
    calls: dict[str, list[float]] = {}
    for sent in slack.sent:
        # A copy that is taken out again afterwards is no message that came once more.
        if sent.method == "chat.postMessage":
            calls.setdefault(sent.person, []).append(sent.wall)
    assert set(calls) == {member.id for member in everyone}
    twice = {who: at for who, at in calls.items() if len(at) > 1}
    print(f"{len(twice)} of {EVENTS} messages came twice: Slack's answer was lost")  # noqa: T201
    faults = {who: found for who, at in twice.items() if (found := unexplained(at, victim.kills))}
    assert faults == {}
    for kill, arrived in known:
        again = {who for who in arrived if calls[who][-1] > kill + SLOW + BEHIND}
        assert again == set(), "known to have arrived, and sent once more"
    # One kill can take the answers to no more messages than are on their way at once.
    assert len(twice) <= 32 * KILLS
    assert "Traceback" not in errors.read_text(), errors.read_text()
