"""Webhooks are looked at once a day, mended where the vendor allows it, and else told of."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from bot.crm.caller import Caller
from bot.crm.calls import Account, Call
from bot.crm.parts import CrmParts
from bot.crm.provider import History, Want
from bot.crm.setup import (
    Identity,
    Setup,
    Subscribing,
    Subscription,
    Talk,
    granted,
)
from bot.crm.watching import SILENCE, look_due, unheard
from storage import connections, fetches, troubles
from storage.connections import Connection
from storage.fetches import StoredFetch
from storage.troubles import Trouble
from tests.bot.crm.sample_vendor import ACCESS, PROVIDER, Vendor, running_vendor
from tests.bot.crm.test_sample_vendor import sample
from tests.world import BEGINNING, WORKSPACE, FixedClock, connect, crm_of, running_parts

DAY = timedelta(days=1)
LET_IN = {"authorization": f"Bearer {ACCESS['token']}"}


def subscribe(account: Account, url: str) -> Talk[Subscription]:
    answer = yield Call("POST", f"{account.address}/hooks", LET_IN)
    granted(answer, "subscribe")
    return Subscription(("h-2",), "told by the vendor")


def look(account: Account, url: str) -> Talk[str | None]:
    answer = yield Call("GET", f"{account.address}/hooks", LET_IN)
    if answer.status == 404:
        return "It was deleted."
    granted(answer, "look at its webhooks")
    return None


def unsubscribe(account: Account, url: str) -> Talk[None]:
    granted((yield Call("DELETE", f"{account.address}/hooks")), "end its webhooks")


def probe(account: Account) -> Talk[Identity]:
    answer = yield Call("GET", f"{account.address}/me", LET_IN)
    granted(answer, "see whose account it is")
    return Identity("A-1")


WATCHED = replace(
    PROVIDER,
    histories=(History("deal", "deals", since=True),),
    setup=Setup((), probe, subscribing=Subscribing(subscribe, look, unsubscribe)),
)
UNASKED = replace(PROVIDER, setup=Setup((), probe))


@dataclass
class Watch:
    crm: CrmParts
    caller: Caller
    vendor: Vendor
    connection: Connection
    looked: int = field(default=0)

    async def look(self, *answers: Response) -> int:
        self.vendor.answers = list(answers)
        return await look_due(self.crm, self.caller)

    def later(self, by: timedelta) -> None:
        clock = self.crm.shared.clock
        assert isinstance(clock, FixedClock)
        clock.advance(by)

    async def now(self) -> Connection:
        async with self.crm.shared.database.read() as tx:
            found = await connections.one(tx, self.crm.shared.seal, WORKSPACE, "sample")
        assert found is not None
        return found

    async def untold(self) -> list[Trouble]:
        async with self.crm.shared.database.read() as tx:
            return await troubles.untold(tx)


async def watch_over(url: str, provider: Any) -> AsyncIterator[Watch]:
    async with running_parts(url) as parts, running_vendor() as vendor:
        crm = crm_of(parts, providers={"sample": provider}, public_url="https://coach.example")
        connection = await connect(parts, sample(vendor, subscription=("h-1",)))
        async with parts.database.write() as tx:
            await connections.look(tx, WORKSPACE, "sample", BEGINNING)
        async with Caller(crm) as caller:
            yield Watch(crm, caller, vendor, connection)


@pytest.fixture
async def watch(database_url: str) -> AsyncIterator[Watch]:
    async for made in watch_over(database_url, WATCHED):
        yield made


@pytest.fixture
async def unasked(sqlite_url: str) -> AsyncIterator[Watch]:
    async for made in watch_over(sqlite_url, UNASKED):
        yield made


async def test_each_is_looked_at_once_a_day(watch: Watch) -> None:
    assert await watch.look() == 1
    assert await watch.look() == 0
    watch.later(DAY)
    assert await watch.look() == 1
    assert watch.vendor.asked == ["GET /hooks"] * 2
    assert await watch.untold() == []


async def test_what_the_vendor_has_ended_is_mended_and_what_was_missed_is_looked_for(
    watch: Watch,
) -> None:
    night = BEGINNING + timedelta(hours=15)
    history = StoredFetch(WORKSPACE, "sample", Want.HISTORY, "deal")
    async with watch.crm.shared.database.write() as tx:
        await fetches.ensure(tx, [history], night)
    await watch.look(Response(status_code=404), JSONResponse({}))
    assert watch.vendor.asked == ["GET /hooks", "POST /hooks"]
    after = await watch.now()
    assert (after.subscription, after.secrets) == (("h-2",), ("told by the vendor",))
    assert after.trouble is None
    (told,) = await watch.untold()
    assert (told.why, told.mended) == ("It was deleted.", True)
    async with watch.crm.shared.database.read() as tx:
        assert await fetches.any_due(tx, BEGINNING)


async def test_what_cannot_be_mended_from_here_is_told_until_it_is_well(watch: Watch) -> None:
    await watch.look(Response(status_code=404), Response(status_code=403))
    (told,) = await watch.untold()
    assert told.why.startswith("It was deleted. It could not be mended from here: ")
    assert not told.mended
    assert (await watch.now()).trouble == told.why
    watch.later(DAY)
    await watch.look(JSONResponse({}))
    (told,) = await watch.untold()
    assert told.mended
    assert (await watch.now()).trouble is None


async def test_credentials_that_are_refused_are_trouble(watch: Watch) -> None:
    await watch.look(Response(status_code=401))
    (told,) = await watch.untold()
    assert "copy them anew" in told.why


async def test_a_vendor_that_does_not_answer_is_asked_again_soon_and_is_no_trouble(
    watch: Watch,
) -> None:
    await watch.look(Response(status_code=503))
    assert await watch.untold() == []
    watch.later(timedelta(hours=1))
    assert await watch.look(JSONResponse({})) == 1


async def test_where_nobody_could_post_to_us_nothing_is_asked(watch: Watch) -> None:
    watch.crm = replace(watch.crm, public_url="")
    assert await watch.look() == 1
    assert watch.vendor.asked == []


async def test_without_an_api_what_the_night_finds_tells_that_nothing_comes(
    unasked: Watch,
) -> None:
    await unasked.look()
    assert await unasked.untold() == []
    parts = unasked.crm.shared
    async with parts.database.write() as tx:
        await connections.missed(tx, WORKSPACE, "sample", parts.clock.now())
    unasked.later(DAY)
    await unasked.look()
    (told,) = await unasked.untold()
    assert "it has posted nothing since it was linked" in told.why
    assert "`coach connect sample`" in told.why
    assert unasked.vendor.asked == ["GET /me"] * 2


async def test_without_an_api_credentials_that_are_refused_are_trouble_too(
    unasked: Watch,
) -> None:
    await unasked.look(Response(status_code=401))
    (told,) = await unasked.untold()
    assert "copy them anew" in told.why
    unasked.later(DAY)
    await unasked.look(Response(status_code=503))
    assert (await unasked.now()).trouble is not None
    unasked.later(DAY)
    await unasked.look(JSONResponse({}))
    assert (await unasked.now()).trouble is None


def test_webhooks_that_came_lately_are_no_trouble() -> None:
    made = Connection(WORKSPACE, "s", "sample", "t", (), "", missed_at=BEGINNING)
    assert unheard(replace(made, last_delivery_at=BEGINNING - SILENCE / 2)) is None
    silent = unheard(replace(made, last_delivery_at=BEGINNING - SILENCE))
    assert silent is not None
    assert "since 2026-11-24" in silent
    assert "--id s`" in silent
