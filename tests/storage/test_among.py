"""A condition over many texts is one statement with one parameter, on both databases."""

from types import ModuleType

import pytest
from sqlalchemy import Column, MetaData, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.among import among
from storage.tables import workspaces
from tests.storage.conftest import Store
from tests.world import BEGINNING

AWKWARD = ["it's", '"quoted"', "a,b", "{x}", "[1]", "ünïcödé 🙂", "\\", "", " ", "null", "%"]


def row(id: str) -> dict[str, object]:
    return {"id": id, "created_at": BEGINNING}


async def test_what_is_asked_for_is_found_and_nothing_else(store: Store) -> None:
    async with store.database.write() as tx:
        await tx.execute(workspaces.insert(), [row(id) for id in [*AWKWARD, "other"]])
    async with store.database.read() as tx:
        query = select(workspaces.c.id).where(among(workspaces.c.id, [*AWKWARD, "missing"]))
        assert set((await tx.execute(query)).scalars()) == set(AWKWARD)


async def test_of_nothing_nothing_is_found(store: Store) -> None:
    async with store.database.write() as tx:
        await tx.execute(workspaces.insert(), [row("w")])
        query = select(workspaces.c.id).where(among(workspaces.c.id, []))
        assert (await tx.execute(query)).first() is None


async def test_there_may_be_more_of_them_than_a_statement_may_have_parameters(
    store: Store,
) -> None:
    async with store.database.write() as tx:
        await tx.execute(workspaces.insert(), [row("w70000")])
        query = select(workspaces.c.id).where(
            among(workspaces.c.id, (f"w{n}" for n in range(80000)))
        )
        assert list((await tx.execute(query)).scalars()) == ["w70000"]


@pytest.mark.parametrize("engine", [sqlite, postgresql])
def test_however_many_there_are_the_statement_is_the_same(engine: ModuleType) -> None:
    table = Table("t", MetaData(), Column("a", String), Column("b", String))
    few = select(table).where(among(table.c.a, ["x"]), among(table.c.b, ["y"]))
    many = select(table).where(among(table.c.a, map(str, range(9))), among(table.c.b, ["z", "w"]))
    other = select(table).where(among(table.c.b, ["x"]), among(table.c.a, ["y"]))
    sql = [str(each.compile(dialect=engine.dialect())) for each in (few, many, other)]
    assert sql[0] == sql[1] != sql[2]
    # Compared with something, a condition finds by no index.
    assert "= 1" not in sql[0]
    keys = [each._generate_cache_key() for each in (few, many, other)]
    assert keys[0] == keys[1] != keys[2]
