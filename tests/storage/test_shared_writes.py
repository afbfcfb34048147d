"""Writes that share a transaction are each made, and one that fails harms no other."""

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import event, func, select

from storage.database import Database, Tx
from storage.shared_writes import SharedWrites
from storage.tables import workspaces
from storage.workspaces import ensure
from tests.world import BEGINNING


async def test_many_at_once_share_commits_and_one_that_fails_fails_alone(
    database_url: str,
) -> None:
    database = Database(database_url)
    commits = 0

    def note(_: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(database.engine.sync_engine, "commit", note)
    calls: list[int] = []

    async def write(tx: Tx, names: Sequence[str]) -> None:
        calls.append(len(names))
        for name in names:
            await ensure(tx, name, BEGINNING)
        if "spoilt" in names:
            raise ValueError("this one")

    shared = SharedWrites(database, write)

    def one(number: int) -> asyncio.Task[None]:
        return asyncio.ensure_future(shared.make(f"w{number}"))

    good = [one(number) for number in range(30)]
    await asyncio.gather(*good)
    assert commits == len(calls) < 10
    bad = asyncio.ensure_future(shared.make("spoilt"))
    good = [one(number) for number in range(30, 40)]
    with pytest.raises(ValueError, match="this one"):
        await bad
    await asyncio.gather(*good)
    async with database.read() as tx:
        names = set((await tx.execute(select(workspaces.c.id))).scalars())
        count = (await tx.execute(select(func.count()).select_from(workspaces))).scalar_one()
    await database.close()
    assert names == {f"w{number}" for number in range(40)}
    assert count == 40


async def test_trouble_with_the_database_is_told_to_all_and_not_tried_one_by_one(
    database_url: str,
) -> None:
    database = Database(database_url)
    calls = 0

    async def write(_: Tx, names: Sequence[str]) -> None:
        nonlocal calls
        calls += 1
        raise TimeoutError("the database does not answer")

    shared = SharedWrites(database, write)
    asked = [asyncio.ensure_future(shared.make(f"w{number}")) for number in range(8)]
    told = await asyncio.gather(*asked, return_exceptions=True)
    await database.close()
    assert [type(each) for each in told] == [TimeoutError] * 8
    assert calls == 1
