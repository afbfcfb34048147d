"""How long it takes to look for patterns in a large team's history, and how much memory."""

import asyncio
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.figures import Figure, median
from bot.coaching.patterns import found_in
from coach.models import DealStatus, TaskStatus
from storage import people, schema, workspaces
from storage.database import Database, add, chunks
from storage.tables import contacts_made, deals, stage_visits, tasks

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
DAY = timedelta(days=1)

PEOPLE, DEALS = 50, 100_000

#: Seconds and megabytes in all, the interpreter and its libraries included.
SECONDS, MEGABYTES = 5.0, 300.0

STAGES = ("New", "Talks", "Offer")

SOURCES = ("Referral", "Web", "Ads", "Fair", "Partner", "Call")


async def measure(folder: Path, *, quick: bool) -> list[Figure]:
    """In a process of its own each time, as a command does it."""
    url = f"sqlite+aiosqlite:///{folder / 'coach.db'}"
    count = DEALS // 10 if quick else DEALS
    await _filled(url, count)
    rounds = [await asyncio.to_thread(_looked, url) for _ in range(1 if quick else 3)]
    seconds = median(each["seconds"] for each in rounds)
    held = median(each["megabytes"] for each in rounds)
    idle = median(each["before"] for each in rounds)
    what = f"{PEOPLE} people, {count:,} closed deals"
    return [
        Figure(
            "patterns: time",
            f"{seconds:.1f} s",
            f"{SECONDS:.0f} s",
            seconds / SECONDS,
            f"< {SECONDS:.0f} s",
            seconds < SECONDS,
            what,
            {"rounds": rounds},
        ),
        Figure(
            "patterns: memory at its highest",
            f"{held:.0f} MB",
            f"{idle:.0f} MB",
            held / idle,
            f"< {MEGABYTES:.0f} MB",
            held < MEGABYTES,
            f"before reading; {what}",
        ),
    ]


def _looked(url: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.patterns", url], capture_output=True, check=True
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


async def _once(url: str) -> dict[str, Any]:
    database = Database(url)
    before, began = _megabytes(), time.perf_counter()
    found = await found_in(database, workspaces.DEFAULT, NOW)
    seconds = time.perf_counter() - began
    await database.close()
    assert found.candidates
    return {
        "seconds": seconds,
        "megabytes": _megabytes(),
        "before": before,
        "looked": len(found.candidates),
    }


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _filled(url: str, count: int) -> None:
    """A team with deals over three years, three stages each, and a contact and task for most."""
    database, random = Database(url, durable=False), Random(1)
    await schema.make_ready(database)
    async with database.write() as tx:
        await workspaces.ensure(tx, workspaces.DEFAULT, NOW)
        ids = [f"p{place}" for place in range(PEOPLE)]
        rows = [{"id": id, "name": id, "time_zone": "Europe/Madrid"} for id in ids]
        await people.make(tx, workspaces.DEFAULT, rows, NOW)
    for piece in chunks(range(count), 5_000):
        made = [_deal(random, number) for number in piece]
        async with database.write() as tx:
            await add(tx, deals, made)
            await add(tx, stage_visits, [row for each in made for row in _stays(each)])
            await add(tx, tasks, [_task(random, each) for each in made])
            await add(tx, contacts_made, [_contact(random, each) for each in made])
    await database.close()


def _deal(random: Random, number: int) -> dict[str, Any]:
    created = NOW - random.randrange(60, 1000) * DAY - timedelta(minutes=random.randrange(600))
    status = DealStatus.WON if random.random() < 0.3 else DealStatus.LOST
    return {
        "workspace_id": workspaces.DEFAULT,
        "connection_id": "c1",
        "id": f"D-{number}",
        "title": f"Deal {number}",
        "stage": "Closed",
        "status": status.value,
        "value": random.randrange(100, 100_000),
        "currency": "EUR",
        "source": random.choice(SOURCES),
        "product": f"Product {random.randrange(20)}",
        "contact_id": f"C-{number}",
        "person_id": f"p{random.randrange(PEOPLE)}",
        "created_at": created,
        "closed_at": created + timedelta(hours=24 + random.expovariate(1 / 900)),
        "other": {"Industry": f"Sector {random.randrange(12)}"},
        "deleted": False,
        "told": {},
    }


def _stays(deal: dict[str, Any]) -> list[dict[str, Any]]:
    length = (deal["closed_at"] - deal["created_at"]) / len(STAGES)
    return [
        {
            "workspace_id": workspaces.DEFAULT,
            "connection_id": "c1",
            "deal_id": deal["id"],
            "entered_at": deal["created_at"] + place * length,
            "stage": stage,
            "left_at": deal["created_at"] + (place + 1) * length,
            "came": True,
        }
        for place, stage in enumerate(STAGES)
    ]


def _task(random: Random, deal: dict[str, Any]) -> dict[str, Any]:
    created = deal["created_at"] + timedelta(hours=random.expovariate(1 / 30))
    return {
        "workspace_id": workspaces.DEFAULT,
        "connection_id": "c1",
        "id": f"T-{deal['id']}",
        "title": "Call",
        "status": TaskStatus.COMPLETED.value,
        "priority": "medium",
        "deal_id": deal["id"],
        "person_id": deal["person_id"],
        "created_at": created,
        "completed_at": created + timedelta(hours=random.expovariate(1 / 40)),
        "deleted": False,
        "told": {},
    }


def _contact(random: Random, deal: dict[str, Any]) -> dict[str, Any]:
    return {
        "workspace_id": workspaces.DEFAULT,
        "connection_id": "c1",
        "contact_id": deal["contact_id"],
        "at": deal["created_at"] + timedelta(hours=random.expovariate(1 / 20)),
        "verb": "call_logged",
        "person_id": deal["person_id"],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_once(sys.argv[1]))))
