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
from sqlalchemy.exc import IntegrityError, OperationalError

from storage import one_trip
from storage.database import Database, Tx

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


async def test_what_gives_nothing_back_makes_no_trip_of_its_own(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(sqlite_url)

    def trips() -> int:
        return sum(each.msg == "executing %s" for each in caplog.records)

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
        with caplog.at_level(logging.DEBUG, "aiosqlite"):
            async with database.write() as tx:
                begun = trips()
                await tx.execute(text("INSERT INTO things VALUES (1)"))
                await tx.execute(text("INSERT INTO things VALUES (:id)"), [{"id": 2}, {"id": 3}])
                await tx.execute(text("UPDATE things SET id = id + 10 WHERE id < 3"))
                kept_back = trips()
                found = (
                    (await tx.execute(text("SELECT id FROM things ORDER BY id"))).scalars().all()
                )
                read = trips()
                await tx.execute(text("DELETE FROM things WHERE id = 3"))
            ended = trips()
        async with database.read() as tx:
            left = (await tx.execute(text("SELECT id FROM things ORDER BY id"))).scalars().all()
        assert (kept_back - begun, read - kept_back, ended - read) == (0, 1, 1)
        assert (found, left) == ([3, 11, 12], [11, 12])
    finally:
        await database.close()


async def test_a_transaction_begins_with_its_first_statement_and_without_one_not_at_all(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database, other = Database(sqlite_url), Database(sqlite_url)

    def trips() -> int:
        return sum(each.msg == "executing %s" for each in caplog.records)

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
        with caplog.at_level(logging.DEBUG, "aiosqlite"):
            async with database.write():
                pass
            nothing = trips()
            async with database.write() as tx:
                await tx.execute(text("SELECT id FROM things"))
                begun = trips()
                raw = (await tx.get_raw_connection()).driver_connection
                assert isinstance(raw, one_trip.Connection)
                assert raw.in_transaction
            async with database.write() as tx:
                await tx.execute(text("INSERT INTO things VALUES (1)"))
                written = trips()
        assert (nothing, begun, written) == (0, 1, 2)
        async with other.read() as tx:
            assert (await tx.execute(text("SELECT id FROM things"))).scalars().all() == [1]
    finally:
        await database.close()
        await other.close()


async def test_where_a_transaction_could_not_begin_nothing_is_made_outside_of_one(
    sqlite_url: str,
) -> None:
    database, other = Database(sqlite_url), Database(sqlite_url)
    count = text("SELECT count(*) FROM things")

    async def go_on(held: Tx) -> None:
        async with database.write() as tx:
            with pytest.raises(OperationalError, match="locked"):
                await tx.execute(count)
            await held.rollback()
            await tx.execute(text("INSERT INTO things VALUES (1)"))
            assert (await tx.execute(count)).scalar_one() == 1
            raise LookupError

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
        async with database.read() as tx:
            await tx.execute(text("PRAGMA busy_timeout = 1"))
        async with other.write() as held:
            await held.execute(count)
            with pytest.raises(LookupError):
                await go_on(held)
        async with other.read() as tx:
            assert (await tx.execute(count)).scalar_one() == 0
    finally:
        await database.close()
        await other.close()


async def test_not_more_is_kept_back_than_so_many_statements(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
            raw = (await tx.get_raw_connection()).driver_connection
            assert isinstance(raw, one_trip.Connection)
            most = 0
            for id in range(one_trip.MOST * 2):
                await tx.execute(text("INSERT INTO things VALUES (:id)"), {"id": id})
                most = max(most, len(raw._kept_back))
        async with database.read() as tx:
            count = (await tx.execute(text("SELECT count(*) FROM things"))).scalar_one()
        assert (most, count) == (one_trip.MOST - 1, one_trip.MOST * 2)
    finally:
        await database.close()


@pytest.mark.parametrize("reads", [True, False], ids=["at-the-next-statement", "at-the-end"])
async def test_what_fails_of_what_was_kept_back_undoes_all(sqlite_url: str, reads: bool) -> None:
    database = Database(sqlite_url)
    count = text("SELECT count(*) FROM things")

    async def fail() -> None:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO things VALUES (1)"))
            await tx.execute(text("INSERT INTO things VALUES (1)"))
            await tx.execute(text("INSERT INTO things VALUES (2)"))
            if reads:
                await tx.execute(count)

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))
        with pytest.raises(IntegrityError) as failure:
            await fail()
        assert failure.value.orig is not None
        assert failure.value.orig.__notes__ == ["in: INSERT INTO things VALUES (1)"]
        # The connection is free for the next one, and nothing is left of what failed.
        async with database.write() as tx:
            assert (await tx.execute(count)).scalar_one() == 0
            await tx.execute(text("INSERT INTO things VALUES (3)"))
        async with database.read() as tx:
            assert (await tx.execute(count)).scalar_one() == 1
    finally:
        await database.close()


async def test_what_was_kept_back_goes_with_a_transaction_that_is_undone(sqlite_url: str) -> None:
    database = Database(sqlite_url)

    async def give_up() -> None:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO things VALUES (1)"))
            raise LookupError

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
        with pytest.raises(LookupError):
            await give_up()
        async with database.write() as tx:
            assert (await tx.execute(text("SELECT count(*) FROM things"))).scalar_one() == 0
    finally:
        await database.close()


async def test_who_counts_is_told_how_many_rows_each_statement_has_changed(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    try:
        async with database.count() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
            await tx.execute(text("INSERT INTO things VALUES (1), (2)"))
            assert (await tx.execute(text("UPDATE things SET id = 3"))).rowcount == 2
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
