"""Stored deliveries are worked off in batches, by several workers, and none stops another."""

import asyncio
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, text

from bot.crm import worker
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider, Reading, load_providers
from bot.runtime.parts import Parts
from coach.models import SubjectKind
from storage import deliveries
from storage.tables import activities as activities_table
from storage.tables import deliveries as deliveries_table
from tests.world import (
    ANA,
    WORKSPACE,
    FixedClock,
    World,
    batch,
    connect,
    crm_of,
    deliver,
    enrol,
    insights_of,
    make_test_parts,
    mirrored,
    native,
    running_parts,
    store,
    told,
    won,
)


async def states(parts: Parts) -> dict[str, tuple[str, str | None]]:
    columns = (deliveries_table.c.id, deliveries_table.c.state, deliveries_table.c.error)
    async with parts.database.read() as tx:
        return {row[0]: (row[1], row[2]) for row in await tx.execute(select(*columns))}


async def recorded(parts: Parts) -> int:
    async with parts.database.read() as tx:
        query = select(func.count()).select_from(activities_table)
        return int((await tx.execute(query)).scalar_one())


def failing_on(parts: Parts, mark: bytes) -> CrmParts:
    """The same parts with a provider whose reader has a bug that bodies with `mark` meet."""
    native = load_providers()["native"]

    def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
        if mark in body:
            raise ZeroDivisionError("a bug")
        return native.parse(body, message_id, received_at)

    providers: dict[str, Provider] = {"native": replace(native, parse=parse)}
    return crm_of(parts, providers=providers)


async def test_deliveries_are_worked_off_and_the_sender_is_told_of_insights(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    done = await deliver(parts, won("D-1"), told("deal_created", deal={"id": "D-2"}))
    assert done == worker.Done(deliveries=2, activities=2, insights=1, failed=0)
    assert set((await states(parts)).values()) == {("done", None)}
    assert parts.wake.sender.is_set()
    assert len(await insights_of(parts, ana)) == 1
    assert await worker.work_off(crm_of(parts)) == worker.Done()


async def test_one_that_makes_the_worker_fail_stops_no_other_and_is_kept_with_its_error(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await store(parts, won("D-1"))
    poison = await store(parts, won("D-poison"))
    await store(parts, won("D-2"))
    done = await worker.work_off(failing_on(parts, b"D-poison"))
    assert (done.deliveries, done.activities, done.failed) == (3, 2, 1)
    found = await states(parts)
    assert found.pop(poison) == ("failed", "ZeroDivisionError: a bug")
    assert set(found.values()) == {("done", None)}
    assert len(await insights_of(parts, ana)) == 2
    async with parts.database.read() as tx:
        (failed,) = await deliveries.failed(tx, WORKSPACE)
    assert failed.id == poison


async def test_after_a_fix_what_failed_is_run_again_and_counts_once(parts: Parts) -> None:
    await enrol(parts, ANA)
    poison = await store(parts, batch(won("D-1", id="a"), won("D-poison", id="b")))
    await worker.work_off(failing_on(parts, b"D-poison"))
    assert await recorded(parts) == 0
    async with parts.database.write() as tx:
        assert await deliveries.replay(tx, WORKSPACE) == 1
    assert (await worker.work_off(crm_of(parts))).activities == 2
    assert (await states(parts))[poison] == ("done", None)
    async with parts.database.write() as tx:
        assert await deliveries.replay(tx, WORKSPACE) == 0


async def test_a_delivery_read_in_part_brings_what_can_be_read_and_is_shown_with_the_rest(
    parts: Parts,
) -> None:
    id = await store(parts, batch(won("D-1"), {"type": "no_such_thing", "data": {}}))
    done = await worker.work_off(crm_of(parts))
    assert (done.activities, done.failed) == (1, 1)
    state, error = (await states(parts))[id]
    assert state == "failed"
    assert error is not None
    assert error.startswith("event 1: type")
    assert await mirrored(parts, SubjectKind.DEAL, "D-1") is not None


async def test_a_secret_that_cannot_be_read_keeps_no_delivery_from_being_worked_off(
    parts: Parts,
) -> None:
    await enrol(parts, ANA)
    await connect(parts, native(id="other", token="other-token-0123456789"))
    own, others = await store(parts, won("D-1")), await store(parts, won("D-2"), connection="other")
    async with parts.database.write() as tx:
        spoilt = "UPDATE connections SET secrets = 'sealed with another key' WHERE id = 'other'"
        await tx.execute(text(spoilt))
    assert (await worker.work_off(crm_of(parts))).activities == 2
    assert await states(parts) == {own: ("done", None), others: ("done", None)}


async def test_while_the_database_is_in_trouble_nothing_is_marked_as_failed(
    postgresql_url: str,
) -> None:
    end_those_who_wait = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with running_parts(postgresql_url) as parts:
        id = await store(parts, won())
        async with parts.database.write() as held:
            await held.execute(text("SELECT id FROM workspaces FOR UPDATE"))
            waiting = asyncio.create_task(worker.work(crm_of(parts), WORKSPACE))
            async with asyncio.timeout(10):
                ended = False
                while not ended:
                    async with parts.database.read() as tx:
                        ended = bool((await tx.execute(end_those_who_wait)).all())
                (error,) = await asyncio.gather(waiting, return_exceptions=True)
        assert isinstance(error, Exception)
        assert (await states(parts))[id] == ("pending", None)
        assert (await worker.work_off(crm_of(parts))).activities == 1


async def test_two_workers_at_once_lose_nothing_and_count_nothing_twice(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    other = make_test_parts(
        parts.database.url.render_as_string(hide_password=False), clock=FixedClock()
    )
    try:
        for number in range(60):
            # Every deal is told of twice, under two ids.
            await store(parts, won(f"D-{number % 30}"))

        async def work(which: Parts) -> int:
            total = 0
            while done := (await worker.work(crm_of(which), WORKSPACE, most=7)).activities:
                total += done
                await asyncio.sleep(0)
            return total

        counts = await asyncio.gather(work(parts), work(other))
    finally:
        await other.database.close()
    assert sum(counts) == 60
    assert await recorded(parts) == 60
    assert set((await states(parts)).values()) == {("done", None)}
    assert len(await insights_of(parts, ana)) == 30


async def test_a_failure_is_noted_on_the_delivery_that_failed_though_others_work_too(
    parts: Parts,
) -> None:
    other = make_test_parts(
        parts.database.url.render_as_string(hide_password=False), clock=FixedClock()
    )
    poison = [await store(parts, won(f"D-{n}{'-poison' * (n % 3 == 0)}")) for n in range(12)][::3]
    try:
        await asyncio.gather(
            worker.work_off(failing_on(parts, b"-poison")),
            worker.work_off(failing_on(other, b"-poison")),
        )
    finally:
        await other.database.close()
    found = await states(parts)
    assert {id for id, (state, _) in found.items() if state == "failed"} == set(poison)


async def test_a_restart_goes_on_where_the_worker_stopped(sqlite_world: World) -> None:
    world = sqlite_world
    await world.stop_bot()
    parts = make_test_parts(str(world.settings.database_url))
    try:
        await store(parts, won())
    finally:
        await parts.database.close()
    await world.restart()
    await world.settle()
    assert any("referral" in each for each in world.texts(ANA))
