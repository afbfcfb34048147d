"""What the caller does not do: call into private networks, follow redirects, read without end."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from ipaddress import ip_address

import pytest
from starlette.responses import RedirectResponse, Response

from bot.crm.addresses import Guarded, PrivateAddressError, may_be_called
from bot.crm.caller import Caller, Impossible, Later
from bot.crm.calls import Answer, Call
from bot.crm.parts import CrmParts
from bot.runtime.loopback import is_loopback_name
from bot.runtime.parts import Parts
from storage.connections import Connection
from tests.bot.crm.sample_vendor import ACCESS, PROVIDER, Vendor, running_vendor
from tests.bot.crm.test_sample_vendor import sample
from tests.world import crm_of

AUTHORIZED = {"authorization": f"Bearer {ACCESS['token']}"}


@dataclass
class Line:
    crm: CrmParts
    caller: Caller
    vendor: Vendor
    connection: Connection

    async def get(
        self, url: str | None = None, connection: Connection | None = None
    ) -> Answer | Later | Impossible:
        call = Call("GET", url or f"{self.vendor.url}/stages", AUTHORIZED)
        return await self.caller.make(connection or self.connection, call, 1)


@pytest.fixture
async def line(sqlite_parts: Parts) -> AsyncIterator[Line]:
    crm = crm_of(sqlite_parts, providers={"sample": PROVIDER})
    async with running_vendor() as vendor, Caller(crm, largest=1000) as caller:
        yield Line(crm, caller, vendor, sample(vendor))


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.7/x",
        "https://[fd00::1]/x",
        "https://[::ffff:192.168.1.1]/x",
        "https://[64:ff9b::a00:7]/x",
        "https://[2002:a00:7::]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://224.0.0.1/x",
        "https://0.0.0.0/x",
        "http://crm.example.com/x",
        "ftp://crm.example.com/x",
        "https://",
    ],
)
async def test_what_is_not_public_is_not_called(line: Line, url: str) -> None:
    outcome = await line.get(url)
    assert isinstance(outcome, Impossible), outcome


@pytest.mark.parametrize(
    "host",
    [
        "10.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
        "\u2460\u2461\u2466.0.0.1",
        "127\u30020\u30020\u30021",
        "\uff4cocalhost",
    ],
)
async def test_what_one_reader_takes_for_a_name_and_another_for_an_address_is_not_called(
    line: Line, host: str
) -> None:
    elsewhere = replace(line.connection, callback_url="https://crm.example.com/")
    outcome = await line.get(f"https://{host}/x", elsewhere)
    assert isinstance(outcome, Impossible), outcome


async def test_what_can_be_no_name_is_tried_like_one_that_nobody_knows(line: Line) -> None:
    outcome = await line.get(f"https://{'a' * 64}.example.com/x")
    assert isinstance(outcome, Later)
    assert outcome.why == "no name of a host"


async def test_this_machine_is_called_only_for_a_connection_that_was_linked_to_it(
    line: Line,
) -> None:
    assert isinstance(await line.get(), Answer)
    elsewhere = replace(line.connection, callback_url="https://crm.example.com/x")
    assert await line.get(connection=elsewhere) == Impossible(
        "127.0.0.1 is inside a private network; it is not called."
    )
    by_name = line.vendor.url.replace("127.0.0.1", "localhost").replace("http:", "https:")
    outcome = await line.get(by_name, elsewhere)
    assert outcome == Impossible("localhost is inside a private network; it is not called.")
    assert len(line.vendor.asked) == 1


async def test_a_name_is_looked_up_for_the_very_connection_that_is_made() -> None:
    guarded, open_ = Guarded(loopback=False), Guarded(loopback=True)
    try:
        with pytest.raises(PrivateAddressError):
            await guarded.resolve("localhost", 80)
        assert await open_.resolve("localhost", 80)
    finally:
        await guarded.close()
        await open_.close()


async def test_a_redirect_is_an_answer_and_not_followed(line: Line) -> None:
    line.vendor.answers = [RedirectResponse(f"{line.vendor.url}/elsewhere", 307)]
    outcome = await line.get()
    assert isinstance(outcome, Answer)
    assert outcome.status == 307
    assert line.vendor.asked == ["GET /stages"]


async def test_an_answer_is_read_up_to_a_bound_and_never_unpacked(line: Line) -> None:
    line.vendor.answers = [
        Response(b"x" * 1000),
        Response(b"x" * 1001),
        Response(gzip.compress(b"x" * 100_000), headers={"content-encoding": "gzip"}),
    ]
    outcomes = [await line.get() for _ in range(3)]
    assert isinstance(outcomes[0], Answer)
    assert outcomes[1] == Impossible("The answer has more than 1,000 bytes.")
    assert isinstance(outcomes[2], Answer)
    assert len(outcomes[2].body) < 1000


async def test_what_is_told_of_a_failed_call_holds_no_secret_of_its_address(line: Line) -> None:
    outcome = await line.get("http://127.0.0.1:9/x?token=secret")
    assert isinstance(outcome, Later)
    assert "secret" not in outcome.why
    assert outcome.at > line.crm.shared.clock.now()


@pytest.mark.parametrize(
    ("address", "callable"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("::1", False),
        ("127.8.8.8", False),
        ("100.64.0.1", False),
        ("ff02::1", False),
    ],
)
def test_public_addresses_alone_may_be_called(address: str, callable: bool) -> None:
    assert may_be_called(ip_address(address)) is callable


def test_this_machine_is_known_by_its_name() -> None:
    assert all(map(is_loopback_name, ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "::1"]))
    assert not any(map(is_loopback_name, ["localhost.example.com", "10.0.0.1", "", "crm"]))
