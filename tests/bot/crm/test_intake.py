"""Webhooks are stored before they are answered, once each, and nothing hostile makes a 500."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from starlette.routing import Router

from bot.crm.intake import KEYS, REQUESTS, Intake
from bot.crm.provider import PayloadError, Reading, load_providers
from bot.crm.providers import native as native_provider
from bot.playground.crm.signing import webhook_headers
from bot.runtime.parts import Parts
from storage import deliveries
from storage.database import Database, Tx
from storage.tables import deliveries as deliveries_table
from tests.together import Reply, World
from tests.world import (
    BEARER,
    WEBHOOK_SECRET,
    WEBHOOK_TOKEN,
    WORKSPACE,
    batch,
    connect,
    crm_of,
    native,
    told,
    won,
)

NEW_SECRET = "whsec_" + base64.b64encode(b"n" * 32).decode()


class Gate:
    """The intake by itself, asked as a server would ask it; nothing works off what it stores."""

    def __init__(self, parts: Parts, **more: Any) -> None:
        self.parts = parts
        self.crm = crm_of(parts, **more)
        self.intake = Intake(self.crm)
        self.web = Router(self.intake.routes(), redirect_slashes=False)

    async def ask(
        self,
        body: bytes,
        headers: dict[str, str] | None = None,
        *,
        path: str = f"/webhooks/native/{WEBHOOK_TOKEN}",
        method: str = "POST",
    ) -> Reply:
        sent: list[Any] = []
        given_headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in (headers or {}).items()
        ]
        given_headers.append((b"content-length", str(len(body)).encode()))
        scope = {"type": "http", "method": method, "path": path, "headers": given_headers}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.web(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        body_is_ours = told["content-type"] == "application/json"
        content = json.loads(sent[1]["body"]) if body_is_ours else sent[1]["body"]
        return Reply(sent[0]["status"], content, told)

    async def post(self, event: Any, *, id: str = "m1", secret: str = WEBHOOK_SECRET) -> Reply:
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        return await self.ask(body, webhook_headers(secret, id, body, time.time()))

    async def stored(self) -> list[tuple[str, str | None, bytes]]:
        """State, error and body of everything stored, oldest first."""
        columns = (deliveries_table.c.state, deliveries_table.c.error, deliveries_table.c.body)
        async with self.parts.database.read() as tx:
            rows = await tx.execute(select(*columns).order_by(deliveries_table.c.id))
            return [(row[0], row[1], bytes(row[2])) for row in rows]


@pytest.fixture
def gate(parts: Parts) -> Gate:
    return Gate(parts)


@pytest.fixture
def sqlite_gate(sqlite_parts: Parts) -> Gate:
    return Gate(sqlite_parts)


# Durable before the answer


async def test_a_delivery_is_in_the_database_when_its_answer_comes(gate: Gate) -> None:
    body = json.dumps(won()).encode()
    reply = await gate.post(body)
    assert (reply.status, reply.body) == (202, {"accepted": 1, "duplicates": 0, "rejected": []})
    other = Database(gate.parts.database.url.render_as_string(hide_password=False))
    now = gate.parts.clock.now()
    try:
        async with other.read() as tx:
            (stored,) = await deliveries.due(tx, WORKSPACE, now, most=10, size=1000)
    finally:
        await other.close()
    assert (stored.body, stored.message_id) == (body, "m1")


async def test_what_must_not_be_kept_is_gone_before_anything_is_stored(parts: Parts) -> None:
    native_ = load_providers()["native"]

    def kept(body: bytes) -> bytes:
        return body.replace(b"secret", b"")

    gate = Gate(parts, providers={"native": replace(native_, kept=kept)})
    # It is signed as it came.
    reply = await gate.post(won() | {"note": "secret"})
    assert reply.status == 202
    ((_, _, body),) = await gate.stored()
    assert b"note" in body
    assert b"secret" not in body


async def test_the_worker_is_told_of_a_new_delivery(sqlite_gate: Gate) -> None:
    assert not sqlite_gate.parts.wake.worker.is_set()
    await sqlite_gate.post(won())
    assert sqlite_gate.parts.wake.worker.is_set()


async def test_requests_at_the_same_time_share_commits_and_each_gets_its_own_answer(
    gate: Gate,
) -> None:
    commits: list[object] = []
    event.listen(gate.parts.database.engine.sync_engine, "commit", commits.append)
    replies = await asyncio.gather(
        *(gate.post(won(f"D-{n % 40}"), id=f"m{n % 40}") for n in range(80))
    )
    assert sum(reply.body["accepted"] for reply in replies) == 40
    assert sum(reply.body["duplicates"] for reply in replies) == 40
    assert len(await gate.stored()) == 40
    # Each request also looks its connection up, which commits too, though it writes nothing.
    assert len(commits) - 80 <= 10


async def test_a_closed_intake_takes_nothing_more_and_says_so(sqlite_gate: Gate) -> None:
    await sqlite_gate.intake.close()
    assert (await sqlite_gate.post(won())).status == 503
    assert await sqlite_gate.stored() == []


# Counted once


async def test_the_same_webhook_id_counts_once_also_after_a_restart(gate: Gate) -> None:
    assert (await gate.post(won())).body["accepted"] == 1
    assert (await gate.post(won())).body == {"accepted": 0, "duplicates": 1, "rejected": []}
    restarted = Gate(gate.parts)
    assert (await restarted.post(won())).body == {"accepted": 0, "duplicates": 1, "rejected": []}
    assert len(await gate.stored()) == 1


async def test_the_same_item_in_two_batches_counts_once(gate: Gate) -> None:
    first = batch(won("D-1", id="a"), won("D-2", id="b"))
    second = batch(won("D-2", id="b"), won("D-3", id="c"))
    assert (await gate.post(first, id="m1")).body["accepted"] == 2
    reply = await Gate(gate.parts).post(second, id="m2")
    assert reply.body == {"accepted": 1, "duplicates": 1, "rejected": []}


async def test_items_without_an_id_count_once_by_their_place_in_their_request(gate: Gate) -> None:
    items = batch(won("D-1"), won("D-2"))
    assert (await gate.post(items, id="m1")).body["accepted"] == 2
    assert (await gate.post(items, id="m1")).body["duplicates"] == 2
    assert (await gate.post(items, id="m2")).body["accepted"] == 2


async def test_an_id_too_long_to_tell_apart_is_rejected(sqlite_gate: Gate) -> None:
    items = batch(won("D-1", id="x" * 300 + "1"), won("D-2", id="x" * 300 + "2"))
    reply = await sqlite_gate.post(items)
    assert [each["index"] for each in reply.body["rejected"]] == [0, 1]


async def test_without_a_signature_the_bearer_token_lets_in_and_the_dated_body_counts_once(
    sqlite_gate: Gate,
) -> None:
    body = json.dumps(won()).encode()
    headers = {"authorization": f"Bearer {BEARER}"}
    assert (await sqlite_gate.ask(body, headers)).body["accepted"] == 1
    assert (await sqlite_gate.ask(body, headers)).body["duplicates"] == 1
    assert (await sqlite_gate.ask(body, {"authorization": "Bearer wrong"})).status == 401


# What cannot be read is kept


async def test_a_new_fault_beside_a_known_event_is_kept_once(gate: Gate) -> None:
    assert (await gate.post(batch(won("D-1", id="e1")), id="m1")).body["accepted"] == 1
    for _ in range(2):
        reply = await gate.post(batch(won("D-1", id="e1"), {"type": "no_such_thing"}), id="m2")
        assert (reply.body["accepted"], reply.body["duplicates"]) == (0, 1)
    states = [(state, bool(error)) for state, error, _ in await gate.stored()]
    assert sorted(states) == [("failed", True), ("pending", False)]


async def test_a_batch_sent_again_while_its_first_copy_waits_is_not_kept_twice(gate: Gate) -> None:
    items = batch(won("D-1", id="e1"), {"type": "no_such_thing"})
    for _ in range(2):
        assert (await gate.post(items, id="m1")).status == 202
    assert [state for state, _, _ in await gate.stored()] == ["pending"]


async def test_a_batch_is_taken_in_part_and_what_is_wrong_is_told_and_kept(gate: Gate) -> None:
    reply = await gate.post(batch(won("D-1"), {"type": "no_such_thing", "data": {}}, {}))
    assert reply.status == 202
    assert (reply.body["accepted"], reply.body["duplicates"]) == (1, 0)
    assert [each["index"] for each in reply.body["rejected"]] == [1, 2]
    assert all(each["error"] for each in reply.body["rejected"])
    ((state, error, _),) = await gate.stored()
    assert state == "pending"
    assert error is not None
    assert "event 1" in error
    assert "event 2" in error


async def test_a_signed_body_that_cannot_be_read_is_answered_400_and_kept_to_be_shown(
    gate: Gate,
) -> None:
    reply = await gate.post(b'{"type": "deal_closed"', id="m1")
    assert reply.status == 400
    assert "not JSON" in reply.body["error"]
    async with gate.parts.database.read() as tx:
        (kept,) = await deliveries.failed(tx, WORKSPACE)
        assert await deliveries.counts(tx, WORKSPACE) == {"failed": 1}
    assert (kept.error, kept.refused) == (reply.body["error"], True)
    assert await gate.stored() == [("failed", kept.error, b'{"type": "deal_closed"')]


async def test_a_vendor_who_repeats_an_unreadable_body_leaves_one_copy(gate: Gate) -> None:
    for _ in range(3):
        assert (await gate.post(b"not json", id="m1")).status == 400
    assert len(await gate.stored()) == 1
    async with gate.parts.database.write() as tx:
        assert await deliveries.set_aside(tx, WORKSPACE) == 1
    # Once it was set aside, a repetition does not make a fault of it again.
    assert (await gate.post(b"not json", id="m1")).status == 400
    assert [state for state, _, _ in await gate.stored()] == ["aside"]


async def test_what_is_not_signed_is_not_kept(gate: Gate) -> None:
    wrong = "whsec_" + base64.b64encode(b"w" * 32).decode()
    assert (await gate.post(b"not json", secret=wrong)).status == 401
    assert await gate.stored() == []


async def test_one_delivery_the_database_will_not_have_keeps_no_other_out(
    gate: Gate, parts: Parts
) -> None:
    # An address whose connection has gone since it was remembered: its rows find no parent.
    other = await connect(parts, native(id="other", token="other-token-0123456789"))
    path = f"/webhooks/native/{other.token}"
    body = json.dumps(won("D-0")).encode()
    signed = webhook_headers(WEBHOOK_SECRET, "m0", body, time.time())
    assert (await gate.ask(body, signed, path=path)).status == 202
    async with parts.database.write() as tx:
        await tx.execute(text("DELETE FROM deliveries"))
        await tx.execute(text("DELETE FROM connections WHERE id = 'other'"))
    body = json.dumps(won("D-9")).encode()
    signed = webhook_headers(WEBHOOK_SECRET, "m9", body, time.time())
    first = gate.post(won("D-1"), id="m1")
    poison = gate.ask(body, signed, path=path)
    last = gate.post(won("D-2"), id="m2")
    replies = await asyncio.gather(first, poison, last)
    assert [reply.status for reply in replies] == [202, 503, 202]
    assert len(await gate.stored()) == 2


async def test_storing_that_fails_is_answered_503_so_that_the_vendor_repeats(gate: Gate) -> None:
    assert (await gate.post(won("D-1"), id="m1")).status == 202
    async with gate.parts.database.write() as tx:
        await tx.execute(text("ALTER TABLE event_keys RENAME TO event_keys_away"))
    reply = await gate.post(won("D-2"), id="m2")
    assert (reply.status, list(reply.body)) == (503, ["error"])
    async with gate.parts.database.write() as tx:
        await tx.execute(text("ALTER TABLE event_keys_away RENAME TO event_keys"))
    assert (await gate.post(won("D-2"), id="m2")).body["accepted"] == 1


async def test_a_database_that_does_not_answer_is_a_503_too(gate: Gate) -> None:
    async with gate.parts.database.write() as tx:
        await tx.execute(text("ALTER TABLE connections RENAME TO connections_away"))
    assert (await gate.post(won())).status == 503


async def test_a_request_that_does_not_come_whole_is_a_408_and_leaves_its_place(
    sqlite_gate: Gate,
) -> None:
    async def receive() -> Any:
        raise TimeoutError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    path = f"/webhooks/native/{WEBHOOK_TOKEN}"
    scope = {"type": "http", "method": "POST", "path": path, "headers": []}
    await sqlite_gate.web(scope, receive, send)
    assert sent[0]["status"] == 408
    assert sqlite_gate.intake.room.in_hand == 0


class Hanging(Database):
    """A database that takes no change while it hangs."""

    hangs = True

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        if self.hangs:
            raise TimeoutError("the database does not answer")
        async with super().write() as tx:
            yield tx


async def test_trouble_with_the_database_is_a_line_for_each_request_and_no_traceback(
    sqlite_parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    database = Hanging(str(sqlite_parts.database.url))
    reply = await Gate(replace(sqlite_parts, database=database)).post(won("D-1"))
    await database.close()
    assert reply.status == 503
    (line,) = [each for each in caplog.records if "could not be stored" in each.getMessage()]
    assert not line.exc_info


async def test_what_nobody_waits_for_any_more_is_not_held_on_to(sqlite_gate: Gate) -> None:
    assert (await sqlite_gate.post(won("D-1"), id="m1")).status == 202
    async with sqlite_gate.parts.database.write():
        asked = asyncio.ensure_future(sqlite_gate.post(won("D-2"), id="m2"))
        while not sqlite_gate.intake.waiting:
            await asyncio.sleep(0)
        asked.cancel()
        await asyncio.wait([asked])
        assert sqlite_gate.intake.waiting == 0
    await sqlite_gate.intake.close()
    assert len(await sqlite_gate.stored()) == 1


# No more than can be stored


async def in_hand(gate: Gate, waiting: Sequence[asyncio.Task[Reply]]) -> None:
    """Wait until all these requests are in hand. Raises `AssertionError` when one is answered."""
    while gate.intake.room.in_hand < len(waiting):
        assert not any(each.done() for each in waiting)
        await asyncio.sleep(0)


async def test_who_comes_when_storing_cannot_keep_up_is_told_to_come_again(
    sqlite_gate: Gate,
) -> None:
    gate, room = sqlite_gate, sqlite_gate.intake.room
    assert room.most_requests == REQUESTS
    # With a thousand a busy machine may not be done before the first has waited for too long.
    room.most_requests = 20
    async with gate.parts.database.write():
        # Nothing can be stored as long as another writes.
        waiting = [asyncio.create_task(gate.post(won(f"D-{n}"), id=f"m{n}")) for n in range(20)]
        await in_hand(gate, waiting)
        refused = await gate.post(won("D-late"), id="late")
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert "later" in refused.body["error"]
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {202}
    assert (await gate.post(won("D-late"), id="late")).body["accepted"] == 1
    assert len(await gate.stored()) == 21


async def test_bodies_take_no_more_memory_than_allowed(sqlite_parts: Parts) -> None:
    gate = Gate(sqlite_parts)
    gate.intake.room.most_bytes = 10 * len(json.dumps(won("D-0")))
    async with gate.parts.database.write():
        waiting = [asyncio.create_task(gate.post(won(f"D-{n}"), id=f"m{n}")) for n in range(9)]
        await in_hand(gate, waiting)
        assert (await gate.post(batch(won("D-8"), won("D-9")), id="late")).status == 503
    assert {reply.status for reply in await asyncio.gather(*waiting)} == {202}
    assert gate.intake.room.bytes == 0
    assert (await gate.post(batch(won("D-8"), won("D-9")), id="late")).status == 202


async def test_a_commit_holds_no_more_events_than_allowed(sqlite_gate: Gate) -> None:
    gate, commits, each = sqlite_gate, list[object](), KEYS // 10
    calls = [told("call_logged", contact={"id": "C"})] * each
    assert (await gate.post(won("D-0"), id="first")).status == 202
    async with gate.parts.database.write():
        waiting = [
            asyncio.create_task(gate.post(batch(*calls), id=f"m{place}")) for place in range(25)
        ]
        await in_hand(gate, waiting)
    event.listen(gate.parts.database.engine.sync_engine, "commit", commits.append)
    replies = await asyncio.gather(*waiting)
    assert {reply.body["accepted"] for reply in replies} == {each}
    assert len(commits) == 3


async def test_a_large_body_is_read_in_a_thread_and_a_small_one_where_it_is(
    sqlite_parts: Parts,
) -> None:
    native_ = load_providers()["native"]
    threads: list[threading.Thread] = []

    def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
        threads.append(threading.current_thread())
        return native_.parse(body, message_id, received_at)

    gate = Gate(sqlite_parts, providers={"native": replace(native_, parse=parse)})
    assert (await gate.post(won("D-1"), id="m1")).status == 202
    many = batch(*(won(f"D-{n}") for n in range(300)))
    assert (await gate.post(many, id="m2")).body["accepted"] == 300
    here = threading.current_thread()
    assert [thread is here for thread in threads] == [True, False]
    assert sqlite_parts.wake.large.is_set()


async def test_a_connection_whose_secret_cannot_be_read_is_alone_in_that(gate: Gate) -> None:
    await connect(gate.parts, native(id="other", token="other-token-0123456789"))
    async with gate.parts.database.write() as tx:
        spoilt = "UPDATE connections SET secrets = 'sealed with another key' WHERE id = 'other'"
        await tx.execute(text(spoilt))
    body = json.dumps(won("D-2")).encode()
    signed = webhook_headers(WEBHOOK_SECRET, "m2", body, time.time())
    reply = await gate.ask(body, signed, path="/webhooks/native/other-token-0123456789")
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    assert (await gate.post(won("D-1"), id="m1")).status == 202


# Who may


async def test_an_unknown_address_is_a_404(sqlite_gate: Gate) -> None:
    body = json.dumps(won()).encode()
    signed = webhook_headers(WEBHOOK_SECRET, "m1", body, time.time())
    for path in (
        "/webhooks/native/unknown-token-0123456789",
        "/webhooks/native/short",
        "/webhooks/native/" + "x" * 500,
        "/webhooks/native/",
        "/webhooks/nosuchcrm/" + WEBHOOK_TOKEN,
        "/webhooks/native/" + WEBHOOK_TOKEN + "/more",
        "/webhooks/native/\ufffd\x00" + "x" * 20,
    ):
        assert (await sqlite_gate.ask(body, signed, path=path)).status == 404, path
    # Also once the address is remembered for its own provider.
    assert (await sqlite_gate.ask(body, signed)).status == 202
    wrong = "/webhooks/nosuchcrm/" + WEBHOOK_TOKEN
    assert (await sqlite_gate.ask(body, signed, path=wrong)).status == 404


async def test_another_method_is_a_405(sqlite_gate: Gate) -> None:
    for method in ("GET", "PUT", "HEAD", "DELETE"):
        assert (await sqlite_gate.ask(b"", method=method)).status == 405


async def test_each_of_several_secrets_is_taken_during_a_rotation_and_the_old_one_ends_in_seconds(
    sqlite_gate: Gate,
) -> None:
    gate, parts = sqlite_gate, sqlite_gate.parts
    assert (await gate.post(won("D-1"), id="m1")).status == 202
    await connect(parts, native(secrets=(NEW_SECRET, WEBHOOK_SECRET)))
    gate = Gate(parts)
    assert (await gate.post(won("D-2"), id="m2", secret=NEW_SECRET)).status == 202
    assert (await gate.post(won("D-3"), id="m3", secret=WEBHOOK_SECRET)).status == 202
    await connect(parts, native(secrets=(NEW_SECRET,)))
    async with asyncio.timeout(20):
        # Remembered for a few seconds, then asked for again, without a restart.
        while (await gate.post(won("D-4"), id="m4", secret=WEBHOOK_SECRET)).status != 401:
            await asyncio.sleep(0.1)
    assert (await gate.post(won("D-5"), id="m5", secret=NEW_SECRET)).status == 202


# Hostile requests over real HTTP

HOSTILE_HEADERS: list[tuple[str, dict[str, str]]] = [
    ("no signature at all", {"webhook-signature": "none"}),
    ("an empty signature", {"webhook-signature": ""}),
    ("a timestamp that is no number", {"webhook-timestamp": "abc"}),
    ("a negative timestamp", {"webhook-timestamp": "-5"}),
    ("digits of another script", {"webhook-timestamp": "\u00b2\u00b3"}),
    ("a timestamp without end", {"webhook-timestamp": "9" * 400}),
    ("a fraction", {"webhook-timestamp": "1700000000.5"}),
    ("an empty id", {"webhook-id": ""}),
    ("an id beyond ASCII", {"webhook-id": "caf\u00e9"}),
    ("an id of 300 characters", {"webhook-id": "x" * 300}),
    ("a signature beyond ASCII", {"webhook-signature": "v1,\u00e9\u00e8"}),
    ("a thousand signatures", {"webhook-signature": "v1,AAAA " * 1000}),
    ("another version", {"webhook-signature": "v2,AAAA"}),
    ("a signature that is no base64", {"webhook-signature": "v1,%%%"}),
]


async def test_hostile_headers_are_a_401(sqlite_gate: Gate) -> None:
    body = json.dumps(won()).encode()
    right = webhook_headers(WEBHOOK_SECRET, "m1", body, time.time())
    statuses = {}
    for name, headers in HOSTILE_HEADERS:
        signed = {key: value for key, value in {**right, **headers}.items() if value != "none"}
        statuses[name] = (await sqlite_gate.ask(body, signed)).status
    assert set(statuses.values()) == {401}, statuses
    assert await sqlite_gate.stored() == []


async def test_a_request_more_than_five_minutes_off_is_a_401(sqlite_gate: Gate) -> None:
    body = json.dumps(won()).encode()
    for off, status in ((-302, 401), (302, 401), (-86400, 401), (86400, 401), (290, 202)):
        signed = webhook_headers(WEBHOOK_SECRET, "m1", body, time.time() + off)
        assert (await sqlite_gate.ask(body, signed)).status == status, off
    signed = webhook_headers(WEBHOOK_SECRET, "m1", body, time.time() - 290)
    assert (await sqlite_gate.ask(body, signed)).status == 202


async def test_a_signature_of_other_bytes_is_a_401_even_if_they_mean_the_same(
    sqlite_gate: Gate,
) -> None:
    body = json.dumps(won()).encode()
    signed = webhook_headers(WEBHOOK_SECRET, "m1", body, time.time())
    assert (await sqlite_gate.ask(body + b" ", signed)).status == 401


DATED = b'{"type": "deal_created", "timestamp": %s, "data": {"deal": {"id": "1"}}}'

HOSTILE_BODIES: list[tuple[str, bytes]] = [
    ("empty", b""),
    ("not UTF-8", b'{"type": "\xff\xfe"}'),
    ("not JSON", b"type=deal_closed"),
    ("a list", b"[]"),
    ("a number", b"7"),
    ("null", b"null"),
    ("very deep", b'{"type":' + b"[" * 5000 + b"]" * 5000 + b"}"),
    ("deep objects", b'{"a":' * 300 + b"1" + b"}" * 300),
    ("duplicate keys", b'{"type": "deal_closed", "type": "batch", "data": {}}'),
    ("NaN", b'{"type": "deal_created", "data": {"deal": {"id": "1", "value": NaN}}}'),
    ("Infinity", b'{"type": "deal_created", "data": {"deal": {"id": "1", "value": Infinity}}}'),
    ("a number of 5000 digits", b'{"type": "batch", "data": ' + b"9" * 5000 + b"}"),
    ("an exponent", b'{"type": "deal_created", "data": {"deal": {"id": "1", "value": 1e999}}}'),
    ("a type that is a list", b'{"type": ["deal_closed"], "data": {}}'),
    ("data that is text", b'{"type": "deal_closed", "data": "x"}'),
    ("no data", b'{"type": "deal_closed"}'),
    ("a date before dates", DATED % b'"0001-01-01T00:00:00+14:00"'),
    ("a time that is a huge number", DATED % b"1e300"),
    ("a minimal form of nothing", b'{"action": "x", "entity_type": "y", "entity_id": "z"}'),
    ("its own command", b'{"type": "command_used", "data": {}}'),
    ("a byte order mark", b"\xef\xbb\xbf{}"),
]


async def test_a_hostile_body_is_a_400_even_when_it_is_signed(sqlite_gate: Gate) -> None:
    replies = {
        name: await sqlite_gate.post(body, id=f"m{place}")
        for place, (name, body) in enumerate(HOSTILE_BODIES)
    }
    assert {reply.status for reply in replies.values()} == {400}, replies
    assert all(reply.body["error"] for reply in replies.values())


async def test_nul_and_half_surrogates_in_texts_and_ids_are_stored_as_what_can_be_stored(
    gate: Gate,
) -> None:
    hostile = "a\x00b\ud800c"
    deal = {"id": hostile, "title": hostile, "stage": hostile}
    reply = await gate.post(batch(told("deal_created", id=hostile, deal=deal)))
    assert (reply.status, reply.body["accepted"]) == (202, 1)
    body = json.dumps(batch({"id": hostile, "type": hostile, "data": {}})).encode()
    reply = await gate.post(body, id="m2")
    assert (reply.status, len(reply.body["rejected"])) == (202, 1)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
known_keys = st.sampled_from(
    ["type", "timestamp", "owner", "data", "deal", "contact", "task", "events", "id", "action"]
)
likely = st.sampled_from(["batch", "deal_closed", "task_completed", "call_logged", "created"])
bodies = st.dictionaries(known_keys, json_values | likely, max_size=6) | json_values


@given(value=bodies)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_json_makes_the_native_reader_fail_but_by_saying_what_is_wrong(value: object) -> None:
    body = json.dumps(value).encode()
    try:
        reading = native_provider.parse(body, "m1", datetime(2026, 11, 25, tzinfo=UTC))
    except PayloadError as error:
        str(error).encode()
    else:
        for event in reading.events:
            event.dedupe_key.encode()
        for _, why in reading.rejected:
            why.encode()


async def test_over_real_http_a_body_of_two_megabytes_is_a_413(sqlite_world: World) -> None:
    world = sqlite_world
    reply = await world.post(b'"' + b"x" * 2_000_000 + b'"')
    assert (reply.status, list(reply.body)) == (413, ["error"])

    async def pieces() -> Any:
        for _ in range(32):
            yield b"x" * 65_536

    async with world.http.post(world.webhook_url, data=pieces()) as response:
        assert response.status == 413
    assert (await world.post(won())).status == 202


async def test_over_real_http_the_native_webhook_answers_as_described(world: World) -> None:
    assert (await world.post(won(), id="m1")).body["accepted"] == 1
    assert (await world.post(won(), id="m1")).body["duplicates"] == 1
    assert (await world.post(b"[]", id="m2")).status == 400
    assert (await world.post(won(), headers={"webhook-signature": "v1,AAAA"})).status == 401
    assert (await world.request("POST", "/webhooks/native/nobody-knows-this-one")).status == 404
    reply = await world.request("GET", "/webhooks/native/" + WEBHOOK_TOKEN)
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    await world.restart()
    assert (await world.post(won(), id="m1")).body["duplicates"] == 1
