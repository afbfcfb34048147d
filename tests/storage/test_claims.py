"""What is to be sent or looked up is shared by processes: each has its own, and nobody waits."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from coach.models import TaskPriority
from coach.phrases import say
from coach.writes import CompleteTask, CreateTask
from storage import connections, crm_writes, fetches
from storage.crm_writes import StoredWrite
from storage.database import Database, Tx
from storage.fetches import StoredFetch
from storage.tables import crm_writes as writes_table
from storage.tables import fetches as fetches_table
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WORKSPACE, FixedClock, running_parts

LEASE = timedelta(seconds=30)

Claim = Callable[[Tx, Database], Awaitable[Sequence[object]]]


def write(number: int) -> StoredWrite:
    made = CreateTask(CONNECTION, f"T-{number}", "x", None, TaskPriority.HIGH)
    return StoredWrite(WORKSPACE, f"k{number}", "f", say("Done"), made)


def fetch(number: int) -> StoredFetch:
    return StoredFetch(WORKSPACE, CONNECTION, "thing", "deal", str(number))


async def fill(database: Database, count: int) -> None:
    async with database.write() as tx:
        for number in range(count):
            await crm_writes.add(tx, write(number), BEGINNING)
        await fetches.add(tx, [fetch(number) for number in range(count)], BEGINNING)


async def claim_writes(tx: Tx, database: Database) -> Sequence[StoredWrite]:
    return await crm_writes.claim(tx, database, BEGINNING, lease=LEASE, most=4)


async def claim_fetches(tx: Tx, database: Database) -> Sequence[StoredFetch]:
    return await fetches.claim(tx, database, BEGINNING, lease=LEASE, most=4)


@pytest.fixture
async def two(postgresql_url: str) -> AsyncIterator[tuple[Database, Database]]:
    """Two processes' ways to one PostgreSQL that has ten of each to do."""
    async with running_parts(postgresql_url) as parts:
        other = Database(postgresql_url)
        await fill(parts.database, 10)
        yield parts.database, other
        await other.close()


@pytest.mark.parametrize("claim", [claim_writes, claim_fetches])
async def test_while_one_claims_another_gets_the_next_ones_and_does_not_wait(
    two: tuple[Database, Database], claim: Claim
) -> None:
    first, second = two
    async with asyncio.timeout(10), first.write() as held:
        mine = await claim(held, first)
        # The first has not committed: its rows are locked, and passed over.
        async with second.write() as tx:
            await tx.execute(text("SET LOCAL lock_timeout = '1s'"))
            theirs = await claim(tx, second)
            last = await claim(tx, second)
    assert [len(each) for each in (mine, theirs, last)] == [4, 4, 2]
    assert not set(map(str, mine)) & {*map(str, theirs), *map(str, last)}


async def test_a_lease_runs_by_the_databases_clock_whatever_a_process_thinks(
    two: tuple[Database, Database],
) -> None:
    first, second = two
    async with first.write() as tx:
        assert len(await claim_writes(tx, first)) == 4
    a_day_ahead = FixedClock(BEGINNING + timedelta(days=1)).now()
    async with second.write() as tx:
        claimed = await crm_writes.claim(tx, second, a_day_ahead, lease=LEASE, most=100)
    # The four that are on their way stay with whoever has them.
    assert len(claimed) == 6


async def test_who_comes_back_after_the_lease_ran_out_changes_nothing(store: Store) -> None:
    database = store.database
    await fill(database, 1)
    long_ago = BEGINNING - timedelta(days=365)
    async with database.write() as tx:
        (late,) = await claim_writes(tx, database)
        (slow,) = await claim_fetches(tx, database)
        for table in (writes_table, fetches_table):
            await tx.execute(update(table).values(leased_until=long_ago))
        (now,) = await claim_writes(tx, database)
        (quick,) = await claim_fetches(tx, database)
    async with database.write() as tx:
        for outcome in (
            crm_writes.finish(tx, late, BEGINNING),
            crm_writes.retry(tx, late, BEGINNING, "x"),
            crm_writes.put_back(tx, late, BEGINNING),
            crm_writes.fail(tx, late, "x"),
        ):
            assert not await outcome
        assert not await fetches.hold(tx, slow)
        await fetches.fail(tx, slow, "x")
        await fetches.finish(tx, slow, BEGINNING)
        assert await fetches.counts(tx, WORKSPACE) == {"waiting": 1}
        assert await crm_writes.counts(tx, WORKSPACE) == {"queued": 1}
        assert await fetches.hold(tx, quick)
        assert await crm_writes.finish(tx, now, BEGINNING)
        # Once recorded, the same answer is not recorded again.
        assert not await crm_writes.fail(tx, now, "x")


async def test_of_one_thing_the_first_change_alone_is_handed_out(store: Store) -> None:
    database = store.database
    later = StoredWrite(WORKSPACE, "later", "f", say("Done"), CompleteTask(CONNECTION, "T-0"))
    async with database.write() as tx:
        # The key would put it first; the order in which changes were made counts.
        await crm_writes.add(tx, write(0), BEGINNING)
        await crm_writes.add(tx, later, BEGINNING)
        await crm_writes.add(tx, write(1), BEGINNING)
        first = await claim_writes(tx, database)
        assert {each.key for each in first} == {"k0", "k1"}
        assert await claim_writes(tx, database) == []
        for each in first:
            await crm_writes.finish(tx, each, BEGINNING)
        assert [each.key for each in await claim_writes(tx, database)] == ["later"]


async def test_what_rests_is_not_claimed_and_no_pause_is_shortened(store: Store) -> None:
    database = store.database
    await fill(database, 1)
    minute = timedelta(minutes=1)
    async with database.write() as tx:
        for until in (BEGINNING + 2 * minute, BEGINNING + minute):
            await connections.pause(tx, WORKSPACE, CONNECTION, until, "HTTP 429")
        for now in (BEGINNING, BEGINNING + minute):
            assert not await crm_writes.any_due(tx, now)
            assert not await fetches.any_due(tx, now)
            assert await crm_writes.claim(tx, database, now, lease=LEASE, most=9) == []
            assert await fetches.claim(tx, database, now, lease=LEASE, most=9) == []
        assert await crm_writes.any_due(tx, BEGINNING + 2 * minute)
        assert await fetches.any_due(tx, BEGINNING + 2 * minute)


async def test_what_is_wanted_several_times_is_kept_once_with_all_hints(store: Store) -> None:
    database = store.database
    wanted = [
        StoredFetch(WORKSPACE, CONNECTION, "thing", "deal", "1", hints=(hint,))
        for hint in ("created", "changed", "changed", "")
    ]
    async with database.write() as tx:
        await fetches.add(tx, wanted[:2], BEGINNING)
        await fetches.add(tx, wanted[2:], BEGINNING + timedelta(hours=1))
        (found,) = await claim_fetches(tx, database)
    assert found.hints == ("created", "changed")
    assert found.wishes == 2
