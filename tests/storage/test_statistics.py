"""A PostgreSQL that was just filled is planned for as what it is, and not as an empty one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from bot.runtime.parts import Parts
from coach.models import Deal, Draft, InsightType, Priority, Suggestion
from coach.phrases import say
from storage import attention, insights, messages, mirror, statistics
from storage.database import Database
from storage.insights import NewInsight
from storage.messages import Message
from tests.world import ANA, BEGINNING, WORKSPACE, enrol, running_parts

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


async def test_tables_are_looked_at_whatever_their_schema_is_called(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    try:
        async with database.write() as tx:
            await tx.execute(text("ALTER TABLE deals SET (autovacuum_enabled = false)"))
            await tx.execute(text('ALTER SCHEMA public RENAME TO "Coach"'))
            await tx.execute(
                text(f'ALTER DATABASE {database.url.database} SET search_path = "Coach"')
            )
    finally:
        await database.close()
    async with running_parts(postgresql_url) as parts:
        await fill(parts.database, MANY)
        await statistics.keep_up(parts.database)
        assert await looked(parts.database) == 1


#: As many again of what there is one of, with other keys.
COPIES = """
    INSERT INTO {table} SELECT (jsonb_populate_record(it, {keys})).*
    FROM {table} AS it, generate_series(1, 500) AS n
"""


async def test_messages_are_read_by_their_keys_also_where_nothing_is_known(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    draft = Draft(
        person_id=ana.id,
        subject="deal:native:D-1",
        occasion="1",
        priority=Priority.HIGH,
        message=say("Call."),
        reason=say("You won."),
        suggestion=Suggestion("none"),
        expires_at=BEGINNING,
    )
    new = NewInsight("rule", InsightType.ACTION, draft)
    async with parts.database.write() as tx:
        for name in ("insights", "message_insights", "messages"):
            await tx.execute(text(f"ALTER TABLE {name} SET (autovacuum_enabled = false)"))
        ((print_, _),) = await insights.add(tx, WORKSPACE, [new], BEGINNING)
        card = Message(WORKSPACE, "card", "card", ANA, person_id=ana.id)
        await messages.make(tx, [(card, [print_])], BEGINNING)
        for table, keys in {
            "people": "jsonb_build_object('id', 'P-' || n, 'slack_user_id', 'U-' || n, 'email', n)",
            "insights": "jsonb_build_object('fingerprint', n, 'person_id', 'P-' || n)",
            "messages": "jsonb_build_object('id', n, 'person_id', 'P-' || n)",
            "message_insights": "jsonb_build_object('fingerprint', n, 'message_id', n)",
        }.items():
            await tx.execute(text(COPIES.format(table=table, keys=keys)))
    async with parts.database.read() as tx:
        found = await attention.open_of(tx, WORKSPACE, ["P-7"])
        assert [each.message_id for each in found["P-7"].values()] == ["7"]
        made = attention._OPEN.statement.compile(dialect=tx.dialect)
        asked = made.construct_params({"workspace": WORKSPACE, "people": ["P-7"]})
        explained = await tx.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {made}", asked)
        (plan,) = explained.scalar_one()
    have_read = dict(read(plan["Plan"]))
    assert (have_read["messages"], have_read["message_insights"]) == (1, 1)


def read(plan: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """How many rows each part of a plan has read of a table in all."""
    if name := plan.get("Relation Name"):
        left_out = plan.get("Rows Removed by Filter", 0)
        yield name, (plan["Actual Rows"] + left_out) * plan["Actual Loops"]
    for each in plan.get("Plans", ()):
        yield from read(each)


async def test_sqlite_is_left_alone(sqlite_url: str) -> None:
    async with running_parts(sqlite_url) as made:
        await statistics.keep_up(made.database)
