"""Activities, deliveries, connections, requests and secrets as they are kept and asked for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from storage import connections, deliveries, link_requests, schema, workspaces
from storage.database import Database, Tx
from storage.deliveries import NewDelivery
from storage.link_requests import LinkRequest
from storage.schema import SchemaError
from storage.sealing import Seal, SealError
from storage.tables import connections as connections_table
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WEBHOOK_TOKEN, WORKSPACE, native

DAY = timedelta(days=1)


# Deliveries


def delivery(store: Store, *keys: str, error: str | None = None, **more: object) -> NewDelivery:
    given = NewDelivery(
        WORKSPACE, store.parts.new_id(), CONNECTION, "m", BEGINNING, b"\x00\xff{}", keys, error
    )
    return replace(given, **more)  # type: ignore[arg-type]


async def due(store: Store, tx: Tx, **more: Any) -> list[str]:
    """The ids of what is due."""
    asked: dict[str, Any] = {"now": BEGINNING, "most": 9, "size": 1_000_000, **more}
    now = asked.pop("now")
    return [each.id for each in await deliveries.due(tx, WORKSPACE, now, **asked)]


async def test_deliveries_wait_in_their_order_end_and_are_run_again(store: Store) -> None:
    made = [delivery(store, f"k{n}", id=f"{n:028d}") for n in range(4)]
    async with store.database.write() as tx:
        fresh = await deliveries.accept(tx, made)
        assert {id: len(keys) for id, keys in fresh.items()} == {each.id: 1 for each in made}
        assert await due(store, tx, most=3) == [each.id for each in made[:3]]
        assert await due(store, tx, now=BEGINNING - DAY) == []
        first, *_ = await deliveries.due(tx, WORKSPACE, BEGINNING, most=1, size=0)
        assert (first.body, first.received_at, first.provider) == (
            b"\x00\xff{}",
            BEGINNING,
            "native",
        )
        assert await deliveries.pending(tx, WORKSPACE, first.id) == first
        assert await deliveries.next_pending_id(tx, WORKSPACE) == made[0].id
        outcomes = {made[0].id: None, made[1].id: "bad", made[2].id: "worse"}
        await deliveries.finish(tx, WORKSPACE, outcomes, BEGINNING)
        assert await deliveries.pending(tx, WORKSPACE, first.id) is None
        assert await deliveries.counts(tx, WORKSPACE) == {"pending": 1, "failed": 2}
        failed = await deliveries.failed(tx, WORKSPACE)
        assert [each.error for each in failed] == ["worse", "bad"]
        assert await deliveries.replay(tx, WORKSPACE, BEGINNING, [made[2].id, "unknown"]) == 1
        assert await deliveries.replay(tx, WORKSPACE, BEGINNING) == 1
        assert await deliveries.counts(tx, WORKSPACE) == {"pending": 3}
        assert await deliveries.due_workspaces(tx, BEGINNING) == [WORKSPACE]
        assert await deliveries.due_workspaces(tx, BEGINNING, large=True) == []


async def test_what_is_set_aside_is_kept_with_its_error_and_run_again_by_its_id_alone(
    store: Store,
) -> None:
    made = [delivery(store, f"k{n}", id=f"{n:028d}") for n in range(3)]
    first, second, third = (each.id for each in made)
    async with store.database.write() as tx:
        await deliveries.accept(tx, made)
        await deliveries.finish(tx, WORKSPACE, {first: "bad", second: "worse"}, BEGINNING)
        # What waits is not set aside, whoever names it.
        assert await deliveries.set_aside(tx, WORKSPACE, [first, third, "unknown"]) == 1
        assert await deliveries.counts(tx, WORKSPACE) == {"pending": 1, "failed": 1, "aside": 1}
        assert await deliveries.set_aside(tx, WORKSPACE) == 1
        kept = [(each.id, each.error) for each in await deliveries.aside(tx, WORKSPACE)]
        assert kept == [(second, "worse"), (first, "bad")]
        assert await deliveries.failed(tx, WORKSPACE) == []
        assert await deliveries.replay(tx, WORKSPACE, BEGINNING) == 0
        assert await deliveries.replay(tx, WORKSPACE, BEGINNING, [first]) == 1
        assert await due(store, tx) == [first, third]


async def test_what_is_due_is_bounded_by_bytes_too_but_for_the_first(store: Store) -> None:
    made = [delivery(store, f"k{n}", id=f"{n:028d}", body=b"x" * 1000) for n in range(4)]
    async with store.database.write() as tx:
        await deliveries.accept(tx, made)
        assert await due(store, tx, size=2999) == [each.id for each in made[:2]]
        assert await due(store, tx, size=10) == [made[0].id]


async def test_large_deliveries_have_a_lane_of_their_own(store: Store) -> None:
    small = delivery(store, "s", body=b"x" * deliveries.LARGE)
    large = delivery(store, "l", body=b"x" * (deliveries.LARGE + 1))
    async with store.database.write() as tx:
        await deliveries.accept(tx, [large, small])
        assert await due(store, tx) == [small.id]
        assert await due(store, tx, large=True) == [large.id]
        assert await deliveries.due_workspaces(tx, BEGINNING, large=True) == [WORKSPACE]


async def test_every_workspace_with_something_due_is_found_and_no_other(store: Store) -> None:
    async with store.database.write() as tx:
        for name in ("a", "b", "c", "d"):
            await workspaces.ensure(tx, name, BEGINNING)
            of_it = replace(native(), workspace_id=name, token=f"token-of-workspace-{name}")
            await connections.save(tx, store.parts.seal, of_it, BEGINNING)
            if name != "b":
                each = [delivery(store, f"k{n}", workspace_id=name) for n in range(3)]
                await deliveries.accept(tx, each)
                if name == "c":
                    tried = {one.id: 1 for one in each}
                    await deliveries.postpone(tx, name, tried, BEGINNING + DAY)
        assert await deliveries.due_workspaces(tx, BEGINNING) == ["a", "d"]
        assert await deliveries.due_workspaces(tx, BEGINNING + DAY) == ["a", "c", "d"]


async def test_what_is_put_off_comes_again_later_and_knows_how_often_it_was_tried(
    store: Store,
) -> None:
    made = delivery(store, "k")
    async with store.database.write() as tx:
        await deliveries.accept(tx, [made])
        await deliveries.postpone(tx, WORKSPACE, {made.id: 3}, BEGINNING + DAY)
        assert await due(store, tx) == []
        (again,) = await deliveries.due(tx, WORKSPACE, BEGINNING + DAY, most=1, size=0)
        assert again.attempts == 3
        await deliveries.finish(tx, WORKSPACE, {made.id: "in vain"}, BEGINNING)
        assert await deliveries.replay(tx, WORKSPACE, BEGINNING) == 1
        (again,) = await deliveries.due(tx, WORKSPACE, BEGINNING, most=1, size=0)
        assert again.attempts == 0


async def test_a_leased_delivery_is_nobody_elses_and_who_lost_it_is_told(store: Store) -> None:
    lasts = timedelta(minutes=1)
    async with store.database.write() as tx:
        await deliveries.accept(tx, [delivery(store, "k")])
        (found,) = await deliveries.due(tx, WORKSPACE, BEGINNING, most=1, size=0)
        mine = await deliveries.lease(tx, found, BEGINNING, lasts)
        assert mine is not None
        # Somebody who looked at the same time.
        assert await deliveries.lease(tx, found, BEGINNING, lasts) is None
        assert await due(store, tx) == []
        assert await deliveries.hold(tx, mine, BEGINNING, lasts)
        theirs = await deliveries.lease(tx, mine, BEGINNING, lasts)
        assert theirs is not None
        assert not await deliveries.hold(tx, mine, BEGINNING, lasts)
        assert await deliveries.hold(tx, theirs, BEGINNING, lasts)
        await deliveries.finish(tx, WORKSPACE, {theirs.id: None}, BEGINNING)
        assert not await deliveries.hold(tx, theirs, BEGINNING, lasts)


async def test_a_delivery_that_brings_nothing_new_is_not_kept(store: Store) -> None:
    first, second, third = (
        delivery(store, "a", "b"),
        delivery(store, "b", "c"),
        delivery(store, "c"),
    )
    async with store.database.write() as tx:
        fresh = await deliveries.accept(tx, [first, second, third])
    assert fresh == {first.id: {"a", "b"}, second.id: {"c"}, third.id: set()}
    async with store.database.read() as tx:
        assert await deliveries.counts(tx, WORKSPACE) == {"pending": 2}


async def test_when_a_connection_last_heard_something_is_noted(store: Store) -> None:
    async with store.database.write() as tx:
        await deliveries.accept(tx, [delivery(store, "a")])
        (found,) = await connections.of_workspace(tx, store.parts.seal, WORKSPACE)
    assert found.last_delivery_at == BEGINNING


# Connections and secrets


async def test_a_connection_is_found_by_its_token_and_holds_no_secret_in_the_clear(
    store: Store,
) -> None:
    async with store.database.write() as tx:
        found = await connections.by_token(tx, store.parts.seal, WEBHOOK_TOKEN)
        assert found == native()
        assert await connections.by_token(tx, store.parts.seal, "x" * 20) is None
        (row,) = (await tx.execute(select(connections_table))).all()
        kept = " ".join(map(str, row))
        for secret in (WEBHOOK_TOKEN, native().bearer, native().secrets[0]):
            assert secret not in kept
            assert secret not in repr(found)
        changed = native("https://crm.example", secrets=("whsec_bmV3", "whsec_b2xk"))
        await connections.save(tx, store.parts.seal, changed, BEGINNING)
        assert await connections.of_workspace(tx, store.parts.seal, WORKSPACE) == [changed]
        assert await connections.of_workspace(tx, store.parts.seal, "elsewhere") == []


def test_secrets_outlive_a_change_of_keys_and_no_other() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    closed = Seal([old]).close({"a": ["é"]})
    assert Seal([new, old]).open(closed) == {"a": ["é"]}
    assert Seal([new]).open(Seal([new, old]).close(1)) == 1
    with pytest.raises(SealError, match="COACH_SECRET_KEYS"):
        Seal([new]).open(closed)
    for wrong in (["short"], []):
        with pytest.raises(SealError, match="Fernet keys"):
            Seal(wrong)


# Link requests


async def test_a_link_request_is_decided_once(store: Store) -> None:
    request = LinkRequest(WORKSPACE, "r1", store.ana.id, "", "email:a@x.example", "asked")
    async with store.database.write() as tx:
        await link_requests.add(tx, request, BEGINNING)
        assert await link_requests.get(tx, WORKSPACE, "r1") == request
        assert await link_requests.has_open(tx, WORKSPACE, store.ana.id)
        assert not await link_requests.has_open(tx, WORKSPACE, "somebody else")
        told = {"state": "confirmed", "by": "U1", "now": BEGINNING}
        decided = await link_requests.decide(tx, WORKSPACE, "r1", **told)  # type: ignore[arg-type]
        assert decided == request._replace(state="confirmed")
        again = {**told, "state": "refused"}
        assert await link_requests.decide(tx, WORKSPACE, "r1", **again) is None  # type: ignore[arg-type]
        assert not await link_requests.has_open(tx, WORKSPACE, store.ana.id)


# Workspaces and the schema


async def test_a_workspace_is_made_once_and_changed(store: Store) -> None:
    async with store.database.write() as tx:
        await workspaces.ensure(tx, WORKSPACE, BEGINNING + DAY)
        await workspaces.change(tx, WORKSPACE, team_id="T1", slack_error="x")
        found = await workspaces.get(tx, WORKSPACE)
        assert found is not None
        assert (found.team_id, found.slack_error) == ("T1", "x")
        assert await workspaces.by_team(tx, "T1") == found
        assert await workspaces.every(tx) == [found]


async def test_an_empty_sqlite_file_is_brought_up_and_an_empty_postgresql_only_on_request(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    try:
        if database.is_sqlite:
            await schema.make_ready(database)
        else:
            with pytest.raises(SchemaError, match="coach db upgrade"):
                await schema.make_ready(database)
            await schema.upgrade(database)
            await schema.make_ready(database)
        has, needs = await schema.versions(database)
        assert has == needs is not None
    finally:
        await database.close()
