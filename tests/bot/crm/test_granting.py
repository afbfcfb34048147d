"""A CRM linked in a browser: once, by the browser that was sent, in time; and what else is said."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select
from starlette.routing import Router

from bot.coaching.connecting import Begun, ConnectError
from bot.crm import backfill, connecting, fetching, granting, watching
from bot.crm.browser import COOKIE, Browser
from bot.crm.caller import Caller
from bot.crm.calls import Account
from bot.crm.parts import CrmParts
from bot.playground.crm.vendors import hubspot as hubspots
from bot.playground.crm.vendors import pipedrive as pipedrives
from bot.playground.crm.vendors.hubspot import PORTAL, Hubspot
from bot.playground.crm.vendors.oauth import CLIENT_ID, CLIENT_SECRET, App
from bot.playground.crm.vendors.pipedrive import COMPANY, Pipedrive
from bot.playground.crm.vendors.standin import Standin
from storage import connections, grants, tables, troubles
from storage.connections import Connection
from tests.bot.crm.running import running
from tests.world import (
    WORKSPACE,
    FixedClock,
    address,
    crm_of,
    listening,
    plain_config,
    running_parts,
    serving,
)

CLIENT = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


@dataclass
class Page:
    """What a browser shows in the end."""

    status: int
    text: str
    url: str
    headers: Any


@dataclass
class Person:
    """Somebody with a browser of their own."""

    http: aiohttp.ClientSession

    async def open(
        self, url: str, *, follow: bool = True, method: str = "GET", cookie: str = ""
    ) -> Page:
        cookies = {COOKIE: cookie} if cookie else None
        async with self.http.request(
            method, url, allow_redirects=follow, cookies=cookies
        ) as answer:
            return Page(answer.status, await answer.text(), str(answer.url), answer.headers)


@asynccontextmanager
async def browser() -> AsyncIterator[Person]:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, trust_env=False) as http:
        yield Person(http)


@dataclass
class Desk:
    """The coach's pages before one vendor, and somebody who opens them."""

    crm: CrmParts
    vendor: Standin
    app: App
    name: str
    me: Person

    async def begin(self, given: dict[str, str] | None = None) -> Begun:
        client = CLIENT if given is None else given
        return await granting.begin(
            self.crm, WORKSPACE, self.name, self.name, client, self.vendor.url
        )

    async def sent_back(self, begun: Begun, person: Person | None = None) -> str:
        """Open the link and allow the app; where that sends the browser back to."""
        person = person or self.me
        first = await person.open(begun.address, follow=False)
        assert first.status == 303, first.text
        second = await person.open(first.headers["location"], follow=False)
        assert second.status == 302, second.text
        return str(second.headers["location"])

    async def linked(self) -> Connection:
        found = await self.stored()
        assert found is not None
        return found

    async def stored(self) -> Connection | None:
        parts = self.crm.shared
        async with parts.database.read() as tx:
            return await connections.one(tx, parts.seal, WORKSPACE, self.name)

    async def take_over(self) -> None:
        async with Caller(self.crm, patience=2.0) as caller:
            while await fetching.fetch_due(self.crm, caller):
                pass

    async def taken(self) -> dict[str, int]:
        async with self.crm.shared.database.read() as tx:
            told = await backfill.progress(tx, self.crm.providers[self.name], WORKSPACE, self.name)
        assert [each.error for each in told if each.error] == []
        return {each.called: each.brought for each in told if each.whole}

    def later(self, by: timedelta) -> None:
        clock = self.crm.shared.clock
        assert isinstance(clock, FixedClock)
        clock.advance(by)


@asynccontextmanager
async def at_work(database_url: str, vendor: Hubspot | Pipedrive) -> AsyncIterator[Desk]:
    name = "hubspot" if isinstance(vendor, Hubspot) else "pipedrive"
    async with running_parts(database_url) as parts, running(vendor), browser() as me:
        on = listening()
        crm = crm_of(parts, public_url=address(on))
        routes = Router(Browser(crm).routes(), redirect_slashes=False)
        async with serving(plain_config(routes), on):
            yield Desk(crm, vendor, vendor.app, name, me)


@pytest.fixture
async def hubspot(database_url: str) -> AsyncIterator[Desk]:
    """On each kind of database: what is done once is decided there."""
    async with at_work(database_url, Hubspot()) as made:
        yield made


