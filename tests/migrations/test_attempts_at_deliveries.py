"""Deliveries that wait when the schema changes wait on, and those that were large are so then."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from storage import columns, deliveries
from storage.database import Database

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
REVISION = "0006"

WORKSPACES = sa.table("workspaces", sa.column("id"), sa.column("created_at", columns.UtcDateTime()))
CONNECTIONS = sa.table(
    "connections",
    *(sa.column(name) for name in ("workspace_id", "id", "provider", "token_hash", "secrets")),
    sa.column("created_at", columns.UtcDateTime()),
)
DELIVERIES = sa.table(
    "deliveries",
    *(sa.column(name) for name in ("workspace_id", "id", "connection_id", "state", "body")),
    sa.column("received_at", columns.UtcDateTime()),
)


async def alembic(verb: Callable[..., Any], *arguments: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, *arguments)


async def test_what_waits_goes_on_waiting_both_ways(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, f"{REVISION}-1")
    rows = [
        {
            "workspace_id": "w",
            "id": id,
            "connection_id": "c",
            "state": state,
            "body": body,
            "received_at": NOW,
        }
        for id, state, body in (
            ("1", "pending", b"{}"),
            ("2", "pending", b"x" * (deliveries.LARGE + 1)),
            ("3", "done", b"{}"),
        )
    ]
    database = Database(empty_database_url)
    try:
        async with database.write() as tx:
            await tx.execute(WORKSPACES.insert().values(id="w", created_at=NOW))
            connection = {"workspace_id": "w", "id": "c", "provider": "native"}
            sealed = {"token_hash": "t", "secrets": "s", "created_at": NOW}
            await tx.execute(CONNECTIONS.insert().values(**connection, **sealed))
            await tx.execute(DELIVERIES.insert(), rows)
        await alembic(command.upgrade, "head")
        async with database.read() as tx:
            for large, id in ((False, "1"), (True, "2")):
                found = await deliveries.due(tx, "w", NOW, most=9, size=100_000, large=large)
                assert [(each.id, each.attempts) for each in found] == [(id, 0)]
            assert await deliveries.counts(tx, "w") == {"pending": 2}
        await alembic(command.downgrade, f"{REVISION}-1")
        async with database.read() as tx:
            kept = await tx.execute(sa.select(DELIVERIES.c.id, DELIVERIES.c.state))
            assert {tuple(row) for row in kept} == {(each["id"], each["state"]) for each in rows}
    finally:
        await database.close()
