"""A PostgreSQL that was just filled is planned for as what it is, and not as an empty one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from bot.runtime.parts import Parts
from coach.models import Deal
from storage import mirror, statistics
from storage.database import Database
from tests.world import WORKSPACE, running_parts

MANY = statistics.FEW * 2


@pytest.fixture
async def parts(postgresql_url: str) -> AsyncIterator[Parts]:
    async with running_parts(postgresql_url) as made:
        async with made.database.write() as tx:
            # It must not be the server itself that has looked.
            await tx.execute(text("ALTER TABLE deals SET (autovacuum_enabled = false)"))
        yield made


async def fill(database: Database, count: int) -> None:
    async with database.write() as tx:
        await mirror.save(
            tx, WORKSPACE, [Deal("native", f"D-{n}", "Renewal") for n in range(count)]
        )
        # What has changed is told to the others once a second at most.
        await tx.execute(text("SELECT pg_stat_force_next_flush()"))


async def known(database: Database) -> float:
    """How many deals the planner knows of; -1 if nothing."""
    async with database.read() as tx:
        asked = text("SELECT reltuples FROM pg_class WHERE oid = 'deals'::regclass")
        found: float = (await tx.execute(asked)).scalar_one()
        return found


async def looked(database: Database) -> int:
    async with database.read() as tx:
        asked = text("SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'deals'")
        found: int = (await tx.execute(asked)).scalar_one()
        return found


async def test_a_table_that_was_filled_is_looked_at_and_not_again_before_it_has_doubled(
    parts: Parts,
) -> None:
    database = parts.database
    await statistics.keep_up(database)
    await fill(database, statistics.FEW)
    await statistics.keep_up(database)
    assert (await known(database), await looked(database)) == (-1, 0)
    await fill(database, MANY)
    await statistics.keep_up(database)
    assert (await known(database), await looked(database)) == (MANY, 1)
    # Each row is changed once more: it is not known to be another table yet.
    await fill(database, MANY)
    await statistics.keep_up(database)
    assert await looked(database) == 1
    await fill(database, MANY)
    await statistics.keep_up(database)
    assert await looked(database) == 2


async def test_one_that_another_looks_at_is_passed_over(parts: Parts) -> None:
    await fill(parts.database, MANY)
    async with parts.database.write() as held:
        await held.execute(text("LOCK TABLE deals IN SHARE UPDATE EXCLUSIVE MODE"))
        async with asyncio.timeout(30):
            await statistics.keep_up(parts.database)
        assert await known(parts.database) == -1
    await statistics.keep_up(parts.database)
    assert await known(parts.database) == MANY


async def test_sqlite_is_left_alone(sqlite_url: str) -> None:
    async with running_parts(sqlite_url) as made:
        await statistics.keep_up(made.database)
