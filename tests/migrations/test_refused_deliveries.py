"""Which deliveries were refused to their sender's face is known of what stands there already."""

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

from storage import columns
from storage.database import Database

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
REVISION = "0014"

WORKSPACES = sa.table("workspaces", sa.column("id"), sa.column("created_at", columns.UtcDateTime()))
CONNECTIONS = sa.table(
    "connections",
    *(sa.column(name) for name in ("workspace_id", "id", "provider", "token_hash", "secrets")),
    sa.column("created_at", columns.UtcDateTime()),
)
_NAMES = ("workspace_id", "id", "connection_id", "state", "body", "error")
DELIVERIES = sa.table(
    "deliveries",
    *(sa.column(name) for name in _NAMES),
    sa.column("large", sa.Boolean()),
    sa.column("refused", sa.Boolean()),
    *(sa.column(n, columns.UtcDateTime()) for n in ("received_at", "due_at", "processed_at")),
)

#: id -> connection, state, whether it was worked on since, whether its sender was told.
ROWS = {
    "1": ("native", "failed", False, True),
    "2": ("native", "failed", True, False),
    "3": ("other", "failed", False, False),
    "4": ("native", "pending", False, False),
    "5": ("native", "aside", False, True),
    "6": ("native", "done", True, False),
}


async def alembic(verb: Callable[..., Any], *arguments: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, *arguments)


async def test_what_failed_at_the_door_is_known_to_be_told_and_nothing_else(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, f"{REVISION}-1")
    database = Database(empty_database_url)
    try:
        async with database.write() as tx:
            await tx.execute(WORKSPACES.insert().values(id="w", created_at=NOW))
            for id in ("native", "other"):
                connection = {"workspace_id": "w", "id": id, "provider": id}
                sealed = {"token_hash": id, "secrets": "s", "created_at": NOW}
                await tx.execute(CONNECTIONS.insert().values(**connection, **sealed))
            for id, (connection_id, state, worked_on, _) in ROWS.items():
                row = {"workspace_id": "w", "id": id, "connection_id": connection_id}
                of_it = {"state": state, "error": "no", "body": b"[]", "large": False}
                times = {"received_at": NOW, "due_at": NOW}
                worked_at = NOW if worked_on else None
                await tx.execute(
                    DELIVERIES.insert().values(**row, **of_it, **times, processed_at=worked_at)
                )
        await alembic(command.upgrade, REVISION)
        async with database.read() as tx:
            known = await tx.execute(sa.select(DELIVERIES.c.id, DELIVERIES.c.refused))
            assert {row.id: row.refused for row in known} == {
                id: told for id, (*_, told) in ROWS.items()
            }
        await alembic(command.downgrade, f"{REVISION}-1")
        async with database.read() as tx:
            kept = await tx.execute(sa.select(DELIVERIES.c.id, DELIVERIES.c.state))
            assert {row.id: row.state for row in kept} == {
                id: state for id, (_, state, *_) in ROWS.items()
            }
    finally:
        await database.close()
