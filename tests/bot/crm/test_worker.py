"""Stored deliveries are worked off in batches, by several workers, and none stops another."""

import asyncio
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text

from bot.crm import large, worker
from bot.crm.parts import CrmParts
from bot.crm.provider import Provider, Reading, load_providers
from bot.crm.turns import ATTEMPTS, Done
from bot.runtime.parts import Parts
from coach.models import SubjectKind
from storage import connections, deliveries, insights, workspaces
from storage.deliveries import NewDelivery
from storage.tables import activities as activities_table
from storage.tables import deliveries as deliveries_table
from tests.together import World
from tests.world import (
    ANA,
    CONNECTION,
    WORKSPACE,
    FixedClock,
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
    assert done == Done(deliveries=2, activities=2, insights=1, failed=0)
    assert set((await states(parts)).values()) == {("done", None)}
    assert parts.wake.sender.is_set()
    assert len(await insights_of(parts, ana)) == 1
    assert await worker.work_off(crm_of(parts)) == Done()


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
        assert await deliveries.replay(tx, WORKSPACE, parts.clock.now()) == 1
    assert (await worker.work_off(crm_of(parts))).activities == 2
    assert (await states(parts))[poison] == ("done", None)
    async with parts.database.write() as tx:
        assert await deliveries.replay(tx, WORKSPACE, parts.clock.now()) == 0


async def test_what_was_refused_at_the_door_stays_so_unless_it_is_we_who_fail_over_it(
    parts: Parts,
) -> None:
    for id, body in (("1" * 28, b"not json"), ("2" * 28, b'{"mark": 1}')):
        at = parts.clock.now()
        one = NewDelivery(WORKSPACE, id, CONNECTION, id, at, body, (), "no", refused=True)
        async with parts.database.write() as tx:
            await deliveries.accept(tx, [one])
            assert await deliveries.replay(tx, WORKSPACE, at, [id]) == 1
        await worker.work_off(failing_on(parts, b"mark"))
    async with parts.database.read() as tx:
        found = {each.id[0]: each for each in await deliveries.failed(tx, WORKSPACE)}
    assert found["1"].refused
    assert not found["2"].refused
    assert found["2"].error == "ZeroDivisionError: a bug"


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


# While the database is in trouble


async def end_who_waits(parts: Parts) -> None:
    """End whoever waits for a lock on this PostgreSQL, as an administrator or a restart would."""
    query = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with asyncio.timeout(10):
        while True:
            async with parts.database.read() as tx:
                if (await tx.execute(query)).all():
                    return


AMOUNT = told("deal_amount_changed", deal={"id": "D-1", "value": "5"})


async def workspace_of_its_own(parts: Parts, name: str) -> str:
    """A further workspace with a connection and a delivery, which sorts after the others."""
    async with parts.database.write() as tx:
        await workspaces.ensure(tx, name, parts.clock.now())
        of_it = replace(native(), workspace_id=name, token=f"token-of-workspace-{name}")
        await connections.save(tx, parts.seal, of_it, parts.clock.now())
    return await store(parts, won(f"D-{name}"), workspace=name)


async def test_a_passing_fault_ends_no_other_workspaces_turn_and_marks_nothing_as_failed(
    postgresql_url: str,
) -> None:
    async with running_parts(postgresql_url) as parts:
        await deliver(parts, won("D-1"))
        own, others = await store(parts, AMOUNT), await workspace_of_its_own(parts, "x")
        async with parts.database.write() as held:
            await held.execute(text("SELECT id FROM deals WHERE id = 'D-1' FOR UPDATE"))
            turn = asyncio.create_task(worker.work_turn(crm_of(parts)))
            await end_who_waits(parts)
            assert await turn == Done(deliveries=1, activities=1, insights=1, left=1)
        found = await states(parts)
        assert (found[own], found[others]) == (("pending", None), ("done", None))
        # It has to wait for its next attempt.
        assert await worker.work_off(crm_of(parts)) == Done()
        assert isinstance(parts.clock, FixedClock)
        parts.clock.advance(timedelta(seconds=3))
        assert (await worker.work_off(crm_of(parts))).activities == 1


async def test_what_fails_again_and_again_is_given_up_with_its_error(postgresql_url: str) -> None:
    async with running_parts(postgresql_url) as setting:
        await store(setting, won("D-1"), id="first")
        await worker.work_off(crm_of(setting))
        async with setting.database.engine.connect() as tx:
            name = setting.database.url.database
            await tx.execute(text(f'ALTER DATABASE "{name}" SET lock_timeout = 10'))
            await tx.commit()
    async with running_parts(postgresql_url) as parts:
        id, innocent = await store(parts, AMOUNT), await store(parts, won("D-2"))
        async with parts.database.write() as held:
            await held.execute(text("SELECT id FROM deals WHERE id = 'D-1' FOR UPDATE"))
            attempts = 0
            while attempts <= ATTEMPTS and (await states(parts))[id][0] == "pending":
                await worker.work_off(crm_of(parts))
                attempts += 1
                assert isinstance(parts.clock, FixedClock)
                parts.clock.advance(timedelta(hours=7))
        assert attempts == ATTEMPTS
        found = await states(parts)
        assert found[id][0] == "failed"
        assert "lock timeout" in (found[id][1] or "")
        # It was tried together with the other once, and by itself from then on.
        assert found[innocent] == ("done", None)
        async with parts.database.write() as tx:
            assert await deliveries.replay(tx, WORKSPACE, parts.clock.now()) == 1
        assert (await worker.work_off(crm_of(parts))).activities == 1


async def test_a_worker_is_not_held_up_by_a_workspace_that_somebody_else_is_at(
    postgresql_url: str,
) -> None:
    async with running_parts(postgresql_url) as parts:
        other = make_test_parts(postgresql_url, clock=FixedClock())
        own, others = await store(parts, won("D-1")), await workspace_of_its_own(parts, "x")
        try:
            async with other.database.write() as held:
                await workspaces.lock(held, other.database, WORKSPACE)
                async with asyncio.timeout(10):
                    done = await worker.work_turn(crm_of(parts))
                assert done == Done(deliveries=1, activities=1, insights=1, left=1)
                found = await states(parts)
                assert (found[own], found[others]) == (("pending", None), ("done", None))
        finally:
            await other.database.close()
        assert (await worker.work_off(crm_of(parts))).activities == 1


# Bounded batches


async def test_whoever_has_nothing_to_do_is_not_rung_for(parts: Parts) -> None:
    async def rung_by(*bodies: dict[str, Any]) -> set[str]:
        for bell in bells:
            getattr(parts.wake, bell).clear()
        await deliver(parts, *bodies)
        return {bell for bell in bells if getattr(parts.wake, bell).is_set()}

    bells = ("sender", "attention", "lookup")
    await enrol(parts, ANA)
    assert await rung_by(won("D-1")) == {"sender"}
    assert await rung_by(told("deal_created", deal={"id": "D-2"})) == set()
    assert await rung_by(won("D-3", owner="new@x.example")) == {"sender", "lookup"}
    assert await rung_by(won("D-4", owner="new@x.example")) == {"sender"}
    # What was said is settled, and what its person is told next is attention's to decide.
    lost = told("deal_stage_changed", deal={"id": "D-1", "status": "lost"})
    assert await rung_by(lost) == {"sender", "attention"}


async def batches(parts: Parts, count: int) -> list[tuple[int, bool]]:
    """How many deliveries so many batches hold, and whether more is left after each."""
    done = [await worker.work(crm_of(parts), WORKSPACE) for _ in range(count)]
    return [(each.deliveries, each.goes_on) for each in done]


async def test_a_batch_is_bounded_by_deliveries_bytes_and_events(parts: Parts) -> None:
    for number in range(worker.BATCH + 1):
        await store(parts, told("call_logged", contact={"id": f"C-{number}"}))
    assert await batches(parts, 2) == [(worker.BATCH, True), (1, False)]
    size = worker.BYTES // 10
    for number in range(14):
        await store(parts, told("deal_created", deal={"id": f"D-{number}", "x": "x" * size}))
    assert await batches(parts, 2) == [(9, True), (5, False)]
    each = worker.EVENTS // 2
    for number in range(5):
        calls = [told("call_logged", contact={"id": f"C-{number}"})] * each
        await store(parts, batch(*calls))
    assert await batches(parts, 3) == [(2, True), (2, True), (1, False)]


def many(count: int) -> dict[str, Any]:
    """One delivery with so many won deals."""
    return batch(*(won(f"D-{number}", contact=f"Ann {number}") for number in range(count)))


async def test_a_large_delivery_is_read_in_a_thread_and_applied_piece_by_piece(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    id = await store(parts, many(3 * large.PIECE))
    provider = load_providers()["native"]
    threads: list[threading.Thread] = []

    def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
        threads.append(threading.current_thread())
        return provider.parse(body, message_id, received_at)

    crm = crm_of(parts, providers={"native": replace(provider, parse=parse)})
    assert await worker.work_turn(crm) == Done()
    counts: list[int] = []

    async def count() -> None:
        # Whoever reads meanwhile sees piece after piece arrive.
        while len(counts) < 2 or counts[-1] < 3 * large.PIECE:
            if not counts or (now := await recorded(parts)) != counts[-1]:
                counts.append(now if counts else 0)

    watching = asyncio.create_task(count())
    done = await large.work_turn(crm)
    async with asyncio.timeout(10):
        await watching
    assert (done.deliveries, done.activities) == (1, 3 * large.PIECE)
    assert all(count % large.PIECE == 0 for count in counts)
    assert [thread is threading.current_thread() for thread in threads] == [False]
    assert (await states(parts))[id] == ("done", None)
    assert len(await insights_of(parts, ana)) == 50


async def test_a_large_delivery_that_was_left_in_the_middle_is_begun_anew_and_counts_once(
    postgresql_url: str,
) -> None:
    async with running_parts(postgresql_url) as parts:
        ana = await enrol(parts, ANA)
        last = f"D-{3 * large.PIECE - 1}"
        await deliver(parts, told("deal_created", deal={"id": last}))
        id = await store(parts, many(3 * large.PIECE))
        async with parts.database.write() as held:
            await held.execute(text(f"SELECT id FROM deals WHERE id = '{last}' FOR UPDATE"))
            turn = asyncio.create_task(large.work_turn(crm_of(parts)))
            await end_who_waits(parts)
            assert (await turn).left == 1
        assert await recorded(parts) == 1 + 2 * large.PIECE
        assert (await states(parts))[id] == ("pending", None)
        assert isinstance(parts.clock, FixedClock)
        parts.clock.advance(timedelta(minutes=2))
        done = await worker.work_off(crm_of(parts))
        assert (done.deliveries, done.activities) == (1, large.PIECE)
        assert await recorded(parts) == 1 + 3 * large.PIECE
        assert (await states(parts))[id] == ("done", None)
        async with parts.database.read() as tx:
            said = await insights.counts(tx, WORKSPACE)
        assert sum(said.values()) == 3 * large.PIECE
        assert ana.id


async def test_who_took_too_long_over_a_large_delivery_leaves_it_to_who_has_it_now(
    parts: Parts,
) -> None:
    id = await store(parts, many(300))
    provider = load_providers()["native"]
    begun, go_on = threading.Event(), threading.Event()

    def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
        begun.set()
        go_on.wait(10)
        return provider.parse(body, message_id, received_at)

    crm = crm_of(parts, providers={"native": replace(provider, parse=parse)})
    turn = asyncio.create_task(large.work_turn(crm))
    await asyncio.to_thread(begun.wait, 10)
    async with parts.database.write() as tx:
        mine = await deliveries.pending(tx, WORKSPACE, id)
        assert mine is not None
        assert await deliveries.lease(tx, mine, parts.clock.now(), large.LEASE)
    go_on.set()
    assert await turn == Done(left=1)
    assert await recorded(parts) == 0
    assert (await states(parts))[id] == ("pending", None)


async def test_a_large_delivery_read_in_part_or_not_at_all_is_kept_with_its_error(
    parts: Parts,
) -> None:
    part = many(300)
    part["data"]["events"].append({"type": "no_such_thing", "data": {}})
    ids = [await store(parts, part)]
    async with parts.database.write() as tx:
        ids.append(parts.new_id())
        body = b"[" + b"x" * deliveries.LARGE
        bad = NewDelivery(WORKSPACE, ids[1], CONNECTION, "bad", parts.clock.now(), body, ("bad",))
        await deliveries.accept(tx, [bad])
    done = await worker.work_off(crm_of(parts))
    assert (done.deliveries, done.activities, done.failed) == (2, 300, 2)
    errors = await states(parts)
    assert (errors[ids[0]][1] or "").startswith("event 300: type")
    assert (errors[ids[1]][1] or "").startswith("The body cannot be read")


# Several workers


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
