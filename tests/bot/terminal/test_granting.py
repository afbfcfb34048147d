"""`coach connect` in a browser: what it prints, waits for and refuses."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from bot.app import build, web_config
from bot.coaching.connecting import ConnectError
from bot.playground.crm.vendors.hubspot import PORTAL, TOKEN, Hubspot
from bot.playground.crm.vendors.oauth import CLIENT_ID, CLIENT_SECRET
from bot.runtime.settings import load
from bot.terminal import granting
from tests.bot.crm.running import beside
from tests.bot.crm.test_granting import Desk, at_work
from tests.bot.terminal.conftest import Coach
from tests.world import address, listening, serving

GIVEN = ("--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET)


@pytest.fixture
def hubspot() -> Iterator[Hubspot]:
    with beside(Hubspot()) as standin:
        assert isinstance(standin, Hubspot)
        yield standin


@pytest.fixture
async def desk(sqlite_url: str) -> AsyncIterator[Desk]:
    async with at_work(sqlite_url, Hubspot()) as made:
        yield made


def test_an_account_is_linked_by_the_pages_of_the_running_coach(
    coach: Coach, hubspot: Hubspot, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = listening()
    public = address(on)
    monkeypatch.setenv("COACH_PUBLIC_URL", public)
    ran = coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url, "--json")
    assert ran.code == 0, ran.err
    told = json.loads(ran.out)
    assert told["redirect"] == f"{public}/crm/hubspot/callback"
    assert coach("connections", "--json").out.strip() == "[]"

    async def allow() -> str:
        bot = build(load())
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            serving(web_config(bot), on),
            aiohttp.ClientSession(cookie_jar=jar, trust_env=False) as http,
            http.get(told["open"]) as answer,
        ):
            return await answer.text()

    assert "is linked as “hubspot”" in asyncio.run(allow())
    (one,) = json.loads(coach("connections", "--json").out)
    assert (one["id"], one["account"], one["oauth"]) == ("hubspot", PORTAL, True)
    out = coach("connections").out
    assert f"hubspot (hubspot, HubSpot account {PORTAL}, by OAuth)" in out
    assert "Connection hubspot (by OAuth): nothing has come yet" in coach("doctor").out
    # It is shown, and nothing is asked for, as of any other.
    again = coach("connect", "hubspot")
    assert again.code == 0, again.err
    assert f"Target URL: {public}/webhooks/hubspot\n" in again.out
    copied = coach("connect", "hubspot", "--token", TOKEN)
    assert copied.err.startswith("hubspot needs more: --client-secret")


def test_the_link_and_what_to_enter_are_printed(
    coach: Coach, hubspot: Hubspot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", "https://coach.example.com")
    ran = coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url)
    assert ran.code == 0, ran.err
    assert "\n  https://coach.example.com/crm/hubspot/callback\n" in ran.out
    assert "\n  https://coach.example.com/crm/hubspot/connect?link=" in ran.out
    assert "`coach connections` shows what has come of it." in ran.out
    assert CLIENT_SECRET not in ran.out
    assert not hubspot.asked


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("hubspot", "--oauth"), "set COACH_PUBLIC_URL"),
        (("hubspot", *GIVEN, "--token", "x"), "Give either --token, or --client-id"),
        (("hubspot", *GIVEN, "--rotate"), "not for hubspot"),
        (("close", "--oauth"), "close has no OAuth here"),
        (("native", "--oauth"), "native takes no credentials"),
    ],
)
def test_what_does_not_fit_is_refused(coach: Coach, arguments: tuple[str, ...], said: str) -> None:
    ran = coach("connect", *arguments)
    assert ran.code == 1
    assert said in ran.err


async def test_who_waits_is_told_what_comes_of_it(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, looked = await desk.begin(), 0

    async def meanwhile(seconds: float) -> None:
        nonlocal looked
        looked += 1
        desk.app.denies = "access_denied" if looked == 1 else ""
        await desk.me.open(begun.address)

    await granting.wait(desk.crm, "hubspot", begun, meanwhile)
    out = capsys.readouterr().out
    assert out.startswith("You did not allow it at HubSpot")
    assert f"HubSpot account {PORTAL} is linked as “hubspot”.\n" in out
    assert "Target URL: " in out
    assert looked == 2


async def test_who_waits_is_told_when_the_link_has_run_out(desk: Desk) -> None:
    begun = await desk.begin()

    async def meanwhile(seconds: float) -> None:
        desk.later(begun.expires_at - desk.crm.shared.clock.now())

    with pytest.raises(ConnectError, match="has run out"):
        await granting.wait(desk.crm, "hubspot", begun, meanwhile)
