"""`/coach connect`: for the administrator alone, secrets told once, and linked once."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, update

from bot.coaching.connecting import ConnectError, FieldError
from bot.crm import worker
from bot.crm.intake import Intake
from bot.crm.links import Links
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.playground.crm.vendors.close import Close
from bot.playground.crm.vendors.hubspot import PORTAL, SECRET, TOKEN, Hubspot
from bot.playground.crm.vendors.oauth import CLIENT_ID, CLIENT_SECRET
from bot.playground.slack.api import Message
from coach.wording import plain
from storage import connections, grants, tables, workspaces
from storage.connections import Connection
from tests.bot.crm.running import beside
from tests.bot.surface import ANA, CHRIS, CRM, WS, Surface, staged, words

PUBLIC = "https://coach.example.com"

#: The button that tests the native link.
TESTED: dict[str, Any] = {"action_id": "connect:test", "block_id": "connect:native"}

GIVEN = {"token": TOKEN, "client_secret": SECRET}


@pytest.fixture
def hubspot() -> Iterator[Hubspot]:
    with beside(Hubspot()) as standin:
        assert isinstance(standin, Hubspot)
        yield standin


@pytest.fixture
async def office(database_url: str, hubspot: Hubspot) -> AsyncIterator[Surface]:
    """The Slack side, with HubSpot's API beside it."""
    async with staged(database_url, api_urls={"hubspot": hubspot.url}, public_url=PUBLIC) as made:
        yield made


async def listed(surface: Surface, who: str = CHRIS) -> Message:
    assert (await surface.slack.command(who, "/coach connect")).ok
    await surface.settle()
    return [each for each in surface.slack.messages(who) if each.ephemeral][-1]


async def chosen(surface: Surface, vendor: str) -> dict[str, Any]:
    """The window for a vendor."""
    message = await listed(surface)
    await surface.slack.press(CHRIS, message.ts, action_id="connect:choose", choose=vendor)
    await surface.settle()
    return surface.view(CHRIS)


async def stored(surface: Surface) -> dict[str, Connection]:
    async with surface.parts.database.read() as tx:
        every = await connections.of_workspace(tx, surface.parts.seal, WS)
    return {each.id: each for each in every}


async def said_of(surface: Surface) -> str:
    await listed(surface)
    return surface.ephemerals(CHRIS)[-1]


def crm_of(surface: Surface) -> CrmParts:
    return CrmParts(surface.parts, load_providers(), public_url=PUBLIC)


def links_of(surface: Surface, hubspot: Hubspot) -> Links:
    crm = crm_of(surface)
    return Links(crm, Intake(crm), {"hubspot": hubspot.url})


async def deliveries_of(surface: Surface, connection_id: str) -> list[Any]:
    row = tables.deliveries
    query = select(row).where(row.c.connection_id == connection_id).order_by(row.c.id)
    async with surface.parts.database.read() as tx:
        return list(await tx.execute(query))


async def everything_kept(surface: Surface) -> str:
    """Every row of every table, as it is stored."""
    async with surface.parts.database.read() as tx:
        return repr([list(await tx.execute(select(t))) for t in tables.metadata.sorted_tables])


async def test_who_is_not_the_administrator_is_told_who_is(office: Surface) -> None:
    message = await listed(office, ANA)
    assert "Chris Vale, who administers the coach" in office.ephemerals(ANA)[-1]
    assert "connect:choose" not in json.dumps(message.blocks)


async def test_who_administers_no_more_neither_opens_links_nor_tests(office: Surface) -> None:
    await chosen(office, "native")
    assert (await office.submit(CHRIS, {})).ok
    message = await listed(office)
    for vendor in ("hubspot", "hubspot:oauth"):
        async with office.parts.database.write() as tx:
            await workspaces.change(tx, WS, administrator=CHRIS)
        await chosen(office, vendor)
        async with office.parts.database.write() as tx:
            await workspaces.change(tx, WS, administrator=ANA)
        assert (await office.submit(CHRIS, {**GIVEN, "client_id": CLIENT_ID})).ok
        assert "Ana Ruiz, who administers the coach" in words(office.view(CHRIS))
    assert "Ana Ruiz, who administers the coach" in words(office.view(CHRIS))
    assert set(await stored(office)) == {CRM, "native"}
    menu: dict[str, Any] = {"action_id": "connect:choose", "choose": "close"}
    for control in (menu, TESTED):
        await office.slack.press(CHRIS, message.ts, **control)
        await office.settle()
        assert "Ana Ruiz, who administers the coach" in office.ephemerals(CHRIS)[-1]
    assert await deliveries_of(office, "native") == []


