"""Transactions: short, alone when they write, and together with those of other processes."""

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from storage import workspaces
from storage.database import Database, chunks, is_passing, put
from storage.tables import activities, event_keys
from storage.tables import workspaces as workspaces_table
from tests.storage.conftest import Store
from tests.world import BEGINNING, WORKSPACE


async def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    async def fail() -> None:
        async with store.database.write() as tx:
            await workspaces.ensure(tx, "half", BEGINNING)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.database.read() as tx:
        assert await workspaces.get(tx, "half") is None


async def test_a_reading_transaction_sees_one_moment(store: Store) -> None:
    async with store.database.read() as tx:
        before = len(await workspaces.every(tx))
        async with store.database.write() as other:
            await workspaces.ensure(other, "later", BEGINNING)
        assert len(await workspaces.every(tx)) == before
    async with store.database.read() as tx:
        assert len(await workspaces.every(tx)) == before + 1


async def test_many_writers_at_once_in_one_process_lose_nothing(store: Store) -> None:
    async def add(number: int) -> None:
        async with store.database.write() as tx:
            await workspaces.ensure(tx, f"w{number}", BEGINNING)

    await asyncio.gather(*(add(number) for number in range(60)))
    async with store.database.read() as tx:
        assert len(await workspaces.every(tx)) == 61


async def test_who_holds_a_workspace_is_alone_and_the_next_waits(store: Store) -> None:
    other, order = Database(store.url), list[str]()

    async def hold(database: Database, name: str, ready: asyncio.Event) -> None:
        async with database.write() as tx:
            await workspaces.lock(tx, database, WORKSPACE)
            await workspaces.every(tx)
            order.append(f"{name} in")
            ready.set()
            await asyncio.sleep(0.1)
            order.append(f"{name} out")

    try:
        ready = asyncio.Event()
        first = asyncio.create_task(hold(store.database, "first", ready))
        await ready.wait()
        await hold(other, "second", asyncio.Event())
        await first
    finally:
        await other.close()
    assert order == ["first in", "first out", "second in", "second out"]


async def test_replacing_rows_keeps_their_keys(store: Store) -> None:
    key = {"workspace_id": WORKSPACE, "connection_id": "native"}
    rows = [{**key, "dedupe_key": f"k{n}", "delivery_id": "old"} for n in range(5)]
    async with store.database.write() as tx:
        await put(tx, event_keys, rows)
        await put(tx, event_keys, [{**row, "delivery_id": "new"} for row in rows[:2]])
        rows_now = await tx.execute(select(event_keys.c.dedupe_key, event_keys.c.delivery_id))
        found = {row.dedupe_key: row.delivery_id for row in rows_now}
    assert [found[f"k{n}"] for n in range(5)] == ["new", "new", "old", "old", "old"]


