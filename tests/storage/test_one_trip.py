"""aiosqlite is used by names that are not public: this tells when they move."""

import inspect
import logging
import sqlite3
import tomllib
from importlib.metadata import version
from pathlib import Path

import aiosqlite
import pytest
from sqlalchemy import text

from storage import one_trip
from storage.database import Database

ROOT = Path(__file__).parents[2]


def test_the_version_is_pinned_whose_private_names_are_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"aiosqlite=={version('aiosqlite')}" in project["dependencies"]


async def test_the_private_names_are_what_they_were(tmp_path: Path) -> None:
    assert list(inspect.signature(aiosqlite.Connection._execute).parameters)[:2] == ["self", "fn"]
    async with one_trip.connect(tmp_path / "any.db") as made:
        assert made._thread.daemon
        assert made._thread.is_alive()
        assert isinstance(made._conn, sqlite3.Connection)


async def test_a_statement_with_its_rows_makes_one_trip_to_the_thread(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(sqlite_url)
    try:
        async with database.read() as tx:
            with caplog.at_level(logging.DEBUG, "aiosqlite"):
                rows = (await tx.execute(text("SELECT 1 UNION SELECT 2"))).all()
            trips = [each for each in caplog.records if each.msg == "executing %s"]
        assert (len(rows), len(trips)) == (2, 1)
    finally:
        await database.close()


async def test_what_is_read_in_one_transaction_is_of_one_moment(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    many = text("SELECT count(*) FROM things")

    async def add() -> None:
        async with database.write() as other:
            await other.execute(text("INSERT INTO things VALUES (1)"))

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
        async with database.read() as tx:
            # It begins with what it reads first.
            await add()
            before = (await tx.execute(many)).scalar_one()
            await add()
            after = (await tx.execute(many)).scalar_one()
        async with database.read() as tx:
            pass
        async with database.read() as tx:
            later = (await tx.execute(many)).scalar_one()
        assert (before, after, later) == (1, 1, 2)
    finally:
        await database.close()
