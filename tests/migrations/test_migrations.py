"""Tests of the migrations: they go up and down, and end at the tables that the code knows."""

import asyncio
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from storage import schema
from storage.database import Database
from storage.tables import metadata

ROOT = Path(__file__).parents[2]


async def alembic(verb: Callable[..., Any], *arguments: str) -> None:
    """Run one of Alembic's commands with the project's settings, as its command line does."""
    # In a thread, because migrations/env.py runs an event loop of its own.
    config = Config(toml_file=ROOT / "pyproject.toml", stdout=StringIO())
    await asyncio.to_thread(verb, config, *arguments)


async def tables(url: str) -> set[str]:
    """The names of the tables in the database, Alembic's own left out."""
    database = Database(url)
    try:
        async with database.read() as tx:
            names = await tx.run_sync(lambda connection: inspect(connection).get_table_names())
    finally:
        await database.close()
    return set(names) - {"alembic_version"}


async def test_migrations_make_the_tables_that_the_code_knows_and_take_them_back(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = empty_database_url
    monkeypatch.setenv("DATABASE_URL", url)

    await alembic(command.upgrade, "head")
    assert await tables(url) == set(metadata.tables)
    await alembic(command.check)  # raises where the tables and the migrations differ

    await alembic(command.downgrade, "base")
    assert await tables(url) == set()

    await alembic(command.upgrade, "head")
    assert await tables(url) == set(metadata.tables)


async def test_upgrading_twice_changes_nothing_and_the_version_is_told(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    try:
        before, needed = await schema.versions(database)
        await schema.upgrade(database)
        await schema.upgrade(database)
        after, _ = await schema.versions(database)
    finally:
        await database.close()

    assert before is None
    assert after == needed is not None


def test_the_newest_revision_is_alembics_head() -> None:
    scripts = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    assert schema.newest() == scripts.get_current_head()


#: What `coach serve` does before it serves, with all it serves with; says what that has loaded.
START = """
import asyncio, sys
import bot.app
from storage import schema
from storage.database import Database

async def start():
    database = Database(sys.argv[1])
    await schema.make_ready(database)
    await database.close()

asyncio.run(start())
print(*sorted({"alembic", "mako", "pygments", "numpy", "holidays", "dateparser"} & {*sys.modules}))
"""


async def test_a_start_that_changes_no_schema_loads_nothing_to_change_one(sqlite_url: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", START, sqlite_url, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    said, _ = await process.communicate()
    assert (process.returncode, said.decode().strip()) == (0, "")
