"""Prepared statements give what SQLAlchemy would have given, in every respect but the time."""

import asyncio
import importlib
import logging
import pkgutil
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import (
    Integer,
    Text,
    bindparam,
    column,
    delete,
    event,
    func,
    insert,
    select,
    table,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError
from sqlalchemy.types import Boolean, NullType, TypeEngine

import storage
from coach.models import Deal, DealStatus
from storage import mirror, one_trip, people
from storage.among import among, texts
from storage.columns import UtcDateTime
from storage.database import Database, Tx, add, is_passing, past_sqlalchemy
from storage.prepared import Prepared
from storage.tables import deals, stage_visits
from storage.tables import people as people_table
from tests.storage.conftest import Store
from tests.world import BEGINNING, WORKSPACE, running_parts

#: How SQLAlchemy numbers what bears no name of its own; here that is read by its place.
ANONYMOUS = re.compile(r"_\d+$")

DEAL = Deal(
    "native",
    "D-1",
    "Acme — 50 % more",
    status=DealStatus.OPEN,
    stage="Offer",
    value=Decimal("12.50"),
    currency="EUR",
    created_at=BEGINNING,
    told={"stage": BEGINNING},
)


async def same(database: Database, statement: Prepared, **asked: object) -> Sequence[Any]:
    """The rows of a statement, which are those that SQLAlchemy gives."""
    async with database.read() as tx:
        assert (past_sqlalchemy(tx) is not None) is database.is_sqlite
        rows = await statement.rows(tx, asked)
        theirs = (await tx.execute(statement.statement, asked)).all()
    assert rows
    assert [tuple(row) for row in rows] == [tuple(row) for row in theirs]
    for row, its in zip(rows, theirs, strict=True):
        assert row._fields == its._fields
        assert [type(each) for each in row] == [type(each) for each in its]
    return rows


async def test_rows_are_those_of_sqlalchemy_value_by_value(store: Store) -> None:
    async with store.database.write() as tx:
        await mirror.save(tx, WORKSPACE, [DEAL])
    everybody = await same(store.database, Prepared(select(people_table)))
    assert {row.id for row in everybody} == {store.ana.id, store.ben.id}
    (deal,) = await same(
        store.database,
        Prepared(
            select(deals, deals.c.closed_at.is_(None).label("is_open")).where(
                deals.c.workspace_id == bindparam("workspace"),
                among(deals.c.id, texts("ids")),
                deals.c.created_at <= bindparam("now"),
                deals.c.created_at > BEGINNING - timedelta(days=1),
                deals.c.created_at.in_([BEGINNING, BEGINNING - timedelta(days=1)]),
                deals.c.status.in_([DealStatus.OPEN.value, DealStatus.WON.value]),
            )
        ),
        workspace=WORKSPACE,
        ids=["D-1", "D-2"],
        now=BEGINNING,
    )
    assert (deal.value, deal.created_at, deal.is_open) == (Decimal("12.50"), BEGINNING, True)
    of_two = Prepared(
        select(people_table.c.id, deals.c.id.label("deal"), func.count().label("so_many"))
        .select_from(people_table.join(deals, deals.c.workspace_id == people_table.c.workspace_id))
        .group_by(people_table.c.id, deals.c.id)
        .order_by(people_table.c.id)
        .limit(bindparam("most"))
    )
    assert len(await same(store.database, of_two, most=1)) == 1


async def test_the_first_row_and_the_first_column_can_be_asked_for(store: Store) -> None:
    ids = Prepared(
        select(people_table.c.id, people_table.c.email)
        .where(among(people_table.c.id, texts("ids")))
        .order_by(people_table.c.email)
    )
    both = [store.ana.id, store.ben.id]
    async with store.database.read() as tx:
        assert await ids.column(tx, {"ids": both}) == both
        first = await ids.first(tx, {"ids": both})
        assert first is not None
        assert first.email == store.ana.email
        assert await ids.first(tx, {"ids": []}) is None
        assert await ids.column(tx, {"ids": []}) == []


async def test_what_is_written_is_read_by_the_next_statement(store: Store) -> None:
    ana, ben = store.ana.id, store.ben.id
    renamed = Prepared(
        update(people_table)
        .where(people_table.c.id == bindparam("_id"))
        .values(name=bindparam("_name"), decide_at=bindparam("_at", type_=UtcDateTime))
    )
    names = Prepared(select(people_table.c.name, people_table.c.decide_at).order_by("name"))
    gone = Prepared(
        delete(people_table)
        .where(people_table.c.name == bindparam("_name"))
        .returning(people_table.c.id)
    )
    async with store.database.write() as tx:
        await renamed.do(tx, {"_id": ana, "_name": "A", "_at": None})
        await renamed.do_each(
            tx,
            [
                {"_id": ana, "_name": "AA", "_at": BEGINNING},
                {"_id": ben, "_name": "B", "_at": None},
            ],
        )
        await renamed.do_each(tx, [])
        assert [tuple(row) for row in await names.rows(tx)] == [("AA", BEGINNING), ("B", None)]
        assert await gone.column(tx, {"_name": "B"}) == [ben]
    async with store.database.read() as tx:
        assert await names.column(tx) == ["AA"]


async def test_a_value_that_is_missing_is_told(store: Store) -> None:
    named = Prepared(select(people_table).where(people_table.c.id == bindparam("id")))
    async with store.database.read() as tx:
        with pytest.raises((KeyError, StatementError), match="id"):
            await named.rows(tx, {"other": "x"})


async def test_what_the_database_refuses_is_told_as_sqlalchemy_tells_it(store: Store) -> None:
    there = {
        "workspace_id": WORKSPACE,
        "connection_id": "native",
        "deal_id": "D-1",
        "stage": "S",
        "entered_at": BEGINNING,
        "left_at": None,
    }

    async def write(rows: list[dict[str, Any]]) -> None:
        async with store.database.write() as tx:
            await add(tx, stage_visits, rows)

    async def write_often() -> None:
        async with store.database.write() as tx:
            for _ in range(one_trip.MOST):
                await add(tx, stage_visits, [there])
            raise LookupError

    await write([there])
    with pytest.raises(IntegrityError) as refused:
        await write([there])
    assert not is_passing(refused.value)
    # Also where so much was kept back that it is made at once.
    with pytest.raises(IntegrityError):
        await write_often()


async def test_what_was_kept_back_is_named_where_it_fails_and_not_what_came_next(
    sqlite_url: str,
) -> None:
    things, others = table("things", column("id", Integer())), table("others")
    new, gone = Prepared(insert(things).values(id=bindparam("id"))), Prepared(delete(others))
    count = Prepared(select(func.count()).select_from(others))
    database = Database(sqlite_url)

    async def fail(tx: Tx, so_often: int) -> None:
        await new.do_each(tx, [{"id": 1}, {"id": 1}])
        for _ in range(so_often):
            await gone.do(tx, {})
        await count.rows(tx)

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER PRIMARY KEY)"))
            await tx.execute(text("CREATE TABLE others (id INTEGER)"))
        for so_often in (0, 1, one_trip.MOST):
            with pytest.raises(IntegrityError, match="INSERT INTO things") as refused:
                async with database.write() as tx:
                    await fail(tx, so_often)
            assert "others" not in str(refused.value)
    finally:
        await database.close()


