"""`coach replay`: what failed is run again after a fix, here and now."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from bot.crm.calls import Call
from bot.crm.provider import Account, Fetch, Want
from bot.terminal.replay import replay
from coach.models import SubjectKind, Task
from coach.phrases import say
from coach.writes import CompleteTask
from storage import connections, crm_writes, deliveries, fetches, messages, mirror
from storage.crm_writes import StoredWrite
from storage.database import Database, Tx
from storage.deliveries import NewDelivery
from storage.fetches import StoredFetch
from storage.messages import Message
from storage.sealing import Seal
from storage.tables import deliveries as delivery_table
from storage.tables import messages as message_table
from storage.workspaces import DEFAULT
from tests.bot.crm.sample_vendor import PROVIDER, running_vendor
from tests.bot.crm.test_sample_vendor import sample
from tests.bot.terminal.conftest import Coach
from tests.world import connect, running_parts, settings_for

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
    assert (one.code, one.out.strip()) == (0, "Run again: 1 delivery.")
    counts = store(lambda tx: deliveries.counts(tx, DEFAULT))
    assert counts == {"failed": 1}
    things = store(lambda tx: mirror.counts(tx, DEFAULT))
    assert isinstance(things, dict)
    assert things["contact"] == 1


def test_an_id_that_did_not_fail_is_refused(coach: Coach, store: InStore) -> None:
    ran = coach("replay", "nonsense")
    assert ran.code == 1
    assert ran.err.startswith("nonsense is not among what failed")


async def given_up(tx: Tx) -> None:
    """Two look-ups that the CRM refused."""
    wanted = [StoredFetch(DEFAULT, "native", "thing", "deal", id) for id in ("17", "18")]
    await fetches.add(tx, wanted, NOW)
    for each in wanted:
        await fetches.fail(tx, each, "HTTP 403")


def broken(coach: Coach) -> set[str]:
    """Where the doctor finds faults; Slack apart, which is not set up here."""
    found = json.loads(coach("doctor", "--json").out)["findings"]
    return {each["area"] for each in found if each["state"] == "fault"} - {"slack"}


def test_what_cannot_be_read_is_set_aside_and_is_no_fault_any_more(
    coach: Coach, store: InStore
) -> None:
    store(lambda tx: deliveries.accept(tx, [refused(f"d{n}") for n in range(28)]))
    store(given_up)
    assert broken(coach) == {"deliveries", "look-ups"}
    assert "`coach replay --set-aside`" in coach("doctor").out
    ran = coach("replay", "--set-aside")
    assert ran.code == 0
    assert ran.out.startswith("Set aside: 28 deliveries, 2 look-ups.\n")
    assert broken(coach) == set()
    found = coach("doctor").out
    assert "28 set aside." in found
    assert "d27  " not in found
    listed = coach("doctor", "--all").out
    assert "d0  the body must be an object" in listed
    assert "deal 17 of native: HTTP 403" in listed
    again = coach("replay")
    assert (again.code, again.out.strip()) == (0, "Nothing had failed; nothing was run again.")
    none = coach("replay", "--set-aside")
    assert (none.code, none.out.strip()) == (
        0, "No delivery or look-up had failed; nothing was set aside."
    )  # fmt: skip
    # A look-up comes back by itself when the CRM names the thing again.
    store(lambda tx: fetches.add(tx, [StoredFetch(DEFAULT, "native", "thing", "deal", "17")], NOW))
    assert store(lambda tx: fetches.counts(tx, DEFAULT)) == {"aside": 1, "waiting": 1}


def test_single_deliveries_are_set_aside_and_brought_back_by_their_ids(
    coach: Coach, store: InStore
) -> None:
    store(lambda tx: deliveries.accept(tx, [refused("d1"), refused("d2")]))
    store(given_up)
    assert coach("replay", "--set-aside", "d1").out.startswith("Set aside: 1 delivery.\n")
    assert store(lambda tx: deliveries.counts(tx, DEFAULT)) == {"failed": 1, "aside": 1}
    assert store(lambda tx: fetches.counts(tx, DEFAULT)) == {"failed": 2}
    # It is aside already.
    assert coach("replay", "--set-aside", "d1").err.startswith("d1 is not among what failed")
    store(lambda tx: tx.execute(update(delivery_table).values(body=GOOD)))
    assert coach("replay", "d1").out.strip() == "Run again: 1 delivery."
    assert store(lambda tx: deliveries.counts(tx, DEFAULT)) == {"failed": 1}


def test_a_change_that_a_person_made_is_not_set_aside(coach: Coach, store: InStore) -> None:
    write = StoredWrite(DEFAULT, "k1", "f", say("Completed “Call”"), CompleteTask("native", "T-1"))

    async def failed(tx: Tx) -> None:
        await crm_writes.add(tx, write, NOW)
        await crm_writes.fail(tx, write, "HTTP 410")

    store(failed)
    ran = coach("replay", "--set-aside", "k1")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("k1 is not among")
    assert "nothing was set aside" in coach("replay", "--set-aside").out
    assert store(lambda tx: crm_writes.counts(tx, DEFAULT)) == {"failed": 1}


def test_a_list_that_is_cut_says_how_much_more_there_is_and_how_to_see_it(
    coach: Coach, store: InStore
) -> None:
    store(lambda tx: deliveries.accept(tx, [refused(f"d{n}") for n in range(1028)]))
    ran = coach("replay").out.splitlines()
    assert ran[1] == "Failed again: 1,028."
    assert len(ran) == 2 + 20 + 1
    assert ran[-1] == "  and 1,008 more; `coach doctor --all` lists them all."
    found = coach("doctor").out
    assert len(re.findall(r"^ +d\d+  ", found, re.M)) == 5
    assert "and 1,023 more; `coach doctor --all` lists them all." in found
    (told,) = (
        each for each in json.loads(coach("doctor", "--json").out)["findings"] if each["details"]
    )
    assert (len(told["details"]), told["more"]) == (5, 1023)
    whole = coach("doctor", "--all").out
    assert len(re.findall(r"^ +d\d+  ", whole, re.M)) == 1028
    assert " more;" not in whole


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
    assert (ran.code, ran.out.strip()) == (0, "Run again: 1 change for the CRM.")
    (body,) = came
    assert json.loads(body)["data"]["task"]["title"] == "Call"


def test_a_change_that_may_be_there_is_run_again_by_its_id_alone(
    coach: Coach, store: InStore
) -> None:
    async def lost(tx: Tx) -> None:
        write = StoredWrite(DEFAULT, "in-doubt", "f", say("Created"), CompleteTask("native", "T-1"))
        await crm_writes.add(tx, write, NOW)
        await crm_writes.fail(tx, write, "the answer was lost", in_doubt=True)

    coach("connect", "native", "--json")
    store(lost)
    ran = coach("replay")
    assert ran.code == 0
    assert "Left alone: 1. The CRM may have these changes" in ran.out
    assert "  in-doubt\n" in ran.out
    assert store(lambda tx: crm_writes.counts(tx, DEFAULT)) == {"failed": 1}
    # It has nowhere to go here, so that it fails; but it was tried.
    ran = coach("replay", "in-doubt")
    assert "1 change for the CRM" in ran.out
    assert "Failed again: 1." in ran.out


def test_a_look_up_that_fails_again_and_messages_that_the_server_sends_are_told(
    coach: Coach, store: InStore
) -> None:
    async def failed(tx: Tx) -> None:
        await given_up(tx)
        await messages.make(tx, [(Message(DEFAULT, "welcome:1", "welcome", "U1"), [])], NOW)
        await tx.execute(update(message_table).values(state="failed", error="x"))

    store(failed)
    ran = coach("replay")
    assert ran.code == 1
    assert "Run again: 2 look-ups, 1 message (sent by `coach serve`)." in ran.out
    assert "  deal 17 of native  nothing of this sort can be looked up" in ran.out


async def test_what_was_given_up_is_looked_up_here_and_now_with_our_apps_secret(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(account: Account, fetch: Fetch) -> Call:
        assert account.app["secret"] == "ours"
        return PROVIDER.fetching[Want.THING].call(account, fetch)

    thing = replace(PROVIDER.fetching[Want.THING], call=call)
    provider = replace(PROVIDER, fetching={Want.THING: thing})
    deal = StoredFetch(DEFAULT, "sample", "thing", "deal", "17")
    settings = settings_for(database_url, coach_crm_apps={"sample": {"secret": SecretStr("ours")}})
    async with running_parts(database_url) as parts, running_vendor() as vendor:
        vendor.deals["17"] = {
            "id": "17", "name": "Acme", "stage": "7", "owner": "77", "at": NOW.isoformat(),
        }  # fmt: skip
        await connect(parts, sample(vendor))
        async with parts.database.write() as tx:
            await fetches.add(tx, [deal], NOW)
            await fetches.fail(tx, deal, "HTTP 403")
        assert await replay(settings, None, providers={"sample": provider}) == 0
        assert vendor.asked == ["GET /deals/17"]
        async with parts.database.read() as tx:
            known = await mirror.load(tx, SubjectKind.DEAL, DEFAULT, "sample", ["17"])
            assert await fetches.counts(tx, DEFAULT) == {}
    assert set(known) == {"17"}
    assert capsys.readouterr().out.strip() == "Run again: 1 look-up."
