"""Events a second from stored delivery to stored insight."""

import json
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import team
from benchmarks.figures import Figure, median
from benchmarks.team import Team
from bot.app import make_parts
from bot.crm import worker
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.runtime import collecting
from bot.runtime.parts import Parts
from storage import deliveries
from storage.deliveries import NewDelivery
from storage.workspaces import DEFAULT

AIM = 3000
PEOPLE = 200


async def measure(folder: Path, *, quick: bool) -> list[Figure]:
    """Won deals of many people, each of which makes an insight; SQLite, one process."""
    rounds, count = (3, 3000) if quick else (5, 6000)
    measured = await team.make(folder, PEOPLE)
    parts = make_parts(team.settings(measured.path, measured.key))
    ours: list[float] = []
    theirs: list[float] = []
    # As `coach serve` does; it stays so for what is measured after this.
    collecting.settle()
    try:
        for turn in range(rounds + 1):
            bodies = [team.won(turn * count + n, n % PEOPLE) for n in range(count)]
            rate = await _coach(parts, measured, bodies, turn)
            reference = _bare(folder / "reference.db", bodies, turn)
            if turn:
                ours.append(rate)
                theirs.append(reference)
    finally:
        await parts.database.close()
    return [
        Figure(
            "worker: delivery to insight",
            f"{median(ours):,.0f}/s",
            f"{median(theirs):,.0f}/s",
            median(ours) / median(theirs),
            f"≥ {AIM:,}/s",
            median(ours) >= AIM,
            "bare sqlite3: json.loads and the same seven rows, 500 events a commit",
            {"ours": ours, "reference": theirs},
        )
    ]


async def _coach(parts: Parts, measured: Team, bodies: list[bytes], turn: int) -> float:
    now = datetime.now(UTC)
    new = [
        NewDelivery(
            DEFAULT,
            parts.new_id(),
            measured.connection.id,
            f"turn{turn}-{n}",
            now,
            body,
            (f"turn{turn}-{n}",),
        )
        for n, body in enumerate(bodies)
    ]
    async with parts.database.write() as tx:
        await deliveries.accept(tx, new)
    crm = CrmParts(parts, load_providers())
    begun = time.perf_counter()
    done = await worker.work_off(crm)
    seconds = time.perf_counter() - begun
    assert done.insights == len(bodies), f"{len(bodies)} events made {done.insights} insights"
    return len(bodies) / seconds


_TABLES = ("deals", "contacts", "visits", "activities", "insights")


def _bare(path: Path, bodies: list[bytes], turn: int) -> float:
    """The same events with nothing decided: parsed, and as many rows written."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    for table in ("deliveries", *_TABLES):
        database.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, data TEXT)")
    rows = [(f"turn{turn}-{n:06}", body) for n, body in enumerate(bodies)]
    database.executemany("INSERT INTO deliveries VALUES (?, ?)", rows)
    begun = time.perf_counter()
    for first in range(0, len(bodies), 500):
        database.execute("BEGIN IMMEDIATE")
        query = "SELECT id, data FROM deliveries WHERE id >= ? ORDER BY id LIMIT 500"
        batch = database.execute(query, (f"turn{turn}-{first:06}",)).fetchall()
        read = [(id, json.dumps(json.loads(body)["data"])) for id, body in batch]
        for table in _TABLES:
            database.executemany(f"INSERT INTO {table} VALUES (?, ?)", read)
        database.executemany(
            "UPDATE deliveries SET data = '' WHERE id = ?", [(r[0],) for r in read]
        )
        database.execute("COMMIT")
    seconds = time.perf_counter() - begun
    database.close()
    return len(bodies) / seconds
