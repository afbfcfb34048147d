"""Events a second from stored delivery to stored insight."""

import json
import sqlite3
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg

from benchmarks import team
from benchmarks.figures import Figure, median
from benchmarks.postgres import Server
from benchmarks.team import Team
from bot.app import make_parts
from bot.crm import worker
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.runtime import collecting
from bot.runtime.parts import Parts
from storage import deliveries, statistics
from storage.deliveries import NewDelivery
from storage.workspaces import DEFAULT

AIM, AIM_POSTGRESQL = 8000, 5000
PEOPLE = 200


async def measure(folder: Path, *, quick: bool, server: Server | None = None) -> list[Figure]:
    """Won deals of many people, each of which makes an insight; one process."""
    rounds, count = (3, 3000) if quick else (5, 6000)
    measured = await team.make(folder, PEOPLE, server.database() if server else None)
    parts = make_parts(team.settings(measured.path, measured.key, measured.url))
    aim = AIM_POSTGRESQL if server else AIM
    bare: _Bare = _PostgreSQL(server.bare()) if server else _SQLite(folder / "reference.db")
    ours: list[float] = []
    theirs: list[float] = []
    # As `coach serve` does; it stays so for what is measured after this.
    collecting.settle()
    try:
        for turn in range(rounds + 1):
            bodies = [team.won(turn * count + n, n % PEOPLE) for n in range(count)]
            rate = await _coach(parts, measured, bodies, turn)
            reference = _bare(bare, bodies, turn)
            if turn:
                ours.append(rate)
                theirs.append(reference)
    finally:
        bare.close()
        await parts.database.close()
    return [
        Figure(
            "worker: delivery to insight" + (server.suffix if server else ""),
            f"{median(ours):,.0f}/s",
            f"{median(theirs):,.0f}/s",
            median(ours) / median(theirs),
            f"≥ {aim:,}/s",
            median(ours) >= aim,
            f"bare {bare.name}: json.loads and the same seven rows, 500 events a commit",
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
    # As `coach serve` does beside.
    await statistics.keep_up(parts.database)
    begun = time.perf_counter()
    done = await worker.work_off(crm)
    seconds = time.perf_counter() - begun
    assert done.insights == len(bodies), f"{len(bodies)} events made {done.insights} insights"
    return len(bodies) / seconds


_TABLES = ("deals", "contacts", "visits", "activities", "insights")

_Rows = Sequence[tuple[Any, ...]]


class _Bare(Protocol):
    """A database as its driver gives it."""

    name: str

    def execute(self, sql: str, *parameters: object) -> _Rows: ...
    def many(self, sql: str, rows: _Rows) -> None: ...
    def close(self) -> None: ...


class _SQLite:
    def __init__(self, path: Path) -> None:
        self.name = "sqlite3"
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")

    def execute(self, sql: str, *parameters: object) -> _Rows:
        return self._database.execute(sql, parameters).fetchall()

    def many(self, sql: str, rows: _Rows) -> None:
        self._database.executemany(sql, rows)

    def close(self) -> None:
        self._database.close()


class _PostgreSQL:
    def __init__(self, url: str) -> None:
        self.name = "psycopg"
        self._database = psycopg.connect(url, autocommit=True)

    def execute(self, sql: str, *parameters: object) -> _Rows:
        cursor = self._database.execute(sql.replace("?", "%s").encode(), parameters)
        return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: _Rows) -> None:
        with self._database.cursor() as cursor:
            cursor.executemany(sql.replace("?", "%s").encode(), rows)

    def close(self) -> None:
        self._database.close()


def _bare(database: _Bare, bodies: list[bytes], turn: int) -> float:
    """The same events with nothing decided: parsed, and as many rows written."""
    for table in ("deliveries", *_TABLES):
        database.execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, data TEXT)")
    rows = [(f"turn{turn}-{n:06}", body.decode()) for n, body in enumerate(bodies)]
    database.execute("BEGIN")
    database.many("INSERT INTO deliveries VALUES (?, ?)", rows)
    database.execute("COMMIT")
    begun = time.perf_counter()
    for first in range(0, len(bodies), 500):
        database.execute("BEGIN")
        query = "SELECT id, data FROM deliveries WHERE id >= ? ORDER BY id LIMIT 500"
        batch = database.execute(query, f"turn{turn}-{first:06}")
        read = [(id, json.dumps(json.loads(body)["data"])) for id, body in batch]
        for table in _TABLES:
            database.many(f"INSERT INTO {table} VALUES (?, ?)", read)
        database.many("UPDATE deliveries SET data = '' WHERE id = ?", [(r[0],) for r in read])
        database.execute("COMMIT")
    return len(bodies) / (time.perf_counter() - begun)
