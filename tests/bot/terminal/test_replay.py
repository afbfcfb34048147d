"""`coach replay`: what failed is run again after a fix, here and now."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from sqlalchemy import update

from coach.models import Task
from coach.phrases import say
from coach.writes import CompleteTask
from storage import connections, crm_writes, deliveries, mirror
from storage.crm_writes import StoredWrite
from storage.database import Database, Tx
from storage.deliveries import NewDelivery
from storage.sealing import Seal
from storage.tables import deliveries as delivery_table
from storage.workspaces import DEFAULT
from tests.bot.terminal.conftest import Coach

KEY = "Xv0rQmEJQ3rKq1oUo4kR0m0eQ6m2m0o3m8qN5e2y0aE="
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
GOOD = b'{"type": "contact_created", "data": {"contact": {"id": "C-1", "name": "Ann"}}}'

InStore = Callable[[Callable[[Tx], Awaitable[object]]], object]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, database_url: str, coach: Coach) -> InStore:
    """A database with a connection; runs what it is given in a transaction."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COACH_SECRET_KEYS", KEY)
    assert coach("connect", "native").code == 0

    async def within(work: Callable[[Tx], Awaitable[object]]) -> object:
        database = Database(database_url)
        try:
            async with database.write() as tx:
                return await work(tx)
        finally:
            await database.close()

    return lambda work: asyncio.run(within(work))


def refused(id: str) -> NewDelivery:
    return NewDelivery(DEFAULT, id, "native", id, NOW, b"[]", (), "the body must be an object")


def test_nothing_to_run_again_is_said_and_well(coach: Coach, store: InStore) -> None:
    ran = coach("replay")
    assert (ran.code, ran.out.strip()) == (0, "Nothing had failed; nothing was run again.")


def test_a_delivery_counts_once_it_can_be_read(coach: Coach, store: InStore) -> None:
    store(lambda tx: deliveries.accept(tx, [refused("d1"), refused("d2")]))
    still = coach("replay")
    assert still.code == 1
    assert "Run again: 2 deliveries." in still.out
    assert "Failed again: 2." in still.out
    # The fix: the provider would read it now, as it reads this body.
    store(lambda tx: tx.execute(update(delivery_table).values(body=GOOD)))
    one = coach("replay", "d1")
    assert (one.code, one.out.strip()) == (0, "Run again: 1 deliveries.")
    counts = store(lambda tx: deliveries.counts(tx, DEFAULT))
    assert counts == {"failed": 1}
    things = store(lambda tx: mirror.counts(tx, DEFAULT))
    assert isinstance(things, dict)
    assert things["contact"] == 1


def test_an_id_that_did_not_fail_is_refused(coach: Coach, store: InStore) -> None:
    ran = coach("replay", "nonsense")
    assert ran.code == 1
    assert ran.err.startswith("nonsense is not among what failed")


@pytest.fixture
def crm() -> Iterator[tuple[str, list[bytes]]]:
    """A CRM's callback that takes everything: its address and what came."""
    came: list[bytes] = []

    class Callback(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Callback)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", came
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_change_reaches_the_crm_after_its_callback_was_mended(
    coach: Coach, store: InStore, crm: tuple[str, list[bytes]]
) -> None:
    url, came = crm
    write = StoredWrite(DEFAULT, "k1", "f", say("Completed “Call”"), CompleteTask("native", "T-1"))

    async def failed(tx: Tx) -> None:
        await mirror.save(tx, DEFAULT, [Task("native", "T-1", "Call")])
        await crm_writes.add(tx, write, NOW)
        await crm_writes.fail(tx, write, "HTTP 410")

    store(failed)
    assert "k1  the connection has nowhere to tell of it" in coach("replay").out

    async def mended(tx: Tx) -> None:
        (found,) = await connections.of_workspace(tx, Seal([KEY]), DEFAULT)
        await connections.save(tx, Seal([KEY]), replace(found, callback_url=url), NOW)

    store(mended)
    ran = coach("replay", "k1")
    assert (ran.code, ran.out.strip()) == (0, "Run again: 1 changes for the CRM.")
    (body,) = came
    assert json.loads(body)["data"]["task"]["title"] == "Call"
