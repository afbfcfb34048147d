"""Access that ends is renewed: in time, after a refusal, once for all who wait, and kept."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.crm.caller import Caller, Impossible, Later
from bot.crm.calls import Account, Answer, Call
from bot.crm.parts import CrmParts
from bot.crm.setup import Identity, RefusedError, Renewing, Setup, Talk, granted
from bot.playground.crm.vendors.standin import Asked, Standin
from storage import connections
from storage.connections import Connection
from tests.bot.crm.running import running
from tests.bot.crm.sample_vendor import PROVIDER
from tests.bot.crm.test_sample_vendor import TOKEN
from tests.world import BEGINNING, WORKSPACE, connect, crm_of, running_parts


class Leased(Standin):
    """A vendor whose tokens are numbered: the newest alone is good."""

    newest = 1

    async def __call__(self, request: Request) -> Response:
        if request.url.path == "/token":
            # Long enough for others to come and want the same.
            await asyncio.sleep(0.1)
        return await super().__call__(request)

    def lets_in(self, asked: Asked) -> bool:
        return asked.path == "/token" or asked.headers.get("authorization") == f"n{self.newest}"

    def answer(self, asked: Asked) -> Response:
        if asked.path != "/token":
            return JSONResponse({"well": True})
        self.newest += 1
        return JSONResponse({"token": f"n{self.newest}"})


def due(account: Account, now: datetime) -> bool:
    return now >= datetime.fromisoformat(account.access.get("until", "2200-01-01T00:00:00+00:00"))


def renew(account: Account, now: datetime) -> Talk[Mapping[str, str]]:
    answer = granted((yield Call("POST", f"{account.address}/token")), "renew its access")
    until = (now + timedelta(hours=1)).isoformat()
    return {"token": json.loads(answer.body)["token"], "until": until}


def probe(account: Account) -> Talk[Identity]:
    answer = yield Call("GET", f"{account.address}/me", {"authorization": account.access["token"]})
    granted(answer, "see whose account it is")
    return Identity("A-1")


FIRST = {"token": "n1", "kept": "as it is"}
RENEWED = replace(PROVIDER, setup=Setup((), probe, renewing=Renewing(due, renew)))


@dataclass
class Lease:
    crm: CrmParts
    caller: Caller
    vendor: Leased
    connection: Connection

    async def ask(self, attempts: int = 1) -> Answer | Later | Impossible:
        account = await self.caller.account(self.connection)
        if not isinstance(account, Account):
            return account
        call = Call("GET", f"{account.address}/x", {"authorization": account.access["token"]})
        return await self.caller.make(self.connection, call, attempts)

    async def stored(self) -> Mapping[str, str]:
        async with self.crm.shared.database.read() as tx:
            found = await connections.one(tx, self.crm.shared.seal, WORKSPACE, "sample")
        assert found is not None
        return found.access


@pytest.fixture
async def lease(sqlite_url: str) -> AsyncIterator[Lease]:
    async with running_parts(sqlite_url) as parts, running(Leased()) as vendor:
        assert isinstance(vendor, Leased)
        crm = crm_of(parts, providers={"sample": RENEWED})
        made = Connection(WORKSPACE, "sample", "sample", TOKEN, (), "", vendor.url, access=FIRST)
        async with Caller(crm) as caller:
            yield Lease(crm, caller, vendor, await connect(parts, made))


async def test_what_is_good_is_not_renewed(lease: Lease) -> None:
    answer = await lease.ask()
    assert isinstance(answer, Answer)
    assert answer.ok
    assert [str(each) for each in lease.vendor.asked] == ["GET /x"]


async def test_what_has_ended_is_renewed_before_a_call_and_kept_for_every_process(
    lease: Lease,
) -> None:
    ended = {"token": "n1", "kept": "as it is", "until": BEGINNING.isoformat()}
    lease.connection = await connect(lease.crm.shared, replace(lease.connection, access=ended))
    answer = await lease.ask()
    assert isinstance(answer, Answer)
    assert answer.ok
    assert [str(each) for each in lease.vendor.asked] == ["POST /token", "GET /x"]
    stored = await lease.stored()
    assert (stored["token"], stored["kept"]) == ("n2", "as it is")
    # Another process has the connection as it was, and takes what is stored by now.
    async with Caller(lease.crm) as other:
        lease.caller = other
        assert isinstance(await lease.ask(), Answer)
    assert len(lease.vendor.calls(path="/token")) == 1


async def test_what_the_vendor_refuses_is_renewed_once_and_the_call_made_again(
    lease: Lease,
) -> None:
    lease.vendor.newest = 7
    assert isinstance(await lease.ask(), Later)
    answer = await lease.ask(2)
    assert isinstance(answer, Answer)
    assert answer.ok
    assert len(lease.vendor.calls(path="/token")) == 1


async def test_those_who_wait_for_it_have_it_renewed_once(lease: Lease) -> None:
    ended = {"token": "n1", "until": BEGINNING.isoformat()}
    lease.connection = await connect(lease.crm.shared, replace(lease.connection, access=ended))
    answers = await asyncio.gather(*(lease.ask() for _ in range(5)))
    assert all(isinstance(each, Answer) and each.ok for each in answers)
    assert len(lease.vendor.calls(path="/token")) == 1


async def test_a_vendor_that_does_not_renew_it_is_said(lease: Lease) -> None:
    lease.vendor.newest = 7
    assert isinstance(await lease.ask(), Later)
    lease.vendor.answers = [Response(status_code=400)]
    said = await lease.ask(2)
    assert isinstance(said, Impossible)
    assert said.why.startswith("The CRM did not let the coach renew its access (HTTP 400).")


async def test_a_refusal_that_stays_ends(lease: Lease) -> None:
    lease.vendor.newest = 7
    said: object = None
    for attempt in range(1, 8):
        lease.vendor.answers = []
        said = await lease.ask(attempt)
        # As if somebody else had the token renewed each time.
        lease.vendor.newest += 1
    assert isinstance(said, Answer)
    assert said.status == 401


async def test_a_talk_begins_with_what_is_good(lease: Lease) -> None:
    ended = {"token": "n1", "until": BEGINNING.isoformat()}
    lease.connection = await connect(lease.crm.shared, replace(lease.connection, access=ended))
    assert await lease.caller.talk(lease.connection, probe) == Identity("A-1")


async def test_a_talk_that_the_vendor_ends_says_why(lease: Lease) -> None:
    def refuse(account: Account) -> Talk[None]:
        yield Call("GET", f"{account.address}/x", {"authorization": account.access["token"]})
        raise RefusedError("Not today.")

    assert await lease.caller.talk(lease.connection, refuse) == Impossible("Not today.")
    lease.vendor.answers = [Response(status_code=503)]
    assert isinstance(await lease.caller.talk(lease.connection, refuse), Later)
