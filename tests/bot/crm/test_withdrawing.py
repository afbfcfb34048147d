"""A vendor that tells who has removed the app: what was granted is dropped, and it is told."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.crm import fetching
from bot.crm.caller import Caller, Impossible
from bot.crm.connecting import with_given
from bot.crm.oauth import BROUGHT
from bot.playground.crm.vendors.hubspot import Hubspot
from bot.playground.crm.vendors.oauth import CLIENT_ID, CLIENT_SECRET
from bot.playground.crm.vendors.pipedrive import COMPANY, Pipedrive
from storage import troubles
from tests.bot.crm.test_granting import Desk, at_work

TOLD = {
    "client_id": CLIENT_ID,
    "company_id": COMPANY,
    "user_id": 77,
    "timestamp": "2026-11-25T10:00:00",
}


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    """Pipedrive, linked in the browser by the member of number 77."""
    async with at_work(sqlite_url, Pipedrive()) as made:
        page = await made.me.open((await made.begin()).address)
        assert page.status == 200, page.text
        made.vendor.asked.clear()
        yield made


async def tell(
    desk: Desk,
    told: Any = TOLD,
    *,
    secret: str = CLIENT_SECRET,
    scheme: str = "Basic",
    provider: str = "pipedrive",
) -> int:
    """What the vendor sends to the redirect address; the status of the answer."""
    pair = base64.b64encode(f"{CLIENT_ID}:{secret}".encode()).decode()
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.delete(
            f"{desk.crm.public_url}/crm/{provider}/callback",
            data=body,
            headers={"authorization": f"{scheme} {pair}", "content-type": "application/json"},
        ) as answer,
    ):
        await answer.read()
        return answer.status


async def trouble(desk: Desk) -> list[str]:
    async with desk.crm.shared.database.read() as tx:
        return [each.why for each in await troubles.untold(tx)]


async def test_what_was_granted_is_dropped_and_nothing_is_asked_with_it(desk: Desk) -> None:
    assert await tell(desk) == 200
    connection = await desk.linked()
    assert not any(connection.access.get(name) for name in ("access_token", "refresh_token"))
    (why,) = await trouble(desk)
    assert why == (
        "The app was removed at Pipedrive, which takes the coach’s access away. Grant it anew: "
        "`/coach connect` in Slack, or `coach connect pipedrive --oauth`."
    )
    async with Caller(desk.crm) as caller:
        account = await caller.account(connection)
        assert isinstance(account, Impossible)
        assert "Grant it anew" in account.why
        while await fetching.fetch_due(desk.crm, caller):
            pass
    assert desk.vendor.asked == []
    # It is told once more, as vendors do.
    assert await tell(desk) == 200
    assert len(await trouble(desk)) == 1


async def test_granted_anew_it_is_as_before_and_the_app_is_known_still(desk: Desk) -> None:
    assert await tell(desk) == 200
    page = await desk.me.open((await desk.begin({})).address)
    assert page.status == 200, page.text
    connection = await desk.linked()
    assert connection.granted
    assert "withdrawn" in BROUGHT
    assert not connection.access.get("withdrawn")
    async with Caller(desk.crm) as caller:
        assert not isinstance(await caller.account(connection), Impossible)


async def test_a_token_that_is_given_instead_counts(desk: Desk) -> None:
    assert await tell(desk) == 200
    connection = with_given(await desk.linked(), {"api_token": "another-token"})
    assert connection.access["api_token"] == "another-token"
    assert not connection.access.get("withdrawn")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"secret": "another"}, 401),
        ({"secret": ""}, 401),
        ({"scheme": "Bearer"}, 401),
        ({"told": {**TOLD, "company_id": 1}}, 401),
        # Somebody else of the same company, who had allowed the app as well.
        ({"told": {**TOLD, "user_id": 78}}, 200),
        ({"told": {"client_id": CLIENT_ID}}, 400),
        ({"told": [TOLD]}, 400),
        ({"told": b"\xff"}, 400),
        ({"told": b" " * 10_001}, 400),
        ({"provider": "close"}, 405),
        ({"provider": "nobody"}, 405),
    ],
)
async def test_whoever_else_tells_it_changes_nothing(
    desk: Desk, changed: dict[str, Any], status: int
) -> None:
    assert await tell(desk, **changed) == status
    assert (await desk.linked()).granted
    assert await trouble(desk) == []


async def test_a_vendor_that_tells_nothing_of_it_is_not_listened_to(sqlite_url: str) -> None:
    async with at_work(sqlite_url, Hubspot()) as desk:
        assert await tell(desk, provider="hubspot") == 405