def test_pieces_hold_everything_once() -> None:
    assert chunks(list(range(7)), 3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert chunks([], 3) == []


async def test_the_databases_own_trouble_is_told_from_a_statements(store: Store) -> None:
    bad = (
        "INSERT INTO workspaces (id) VALUES ('x')",
        "SELECT * FROM no_such_table",
        "no sql",
        # In words it looks like trouble; the code says that the statement is wrong.
        "SELECT busy, locked FROM the_disk",
    )
    for statement in bad:
        with pytest.raises(Exception) as caught:  # noqa: PT011 - any kind, that is the point
            async with store.database.write() as tx:
                await tx.execute(text(statement))
        assert not is_passing(caught.value), statement
    assert not is_passing(KeyError("x"))
    assert is_passing(TimeoutError())
    unreachable = Database("postgresql+psycopg://127.0.0.1:1/none")
    with pytest.raises(Exception) as caught:  # noqa: PT011
        async with unreachable.read():
            pass
    assert is_passing(caught.value)
    await unreachable.close()


async def lock_without_patience(database: Database) -> None:
    async with database.engine.connect() as tx:
        if database.is_sqlite:
            await tx.exec_driver_sql("PRAGMA busy_timeout = 1")
            await tx.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            await tx.execute(text("SET LOCAL lock_timeout = '1ms'"))
            await workspaces.lock(tx, database, WORKSPACE)


async def test_a_lock_that_is_not_had_in_time_is_the_databases_own_trouble(store: Store) -> None:
    other = Database(store.url)
    try:
        async with store.database.write() as tx:
            await workspaces.lock(tx, store.database, WORKSPACE)
            await workspaces.every(tx)
            with pytest.raises(OperationalError) as caught:
                await lock_without_patience(other)
    finally:
        await other.close()
    assert is_passing(caught.value)


# SQLite


async def write_where_nothing_may_be_written(database: Database) -> None:
    async with database.read() as tx:
        await tx.execute(text("PRAGMA query_only = on"))
        await workspaces.ensure(tx, "w", BEGINNING)


async def look(database: Database) -> None:
    async with database.read() as tx:
        await workspaces.every(tx)


async def test_a_file_that_cannot_be_written_to_or_opened_is_trouble_that_may_pass(
    sqlite_url: str, tmp_path: Path
) -> None:
    reading, folder = Database(sqlite_url), Database(f"sqlite+aiosqlite:///{tmp_path}")
    try:
        with pytest.raises(OperationalError) as caught:
            await write_where_nothing_may_be_written(reading)
        assert is_passing(caught.value)
        with pytest.raises(OperationalError) as caught:
            await look(folder)
        assert is_passing(caught.value)
    finally:
        await reading.close()
        await folder.close()


WRITER = """
    import asyncio, sys
    from datetime import UTC, datetime
    from storage import workspaces
    from storage.database import Database

    async def write(url, name, count):
        database = Database(url)
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(count):
            async with database.write() as tx:
                await workspaces.ensure(tx, f"{name}-{number}", datetime.now(UTC))
            async with database.read() as tx:
                await workspaces.every(tx)
        await database.close()

    asyncio.run(write(sys.argv[1], sys.argv[2], 100))
"""


def test_two_processes_write_to_one_sqlite_file_without_failing_each_other(
    sqlite_url: str,
) -> None:
    root = Path(__file__).parents[2]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), sqlite_url, name],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("a", "b")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert (writer.returncode, errors) == (0, "")

    async def count() -> int:
        database = Database(sqlite_url)
        try:
            async with database.read() as tx:
                query = select(func.count()).select_from(workspaces_table)
                return int((await tx.execute(query)).scalar_one())
        finally:
            await database.close()

    assert asyncio.run(count()) == 200


async def test_sqlite_is_opened_so_that_what_was_acknowledged_survives(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    try:
        for connect in (database.read, database.write):
            async with connect() as tx:
                for pragma, value in wanted.items():
                    assert (await tx.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value
                busy = (await tx.execute(text("PRAGMA busy_timeout"))).scalar_one()
                assert busy >= 5000
    finally:
        await database.close()


async def test_a_read_does_not_wait_for_a_writer(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    try:
        async with database.write() as tx:
            await workspaces.ensure(tx, "w", BEGINNING)
            async with asyncio.timeout(20), database.read() as other:
                assert await workspaces.every(other) == []
                query = select(func.count()).select_from(activities)
                assert (await other.execute(query)).scalar_one() == 0
    finally:
        await database.close()


async def test_of_many_connections_to_sqlite_the_last_one_used_is_used_again(
    sqlite_url: str,
) -> None:
    """Each holds pages of its own in memory: those of the others would be read once more."""
    database = Database(sqlite_url)

    async def used(apart: asyncio.Barrier) -> object:
        async with database.read() as tx:
            await apart.wait()
            return (await tx.get_raw_connection()).driver_connection

    try:
        at_once = await asyncio.gather(*map(used, [asyncio.Barrier(4)] * 4))
        assert len(set(at_once)) == 4
        assert len({await used(asyncio.Barrier(1)) for _ in range(8)}) == 1
    finally:
        await database.close()
