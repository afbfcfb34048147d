"""Claims on messages: shared without waiting, by the database's clock, and fenced."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from storage import messages, sending
from storage.database import Database
from storage.messages import Message
from storage.sending import Paused
from tests.storage.conftest import Store
from tests.world import WORKSPACE, running_parts

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


async def put(database: Database, ids: Sequence[str], now: datetime, addressee: str = "") -> None:
    """Messages that are due, each to somebody else unless an addressee is given."""
    made: list[tuple[Message, list[str]]] = [
        (Message(WORKSPACE, id, "welcome", addressee or f"U-{id}"), []) for id in ids
    ]
    async with database.write() as tx:
        await messages.make(tx, made, now)


async def test_a_message_is_claimed_once_until_its_claim_has_run_out(store: Store) -> None:
    now = store.parts.clock.now()
    await put(store.database, ["a"], now)
    async with store.database.write() as tx:
        (first,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        assert (first.message.fence, first.message.attempts, first.is_new) == (1, 1, True)
        assert await sending.claim(tx, now, lease=MINUTE, most=9) == []
        assert not await sending.any_waiting(tx, now)


async def test_an_answer_counts_only_while_its_claim_is_the_latest(store: Store) -> None:
    now = store.parts.clock.now()
    await put(store.database, ["a"], now)
    async with store.database.write() as tx:
        (first,) = await sending.claim(tx, now, lease=-MINUTE, most=9)
        (second,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        assert not await sending.record(tx, first.message, state="failed", error="late")
        assert await sending.record(tx, second.message, state="sent", ts="1", channel="D")
        assert not await sending.record(tx, second.message, state="failed", error="twice")
        found = await messages.get(tx, WORKSPACE, "a")
    assert found is not None
    assert (found.state, found.error, found.ts) == ("sent", None, "1")


async def test_a_claim_runs_out_by_the_databases_clock_whatever_ones_own_says(
    postgresql_url: str,
) -> None:
    async with running_parts(postgresql_url) as parts:
        now = parts.clock.now()
        await put(parts.database, ["a"], now)
        async with parts.database.write() as tx:
            assert await sending.claim(tx, now, lease=MINUTE, most=9)
        async with parts.database.write() as tx:
            assert await sending.claim(tx, now + DAY, lease=MINUTE, most=9) == []


async def test_claims_made_at_once_share_what_is_due_and_wait_for_nobody(
    postgresql_url: str,
) -> None:
    async with running_parts(postgresql_url) as parts:
        now = parts.clock.now()
        await put(parts.database, ["a", "b", "c"], now)
        async with parts.database.write() as first, parts.database.write() as second:
            await second.exec_driver_sql("SET lock_timeout = '2s'")
            mine = await sending.claim(first, now, lease=MINUTE, most=2)
            theirs = await sending.claim(second, now, lease=MINUTE, most=2)
    assert {each.message.id for each in mine} == {"a", "b"}
    assert [each.message.id for each in theirs] == ["c"]


async def test_of_one_addressee_the_oldest_is_claimed_and_no_other_meanwhile(store: Store) -> None:
    now = store.parts.clock.now()
    await put(store.database, ["b"], now, "U1")
    store.later(MINUTE)
    await put(store.database, ["a"], store.parts.clock.now(), "U1")
    await put(store.database, ["c"], store.parts.clock.now(), "U2")
    now = store.parts.clock.now()
    async with store.database.write() as tx:
        claimed = await sending.claim(tx, now, lease=MINUTE, most=9)
        found = {each.message.id: each.message for each in claimed}
        assert set(found) == {"b", "c"}
        assert await sending.claim(tx, now, lease=MINUTE, most=9) == []
        assert await sending.record(tx, found["b"], state="sent")
        (last,) = await sending.claim(tx, now, lease=MINUTE, most=9)
    assert last.message.id == "a"


async def test_what_must_not_go_yet_stands_in_nobodys_way(store: Store) -> None:
    now = store.parts.clock.now()
    await put(store.database, ["a"], now, "U1")
    await put(store.database, ["b"], now + MINUTE, "U1")
    async with store.database.write() as tx:
        (first,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        assert await sending.record(tx, first.message, state="due", not_before=now + DAY)
        (second,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        assert second.message.id == "b"
        assert await sending.record(tx, second.message, state="sent")
        assert await sending.claim(tx, now, lease=MINUTE, most=9) == []
        assert await sending.claim(tx, now + DAY, lease=MINUTE, most=9)


async def test_a_paused_method_stops_its_own_kind_of_work_only(store: Store) -> None:
    now = store.parts.clock.now()
    await put(store.database, ["old"], now, "U1")
    async with store.database.write() as tx:
        (old,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        await sending.record(tx, old.message, state="sent")
        await messages.redraw(tx, WORKSPACE, "old", {"state": "started"})
    await put(store.database, ["new"], now, "U1")
    here = [WORKSPACE]
    async with store.database.write() as tx:
        both = Paused(here, here)
        assert not await sending.any_waiting(tx, now, both)
        (new,) = await sending.claim(tx, now, lease=MINUTE, most=9, paused=Paused(drawing=here))
        assert (new.message.id, new.is_new) == ("new", True)
        await sending.record(tx, new.message, state="sent")
        (drawn,) = await sending.claim(tx, now, lease=MINUTE, most=9, paused=Paused(posting=here))
        assert (drawn.message.id, drawn.is_new) == ("old", False)


async def test_a_drawing_that_was_begun_and_never_finished_is_done_again(store: Store) -> None:
    now = store.parts.clock.now()
    await put(store.database, ["a"], now)
    async with store.database.write() as tx:
        (new,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        await sending.record(tx, new.message, state="sent")
        await messages.redraw(tx, WORKSPACE, "a", {"state": "started"})
        (lost,) = await sending.claim(tx, now, lease=-MINUTE, most=9)
        (again,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        assert (lost.message.id, again.message.id) == ("a", "a")
        assert await sending.record(tx, again.message, attempts=0)
        assert await sending.claim(tx, now, lease=MINUTE, most=9) == []


async def test_what_was_withdrawn_becomes_due_again_and_what_was_sent_does_not(
    store: Store,
) -> None:
    now = store.parts.clock.now()
    await put(store.database, ["a", "b"], now)
    async with store.database.write() as tx:
        await messages.withdraw(tx, WORKSPACE, ["a"])
        (b,) = await sending.claim(tx, now, lease=MINUTE, most=9)
        # What a sender has claimed is no longer taken back.
        await messages.withdraw(tx, WORKSPACE, ["b"])
        assert await sending.record(tx, b.message, state="sent")
    await put(store.database, ["a", "b"], now)
    async with store.database.write() as tx:
        claimed = await sending.claim(tx, now, lease=MINUTE, most=9)
    assert [each.message.id for each in claimed] == ["a"]