async def test_what_is_linked_is_shown_with_how_it_is(office: Surface) -> None:
    await listed(office)
    said = office.ephemerals(CHRIS)[-1]
    assert "c1 (native): no webhook has come yet." in said
    now = office.clock.now()
    async with office.parts.database.write() as tx:
        row = tables.connections
        await tx.execute(update(row).values(last_delivery_at=now))
    await listed(office)
    assert "c1 (native): well; last heard of Mon 23 Nov" in office.ephemerals(CHRIS)[-1]


async def test_credentials_that_are_refused_stay_in_the_window(office: Surface) -> None:
    view = await chosen(office, "hubspot")
    assert "no field that hides it" in words(view)
    refused = await office.submit(CHRIS, {**GIVEN, "token": "pat-wrong"})
    assert list(refused.errors) == ["token"]
    assert "copy them anew" in refused.errors["token"]
    blank = await office.submit(CHRIS, {**GIVEN, "client_secret": "  "})
    assert blank.errors == {"client_secret": "Please fill this in."}
    assert set(await stored(office)) == {CRM}
    # The window is still there, to be corrected.
    assert office.view(CHRIS)["callback_id"] == "connect"
    assert (await office.submit(CHRIS, GIVEN)).ok
    assert set(await stored(office)) == {CRM, "hubspot"}


