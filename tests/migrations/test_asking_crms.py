"""The stages there are come from the ways that deals have gone so far."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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

VISITS = sa.table(
    "stage_visits",
    *(sa.column(name) for name in ("workspace_id", "connection_id", "deal_id", "stage")),
    sa.column("entered_at", columns.UtcDateTime()),
)

STAGES = sa.table(
    "stages",
    *(sa.column(name) for name in ("workspace_id", "connection_id", "pipeline", "id", "name")),
    *(sa.column(name) for name in ("told", "visits", "places", "told_open")),
)


async def alembic(verb: Callable[..., Any], *arguments: str) -> None:
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, *arguments)


async def test_stages_are_taken_over_from_the_ways_of_deals(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", empty_database_url)
    await alembic(command.upgrade, "0011")
    ways = {
        ("native", "D-1"): ["New", "New", "Proposal", "Won"],
        ("native", "D-2"): ["New", "Won"],
        ("other", "D-1"): ["Won"],
    }
    database = Database(empty_database_url)
    try:
        async with database.write() as tx:
            for (connection_id, deal_id), way in ways.items():
                for number, stage in enumerate(way):
                    await tx.execute(
                        VISITS.insert().values(
                            workspace_id="default",
                            connection_id=connection_id,
                            deal_id=deal_id,
                            stage=stage,
                            entered_at=NOW + timedelta(days=number),
                        )
                    )
        await database.close()
        await alembic(command.upgrade, "0012")
        async with database.read() as tx:
            rows = (await tx.execute(sa.select(STAGES))).all()
        await database.close()
        await alembic(command.downgrade, "0011")
        async with database.read() as tx:
            assert len((await tx.execute(sa.select(VISITS))).all()) == 7
    finally:
        await database.close()
    assert {(row.connection_id, row.id): (row.visits, row.places) for row in rows} == {
        ("native", "New"): (2, 2),
        ("native", "Proposal"): (1, 2),
        ("native", "Won"): (2, 5),
        ("other", "Won"): (1, 1),
    }
    assert {(row.pipeline, row.told, row.told_open) for row in rows} == {("", False, 0)}
    assert all(row.name == row.id for row in rows)