@pytest.fixture(params=["hubspot", "pipedrive"])
async def desk(request: pytest.FixtureRequest, sqlite_url: str) -> AsyncIterator[Desk]:
    vendor = Hubspot() if request.param == "hubspot" else Pipedrive()
    async with at_work(sqlite_url, vendor) as made:
        yield made


@pytest.fixture
async def plain(sqlite_url: str) -> AsyncIterator[Desk]:
    async with at_work(sqlite_url, Hubspot()) as made:
        yield made


# What is linked


async def test_an_account_is_linked_in_the_browser_and_taken_over(desk: Desk) -> None:
    for number in range(60):
        if isinstance(desk.vendor, Hubspot):
            hubspots.put(desk.vendor, str(5001 + number), f"Deal {number}", "101")
        else:
            pipedrives.put(desk.vendor, str(5001 + number), f"Deal {number}", "12")
    page = await desk.me.open((await desk.begin()).address)
    assert page.status == 200, page.text
    connection = await desk.linked()
    account = PORTAL if desk.name == "hubspot" else str(COMPANY)
    assert (connection.account_id, connection.granted) == (account, True)
    assert f"is linked as “{desk.name}”" in page.text
    assert "The coach now takes over owners, stages, " in page.text
    await desk.take_over()
    assert (await desk.taken())["deals"] == 60


async def test_where_the_vendor_lets_it_webhooks_are_made_and_else_it_is_said_what_to_click(
    desk: Desk,
) -> None:
    page = await desk.me.open((await desk.begin()).address)
    if isinstance(desk.vendor, Pipedrive):
        assert len(desk.vendor.webhooks) == 7
        assert "It sends its webhooks to the coach from now on." in page.text
        assert "you can close this page" in page.text
        assert (await desk.linked()).subscription
    else:
        assert f"Target URL: {desk.crm.public_url}/webhooks/hubspot<" in page.text
        assert "Subscribe to each of these lines" in page.text


async def test_what_was_copied_before_does_not_count_beside_what_is_granted(desk: Desk) -> None:
    copied = {"hubspot": {"token": "x", "client_secret": "y"}, "pipedrive": {"api_token": "z"}}
    parts = desk.crm.shared
    async with parts.database.write() as tx:
        before = Connection(
            WORKSPACE, desk.name, desk.name, "token-0123456789abcdef", ("a:b",), "",
            desk.vendor.url, access=copied[desk.name],
        )  # fmt: skip
        await connections.save(tx, parts.seal, before, parts.clock.now())
    assert (await desk.me.open((await desk.begin()).address)).status == 200
    after = await desk.linked()
    assert after.token == before.token
    assert not {"token", "api_token"} & after.access.keys()
    assert after.access["client_secret"] == CLIENT_SECRET
    given = connecting.with_given(after, copied[desk.name])
    assert (given.granted, given.access.get("client_id")) == (False, None)


async def test_nothing_that_lets_anybody_in_is_kept_readable(hubspot: Desk) -> None:
    begun = await hubspot.begin()
    back = await hubspot.sent_back(begun)
    await hubspot.me.open(back)
    state = back.partition("state=")[2]
    cookies = {each.value for each in hubspot.me.http.cookie_jar if each.key == COOKIE}
    assert len(cookies) == 1
    async with hubspot.crm.shared.database.read() as tx:
        kept = repr(
            [list(await tx.execute(select(t))) for t in (tables.grants, tables.connections)]
        )
    tokens = {*hubspot.app.access_tokens, *hubspot.app.refresh_tokens}
    assert len(tokens) == 2
    for secret in {begun.token, state, CLIENT_SECRET} | cookies | tokens:
        assert secret not in kept


# Who may, and how often


async def test_a_link_that_the_coach_has_not_made_leads_nowhere(desk: Desk) -> None:
    for link in ("", "x" * 32):
        page = await desk.me.open(f"{desk.crm.public_url}/crm/{desk.name}/connect?link={link}")
        assert page.status == 400
        assert "The coach has not made this link." in page.text
        assert f"coach connect {desk.name} --oauth" in page.text
    assert not desk.vendor.asked


async def test_a_link_of_one_vendor_is_none_of_another(plain: Desk) -> None:
    begun = await plain.begin()
    page = await plain.me.open(begun.address.replace("/crm/hubspot/", "/crm/pipedrive/"))
    assert "The coach has not made this link." in page.text
    back = await plain.sent_back(begun)
    (cookie,) = (each.value for each in plain.me.http.cookie_jar if each.key == COOKIE)
    elsewhere = back.replace("/crm/hubspot/", "/crm/pipedrive/")
    page = await plain.me.open(elsewhere, cookie=cookie)
    assert page.status == 400
    assert await plain.stored() is None