async def test_an_account_is_linked_with_what_to_click_and_its_secrets_stay_here(
    office: Surface, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await chosen(office, "hubspot")
    assert (await office.submit(CHRIS, GIVEN)).ok
    told = words(office.view(CHRIS))
    link = (await stored(office))["hubspot"]
    assert f"HubSpot account {PORTAL} is linked." in told
    assert f"Target URL: https://coach.example.com/webhooks/hubspot/{link.token}" in told
    assert "change something in the CRM" in told
    assert link.access == {**link.access, **GIVEN}
    for secret in (TOKEN, SECRET, link.token):
        assert secret not in caplog.text
        assert secret not in json.dumps([m.blocks for m in office.slack.messages(CHRIS)])
        assert secret not in await everything_kept(office)
    assert TOKEN not in told
    assert SECRET not in told
    await listed(office)
    assert (
        f"hubspot (HubSpot account {PORTAL}): no webhook has come" in office.ephemerals(CHRIS)[-1]
    )


async def test_a_browser_is_opened_for_who_administers_and_what_was_typed_is_kept_sealed(
    office: Surface, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    view = await chosen(office, "hubspot:oauth")
    redirect = f"{PUBLIC}/crm/hubspot/callback"
    assert redirect in words(view)
    client = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    refused = await office.submit(CHRIS, {**client, "client_secret": " "})
    assert "needs the client secret of your app" in refused.errors["client_secret"]
    assert (await office.submit(CHRIS, client)).ok
    view = office.view(CHRIS)
    (pressed,) = (e for b in view["blocks"] if b["type"] == "actions" for e in b["elements"])
    assert pressed["url"].startswith(f"{PUBLIC}/crm/hubspot/connect?link=")
    assert redirect in words(view)
    link = pressed["url"].partition("link=")[2]
    async with office.parts.database.read() as tx:
        grant = await grants.by_link(tx, office.parts.seal, link)
    assert grant is not None
    assert (grant.workspace_id, dict(grant.client)) == (WS, client)
    for secret in (CLIENT_SECRET, link):
        assert secret not in await everything_kept(office)
        assert secret not in caplog.text
    # Slack tells of the press as of any other.
    await office.slack.press_in_view(CHRIS, view["id"], label="Open HubSpot")
    await office.settle()
    assert office.view(CHRIS)["id"] == view["id"]
    assert set(await stored(office)) == {CRM}


async def test_secrets_are_shown_once_and_nothing_is_linked_twice(office: Surface) -> None:
    for vendor, given in (("native", {}), ("hubspot", GIVEN)):
        await chosen(office, vendor)
        assert (await office.submit(CHRIS, given)).ok
        link = (await stored(office))[vendor]
        secrets = [link.token, *link.secrets, *([link.bearer] if link.bearer else [])]
        shown = words(office.view(CHRIS))
        assert link.token in shown
        if vendor == "native":
            assert all(secret in shown for secret in secrets)
        await chosen(office, vendor)
        assert (await office.submit(CHRIS, {})).ok
        again = words(office.view(CHRIS))
        assert "was linked before and still is" in again
        assert not any(secret in again for secret in secrets)
        assert (await stored(office))[vendor] == link
    assert set(await stored(office)) == {CRM, "native", "hubspot"}


@pytest.mark.parametrize("vendor", ["native", "hubspot"])
async def test_pressed_many_times_at_once_it_is_linked_once_and_told_once(
    office: Surface, hubspot: Hubspot, vendor: str
) -> None:
    links = links_of(office, hubspot)
    made = await asyncio.gather(*(links.link(WS, vendor, GIVEN) for _ in range(6)))
    assert sorted(each.made for each in made) == [*[False] * 5, True]
    (told,) = (each for each in made if each.made)
    link = (await stored(office))[vendor]
    assert str(told.paste[0][1]).endswith(f"/{link.token}")


async def test_a_form_submitted_twice_at_once_leaves_one_webhook_at_the_vendor(
    sqlite_url: str,
) -> None:
    with beside(Close()) as close:
        assert isinstance(close, Close)
        async with staged(sqlite_url, api_urls={"close": close.url}, public_url=PUBLIC) as surface:
            await chosen(surface, "close")
            twice = (surface.submit(CHRIS, {"api_key": "api_k"}) for _ in range(2))
            assert all(each.ok for each in await asyncio.gather(*twice))
            link = (await stored(surface))["close"]
        assert link.subscription == tuple(close.webhooks)
        assert len(close.webhooks) == 1


async def test_a_test_event_comes_in_by_the_door_and_changes_nothing(office: Surface) -> None:
    await chosen(office, "native")
    assert (await office.submit(CHRIS, {})).ok
    secrets = office.view(CHRIS)
    await office.slack.press_in_view(CHRIS, secrets["id"], label="Send a test event")
    await office.settle()
    assert "its signature was right, and it is stored" in words(office.view(CHRIS))
    # What is shown once stands below it still.
    assert (await stored(office))["native"].token in words(office.slack.view(secrets["id"])[1])
    message = await listed(office)
    await office.slack.press(CHRIS, message.ts, **TESTED)
    await office.settle()
    assert "its signature was right, and it is stored" in office.ephemerals(CHRIS)[-1]
    first, second = await deliveries_of(office, "native")
    assert first.message_id != second.message_id
    await worker.work_turn(crm_of(office))
    assert [each.state for each in await deliveries_of(office, "native")] == ["done", "done"]
    async with office.parts.database.read() as tx:
        for table in (tables.deals, tables.contacts, tables.tasks, tables.insights):
            assert (await tx.execute(select(func.count()).select_from(table))).scalar_one() == 0
    assert "native (native): well; last heard of" in await said_of(office)


async def test_a_test_event_of_a_link_that_is_gone_or_not_ours_to_sign_says_so(
    office: Surface, hubspot: Hubspot
) -> None:
    links = links_of(office, hubspot)
    await links.link(WS, "hubspot", GIVEN)
    for id, said in (("gone", "not linked any more"), ("hubspot", "Only the CRM itself")):
        with pytest.raises(ConnectError, match=said):
            await links.test(WS, id)
    # Nobody can have a machine of ours called from Slack.
    here = "https://127.0.0.1:8443"
    asked = {"instance_url": here, "client_id": "x", "client_secret": "y"}
    with pytest.raises(FieldError, match="inside a private network"):
        await links.link(WS, "salesforce", asked)
    # An address that leads nowhere is told as the door tells it.
    assert "refused (HTTP 404)" in plain(await links.test(WS, CRM))