async def test_what_gives_nothing_back_goes_with_what_comes_next(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    moved = Prepared(update(people_table).values(name=bindparam("_name")))
    count = Prepared(select(func.count()).select_from(people_table))
    async with running_parts(sqlite_url) as parts, parts.database.write() as tx:
        with caplog.at_level(logging.DEBUG, "aiosqlite"):
            await moved.do(tx, {"_name": "A"})
            await mirror.save(tx, WORKSPACE, [DEAL])
            await moved.do_each(tx, [{"_name": "B"}, {"_name": "C"}])
            assert await count.column(tx) == [0]
        assert sum(each.msg == "executing %s" for each in caplog.records) == 1


async def test_a_lock_that_is_not_to_be_had_passes(sqlite_url: str) -> None:
    database, other = Database(sqlite_url), Database(sqlite_url)
    one = Prepared(select(func.count()).select_from(table("things")))
    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
        async with database.read() as tx:
            await tx.execute(text("PRAGMA busy_timeout = 1"))
        async with other.write() as held:
            await one.rows(held)
            async with database.write() as tx:
                with pytest.raises(OperationalError, match="locked") as refused:
                    await one.rows(tx)
        assert is_passing(refused.value)
        async with database.write() as tx:
            assert await one.column(tx) == [0]
    finally:
        await database.close()
        await other.close()


async def test_a_row_that_cannot_be_read_leaves_nothing_open(sqlite_url: str) -> None:
    database, other = Database(sqlite_url), Database(sqlite_url)
    things = table("things", column("name", Text()))
    names = Prepared(select(things.c.name))
    count = Prepared(select(func.count()).select_from(things))
    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (name TEXT)"))
            await tx.execute(text("INSERT INTO things VALUES ('a'), (CAST(x'ff' AS TEXT)), ('c')"))
        # As long as somebody keeps the error, too.
        with pytest.raises(OperationalError, match="decode") as kept:
            async with database.read() as tx:
                await names.rows(tx)
        async with other.write() as tx:
            await tx.execute(text("INSERT INTO things VALUES ('d')"))
        async with database.write() as tx:
            assert await count.column(tx) == [4]
        assert not is_passing(kept.value)
    finally:
        await database.close()
        await other.close()


async def test_one_that_is_cut_off_leaves_nothing_and_the_database_goes_on(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    counted = text(
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 3000000)"
        " SELECT count(*) AS count FROM c"
    ).columns(count=Integer())
    long = Prepared(select(counted.subquery()))
    count = Prepared(select(func.count()).select_from(table("things")))

    async def be_long() -> None:
        async with database.write() as tx:
            await tx.execute(text("INSERT INTO things VALUES (1)"))
            await long.rows(tx)

    try:
        async with database.write() as tx:
            await tx.execute(text("CREATE TABLE things (id INTEGER)"))
        task = asyncio.create_task(be_long())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with database.write() as tx:
            assert await count.column(tx) == [0]
    finally:
        await database.close()


async def test_who_listens_to_sqlalchemy_hears_of_them(store: Store) -> None:
    heard: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        heard.append(statement)

    engine = store.database.engine.sync_engine
    asleep = Prepared(update(people_table).values(decide_at=bindparam("_at", type_=UtcDateTime)))
    event.listen(engine, "before_cursor_execute", note)
    try:
        async with store.database.write() as tx:
            found = await people.load(tx, WORKSPACE, [store.ana.id])
            await asleep.do(tx, {"_at": None})
            await mirror.save(tx, WORKSPACE, [DEAL])
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert list(found) == [store.ana.id]
    made = [each.split()[0] for each in heard if each.split()[0] in {"SELECT", "UPDATE", "INSERT"}]
    assert made == ["SELECT", "UPDATE", "INSERT"]


def prepared() -> Iterator[tuple[str, Prepared]]:
    """Every statement that is made once, by its name."""
    for found in pkgutil.walk_packages(storage.__path__, "storage."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            for each in value.values() if isinstance(value, dict) else [value]:
                if isinstance(each, Prepared):
                    yield f"{found.name}.{name}", each


def filled(type_: TypeEngine[Any]) -> object:
    """Some value of a type."""
    if isinstance(type_, UtcDateTime):
        return datetime.fromisoformat("2026-01-02T03:04:05+00:00")
    if isinstance(type_, Boolean):
        return True
    if isinstance(type_, Integer | NullType):
        return 1
    return "" if isinstance(type_, Text) else [""] if type_ is texts("any").type else None


async def test_each_that_the_store_keeps_names_its_columns_as_sqlalchemy_does(
    sqlite_url: str,
) -> None:
    several = dict(prepared())
    assert len(several) > 40
    async with running_parts(sqlite_url) as parts, parts.database.read() as tx:
        for name, each in several.items():
            if not each.statement.is_select:
                continue
            binds = each.statement.compile(dialect=tx.dialect).binds
            asked = {key: filled(bound.type) for key, bound in binds.items() if bound.required}
            rows = await tx.execute(each.statement, asked)
            assert await each.rows(tx, asked) == rows.all(), name
            named = each._prepare(tx.dialect).row.__self__._fields  # type: ignore[attr-defined]
            for ours, theirs in zip(named, list(rows.keys()), strict=True):
                alike = ANONYMOUS.sub("", ours) == ANONYMOUS.sub("", theirs)
                assert alike or ours.startswith("_"), name