async def test_what_comes_back_counts_once(hubspot: Desk) -> None:
    back = await hubspot.sent_back(await hubspot.begin())
    pages = await asyncio.gather(*(hubspot.me.open(back) for _ in range(4)))
    assert sorted(each.status for each in pages) == [200, 400, 400, 400]
    again = await hubspot.me.open(back)
    assert "with this before: HubSpot account 62515 is linked as “hubspot”.</p>" in again.text
    assert len(hubspot.vendor.calls("POST", "/token")) == 1


async def test_what_comes_back_in_another_browser_counts_for_nothing(hubspot: Desk) -> None:
    begun = await hubspot.begin()
    back = await hubspot.sent_back(begun)
    async with browser() as stranger:
        page = await stranger.open(back)
        assert page.status == 400
        assert "This is not the browser that was sent there" in page.text
        page = await stranger.open(begun.address)
        assert "was opened in another browser before" in page.text
        # One that was sent to the vendor itself, with a link of its own.
        await hubspot.sent_back(await hubspot.begin(), stranger)
        assert (await stranger.open(back)).status == 400
    assert await hubspot.stored() is None
    # It has not used up anything.
    assert (await hubspot.me.open(back)).status == 200


async def test_what_takes_too_long_is_said_and_counts_for_nothing(hubspot: Desk) -> None:
    begun = await hubspot.begin()
    back = await hubspot.sent_back(begun)
    hubspot.later(granting.LASTS)
    page = await hubspot.me.open(back)
    assert page.status == 400
    assert "took longer than the link is good for" in page.text
    page = await hubspot.me.open(begun.address)
    assert "This link has run out." in page.text
    assert await hubspot.stored() is None


async def test_a_state_that_is_not_the_coach_s_counts_for_nothing(plain: Desk) -> None:
    back = await plain.sent_back(await plain.begin())
    for wrong in (f"{back}x", back.partition("&state=")[0], back.replace("state=", "state=%00")):
        page = await plain.me.open(wrong)
        assert page.status == 400
        assert "a state that the coach has not given it" in page.text
    assert await plain.stored() is None


async def test_a_link_opened_again_replaces_the_state_before_and_has_served_once_linked(
    plain: Desk,
) -> None:
    begun = await plain.begin()
    first, second = await plain.sent_back(begun), await plain.sent_back(begun)
    assert (await plain.me.open(first)).status == 400
    assert (await plain.me.open(second)).status == 200
    page = await plain.me.open(begun.address)
    assert "This link has served" in page.text


async def test_who_only_looks_what_is_there_does_not_open_the_link(plain: Desk) -> None:
    begun = await plain.begin()
    async with browser() as preview:
        assert (await preview.open(begun.address, method="HEAD", follow=False)).status == 405
    assert (await plain.me.open(begun.address)).status == 200


async def test_the_cookie_is_for_these_pages_alone_and_by_https_where_the_coach_has_it(
    plain: Desk,
) -> None:
    begun = await plain.begin()
    page = await plain.me.open(begun.address, follow=False)
    cookie = page.headers["set-cookie"]
    for part in ("HttpOnly", "Path=/crm/hubspot", "SameSite=lax", "Max-Age=1800"):
        assert part in cookie
    assert "Secure" not in cookie
    assert page.headers["referrer-policy"] == "no-referrer"
    on = listening()
    crm = replace(plain.crm, public_url="https://coach.example.com/at")
    routes = Router(Browser(crm).routes(), redirect_slashes=False)
    async with serving(plain_config(routes), on):
        begun = await granting.begin(crm, WORKSPACE, "hubspot", "hubspot", CLIENT)
        link = begun.address.partition("?")[2]
        async with browser() as other:
            page = await other.open(f"{address(on)}/crm/hubspot/connect?{link}", follow=False)
    assert "Path=/at/crm/hubspot" in page.headers["set-cookie"]
    assert "Secure" in page.headers["set-cookie"]
    to = page.headers["location"]
    assert to.startswith("https://app.hubspot.com/oauth/authorize?response_type=code&client_id=")
    assert "redirect_uri=https%3A%2F%2Fcoach.example.com%2Fat%2Fcrm%2Fhubspot%2Fcallback&" in to
    assert "code_challenge_method=S256" in to


# What goes wrong


