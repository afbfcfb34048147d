"""Tests of the migrations: they go up and down, and end at the tables that the code knows."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect

from storage import schema
from storage.database import Database
from storage.tables import metadata

ROOT = Path(__file__).parents[2]


def alembic(*arguments: str, url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run Alembic as a person would, in the project's folder."""
    monkeypatch.setenv("DATABASE_URL", url)
    answer = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


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

    alembic("upgrade", "head", url=url, monkeypatch=monkeypatch)
    assert await tables(url) == set(metadata.tables)
    assert "No new upgrade operations" in alembic("check", url=url, monkeypatch=monkeypatch)

    alembic("downgrade", "base", url=url, monkeypatch=monkeypatch)
    assert await tables(url) == set()

    alembic("upgrade", "head", url=url, monkeypatch=monkeypatch)
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
