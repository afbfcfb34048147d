"""Several processes may bring the schema up at the same time."""

import asyncio

from storage import schema
from storage.database import Database


async def test_who_comes_later_finds_nothing_left_to_do(empty_database_url: str) -> None:
    databases = [Database(empty_database_url) for _ in range(3)]
    await asyncio.gather(*(schema.upgrade(each) for each in databases))
    has, needs = await schema.versions(databases[0])
    assert has == needs
    for each in databases:
        await each.close()