async def test_who_does_not_allow_it_may_change_their_mind(desk: Desk) -> None:
    begun = await desk.begin()
    desk.app.denies = "access_denied" if desk.name == "hubspot" else "user_denied"
    page = await desk.me.open(begun.address)
    assert page.status == 400
    assert "You did not allow it at" in page.text
    assert await desk.stored() is None
    desk.app.denies = ""
    assert (await desk.me.open(begun.address)).status == 200


async def test_scopes_that_the_app_lacks_are_named(desk: Desk) -> None:
    begun = await desk.begin()
    desk.app.denies = "invalid_scope"
    page = await desk.me.open(begun.address)
    scopes = granting.oauth_of(desk.crm, desk.name).scopes
    assert all(scope in page.text for scope in scopes)
    desk.app.denies = ""
    without = list(scopes)[1]
    desk.app.scopes = ",".join(scope for scope in scopes if scope != without)
    page = await desk.me.open(begun.address)
    assert page.status == 200
    assert f"allow the app {without} at" in page.text
    assert page.text.count("allow the app") == 1


async def test_a_redirect_address_that_is_not_the_app_s_is_told_with_the_right_one(
    plain: Desk,
) -> None:
    back = await plain.sent_back(await plain.begin())
    (code,) = plain.app.codes
    plain.app.codes[code] = {**plain.app.codes[code], "redirect_uri": "https://other.example/"}
    page = await plain.me.open(back)
    assert page.status == 400
    assert f"Enter exactly {plain.crm.public_url}/crm/hubspot/callback there" in page.text


async def test_an_app_that_the_vendor_does_not_know_is_said(desk: Desk) -> None:
    begun = await desk.begin({**CLIENT, "client_secret": "wrong"})
    page = await desk.me.open(begun.address)
    assert page.status == 400
    assert "does not know the app" in page.text
    assert "client secret" in page.text


async def test_who_intercepts_a_code_cannot_use_it_without_the_proof(plain: Desk) -> None:
    back = await plain.sent_back(await plain.begin())
    (code,) = plain.app.codes
    plain.app.codes[code] = {**plain.app.codes[code], "code_challenge": "of another"}
    page = await plain.me.open(back)
    assert page.status == 400
    assert "did not take back what it had sent your browser with" in page.text


async def test_what_a_vendor_says_is_shown_as_text(plain: Desk) -> None:
    begun = await plain.begin()
    first = await plain.me.open(begun.address, follow=False)
    state = first.headers["location"].partition("&state=")[2].partition("&")[0]
    error = "error=%3Cscript%3Ealert(1)%3C/script%3E"
    page = await plain.me.open(f"{begun.redirect}?{error}&state={state}")
    assert page.status == 400
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


async def test_without_a_public_address_or_an_app_there_is_no_link(plain: Desk) -> None:
    with pytest.raises(ConnectError, match="set COACH_PUBLIC_URL"):
        await granting.begin(
            replace(plain.crm, public_url=""), WORKSPACE, "hubspot", "hubspot", CLIENT
        )
    with pytest.raises(ConnectError, match="HubSpot needs the client ID of your app"):
        await plain.begin({})
    with pytest.raises(ConnectError, match="close is not linked in a browser"):
        await granting.begin(plain.crm, WORKSPACE, "close", "close", CLIENT)
    plain.crm = replace(plain.crm, apps={"hubspot": CLIENT})
    assert (await plain.begin({})).address


# Access that ends


async def test_access_that_ends_in_the_middle_is_renewed_and_all_is_taken_over(desk: Desk) -> None:
    for number in range(120):
        if isinstance(desk.vendor, Hubspot):
            hubspots.put(desk.vendor, str(5001 + number), f"Deal {number}", "101")
        else:
            pipedrives.put(desk.vendor, str(5001 + number), f"Deal {number}", "12")
    await desk.me.open((await desk.begin()).address)
    async with Caller(desk.crm, patience=2.0) as caller:
        while await fetching.fetch_due(desk.crm, caller):
            if desk.vendor.calls("GET", "/deals") and not desk.app.renewed:
                # It ends before it should, as the coach sees at the refusal.
                desk.app.access_tokens.clear()
    assert desk.app.renewed == 1
    assert (await desk.taken())["deals"] == 120
    kept = await desk.linked()
    assert kept.access["access_token"] in desk.app.access_tokens
    assert kept.access["refresh_token"] in desk.app.refresh_tokens
    # And when its time is over, before anything is asked for.
    desk.later(timedelta(days=2))
    refused = len(desk.vendor.asked)
    await desk.take_over()
    assert desk.app.renewed == 2
    assert "/token" in desk.vendor.asked[refused].path


async def test_a_refresh_token_that_stays_is_kept(plain: Desk) -> None:
    plain.app.rotates = False
    await plain.me.open((await plain.begin()).address)
    before = await plain.linked()
    plain.later(timedelta(hours=2))
    await plain.take_over()
    after = await plain.linked()
    assert after.access["refresh_token"] == before.access["refresh_token"]
    assert after.access["access_token"] != before.access["access_token"]


async def test_access_that_is_taken_away_is_told_with_what_to_do_and_mended_by_a_new_grant(
    desk: Desk,
) -> None:
    await desk.me.open((await desk.begin()).address)
    desk.app.refresh_tokens.clear()
    desk.app.access_tokens.clear()
    await desk.take_over()
    parts = desk.crm.shared
    async with parts.database.read() as tx:
        (told,) = await troubles.untold(tx)
    assert "does not renew the coach’s access any more (refresh token is invalid)" in told.why
    assert f"`/coach connect` in Slack, or `coach connect {desk.name} --oauth`" in told.why
    assert parts.wake.trouble.is_set()
    # Nothing of the app has to be given again.
    page = await desk.me.open((await desk.begin({})).address)
    assert page.status == 200, page.text
    async with Caller(desk.crm) as caller:
        await watching.look_due(desk.crm, caller)
    async with parts.database.read() as tx:
        (told,) = await troubles.untold(tx)
    assert told.mended
    await desk.take_over()
    assert (await desk.taken())["deals"] == 0


async def test_what_is_only_tried_takes_nothing_from_what_is_kept(plain: Desk) -> None:
    """As the secret of an app that somebody typed wrong."""
    await plain.me.open((await plain.begin()).address)
    kept = await plain.linked()
    plain.later(timedelta(hours=2))
    tried = connecting.with_given(kept, {"client_secret": "wrong"})
    async with Caller(plain.crm) as caller:
        said = await caller.account(tried, kept=False)
        assert "does not renew" in str(said)
        assert await plain.linked() == kept
        async with plain.crm.shared.database.read() as tx:
            assert await troubles.untold(tx) == []
        assert "client_secret" in (await caller.account(kept)).access  # type: ignore[union-attr]


async def test_who_is_let_in_by_a_token_by_now_is_not_renewed(plain: Desk) -> None:
    """As who began to call before it was linked so."""
    await plain.me.open((await plain.begin()).address)
    before, parts = await plain.linked(), plain.crm.shared
    after = connecting.with_given(before, {"token": hubspots.TOKEN, "client_secret": "s"})
    async with parts.database.write() as tx:
        await connections.save(tx, parts.seal, after, parts.clock.now())
    plain.later(timedelta(hours=2))
    async with Caller(plain.crm) as caller:
        account = await caller.account(before)
    assert isinstance(account, Account)
    assert account.access == after.access
    assert plain.app.renewed == 0


async def test_a_second_connection_is_told_by_its_name(plain: Desk) -> None:
    begun = await granting.begin(plain.crm, WORKSPACE, "hubspot", "emea", CLIENT, plain.vendor.url)
    page = await plain.me.open(begun.address)
    assert "is linked as “emea”" in page.text
    page = await plain.me.open(begun.address)
    assert "`coach connect hubspot --id emea --oauth`" in page.text


async def test_a_grant_of_another_account_is_refused(plain: Desk) -> None:
    await plain.me.open((await plain.begin()).address)
    parts = plain.crm.shared
    async with parts.database.write() as tx:
        other = replace(await plain.linked(), account_id="999")
        await connections.save(tx, parts.seal, other, parts.clock.now())
    page = await plain.me.open((await plain.begin()).address)
    assert page.status == 400
    assert "of another account (62515)" in page.text


async def test_what_has_come_of_it_is_known_to_who_waits_and_forgotten_in_time(
    plain: Desk,
) -> None:
    begun = await plain.begin()
    parts = plain.crm.shared
    await plain.me.open(begun.address)
    async with parts.database.read() as tx:
        grant = await grants.by_link(tx, parts.seal, begun.token)
    assert grant is not None
    assert grant.linked
    assert grant.outcome == "HubSpot account 62515 is linked as “hubspot”."
    assert json.dumps(CLIENT) not in repr(grant)
    plain.later(granting.LASTS + grants.KNOWN + timedelta(minutes=1))
    await plain.begin()
    async with parts.database.read() as tx:
        assert await grants.by_link(tx, parts.seal, begun.token) is None
