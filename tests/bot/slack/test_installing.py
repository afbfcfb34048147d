"""Installed by browsers in many teams: once for each state, where it was begun, and in time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot.app import build
from bot.slack import installing, members
from bot.slack.bolt import bolt_for
from bot.slack.install_pages import ADDRESS, BROWSER, NETWORK
from bot.slack.manifest import original
from bot.slack.scopes import ASKED
from storage import connections, installations, workspaces
from storage import install_states as stored_states
from storage.tables import install_states
from storage.tables import installations as installations_table
from tests.bot.slack.oauth_stand_in import CLIENT_ID, CLIENT_SECRET, Office, Team, running_office
from tests.world import BOT_TOKEN, native, settings_for

ACME, ZEBRA = Team("T0ACME", "Acme"), Team("T0ZEBRA", "Zebra")
GRID = Team("E0GRID", "Grid", whole=True)


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with running_office(database_url) as made:
        yield made


@pytest.fixture
async def sqlite_office(sqlite_url: str) -> AsyncIterator[Office]:
    async with running_office(sqlite_url) as made:
        yield made


async def installed(office: Office) -> list[str]:
    """The ids of all installations."""
    async with office.bot.parts.database.read() as tx:
        query = select(installations_table.c.id).order_by(installations_table.c.id)
        return list((await tx.execute(query)).scalars())


async def test_each_team_gets_a_workspace_of_its_own_and_its_own_token(office: Office) -> None:
    acme, zebra = await office.install(ACME), await office.install(ZEBRA)
    assert len({acme, zebra, workspaces.DEFAULT}) == 3
    slack = office.bot.slack
    assert slack is not None
    for workspace, team in ((acme, ACME), (zebra, ZEBRA)):
        theirs = await slack.of(workspace)
        assert office.teams.tokens[theirs.installation.bot_token] == team
        assert theirs.installation.bot_user_id == f"UBOT{team.id}"
        async with office.bot.parts.database.read() as tx:
            found = await workspaces.get(tx, workspace)
        assert found is not None
        assert (found.name, found.administrator) == (team.name, team.installer)


async def test_what_slack_is_asked_for_is_what_the_manifest_says(sqlite_office: Office) -> None:
    async with sqlite_office.browser() as browser:
        asked = await sqlite_office.sent(browser)
    assert asked["client_id"] == CLIENT_ID
    assert asked["redirect_uri"] == f"{sqlite_office.url}/slack/oauth_redirect"
    assert asked["scope"].split(",") == list(ASKED)
    lines = original().partition("    bot:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[1] for line in lines] == list(ASKED)


async def test_for_links_it_is_asked_for_what_they_take_besides(sqlite_office: Office) -> None:
    async with (
        sqlite_office.browser() as browser,
        browser.get(f"{sqlite_office.url}/slack/install?links", allow_redirects=False) as response,
    ):
        (asked,) = parse_qs(urlsplit(response.headers["location"]).query)["scope"]
    assert set(asked.split(",")) == {*ASKED, "links:read", "links:write"}


async def test_the_way_back_is_that_of_the_settings_whatever_a_request_says(
    sqlite_office: Office,
) -> None:
    async with (
        sqlite_office.browser() as browser,
        browser.get(
            f"{sqlite_office.url}/slack/install",
            headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
            allow_redirects=False,
        ) as response,
    ):
        assert "evil.example" not in str(response.headers)


async def test_no_token_and_no_state_is_in_the_database_in_the_clear(office: Office) -> None:
    office.teams.lasts = 43_200
    await office.install(ACME)
    async with office.browser() as browser:
        state = (await office.sent(browser))["state"]
        async with office.bot.parts.database.read() as tx:
            kept = [
                str((await tx.execute(select(each))).all())
                for each in (installations_table, install_states)
            ]
    assert "xoxb" not in kept[0]
    assert "xoxe" not in kept[0]
    assert state not in kept[1]


async def test_a_state_serves_once(office: Office) -> None:
    async with office.browser() as browser:
        state = (await office.sent(browser))["state"]
        code = office.teams.code_for(ACME)
        assert (await office.back(browser, state=state, code=code))[0] == 200
        status, said = await office.back(browser, state=state, code=office.teams.code_for(ZEBRA))
    assert status == 400
    assert "before" in said
    assert await installed(office) == [ACME.id]


async def test_of_many_at_once_with_one_state_one_is_let_in(office: Office) -> None:
    async with office.browser() as browser:
        state = (await office.sent(browser))["state"]
        codes = [office.teams.code_for(Team(f"T{n}", f"Team {n}")) for n in range(12)]
        came = await asyncio.gather(
            *(office.back(browser, state=state, code=code) for code in codes)
        )
    assert sorted(status for status, _ in came) == [200] + [400] * 11
    assert len(await installed(office)) == 1


async def test_another_browser_is_not_let_in_and_spoils_nothing(office: Office) -> None:
    async with office.browser() as victim, office.browser() as other, office.browser() as third:
        state, code = (await office.sent(victim))["state"], office.teams.code_for(ACME)
        # One with no cookie at all, and one that has begun something by itself.
        await office.sent(third)
        for browser in (other, third):
            status, said = await office.back(browser, state=state, code=code)
            assert status == 400
            assert "not the browser" in said
        assert await installed(office) == []
        assert (await office.back(victim, state=state, code=code))[0] == 200


@pytest.mark.parametrize("state", ["", "made-up"])
async def test_a_state_that_nobody_made_is_not_taken(sqlite_office: Office, state: str) -> None:
    async with sqlite_office.browser() as browser:
        await sqlite_office.sent(browser)
        code = sqlite_office.teams.code_for(ACME)
        assert (await sqlite_office.back(browser, state=state, code=code))[0] == 400
    assert await installed(sqlite_office) == []


async def test_who_takes_too_long_is_told_so(office: Office) -> None:
    async with office.browser() as browser:
        state, code = (await office.sent(browser))["state"], office.teams.code_for(ACME)
        office.clock.advance(timedelta(minutes=10))
        status, said = await office.back(browser, state=state, code=code)
    assert status == 400
    assert "longer than 10 minutes" in said
    assert await installed(office) == []


async def begun(office: Office, browser: aiohttp.ClientSession) -> tuple[int, str]:
    where = f"{office.url}/slack/install"
    async with browser.get(where, allow_redirects=False) as response:
        return response.status, await response.text()


async def states(office: Office) -> int:
    async with office.bot.parts.database.read() as tx:
        return await stored_states.how_many(tx)


async def test_one_browser_is_not_sent_on_without_end_and_is_told_why(
    sqlite_office: Office,
) -> None:
    office = sqlite_office
    async with office.browser() as browser, office.browser() as another:
        # The first visit gives it the cookie by which it is known.
        for _ in range(BROWSER + 1):
            assert (await begun(office, browser))[0] == 303
        status, said = await begun(office, browser)
        assert status == 429
        assert f"This browser has begun {BROWSER} times within 10 minutes" in said
        assert "Wait 10 minutes, then open /slack/install once more." in said
        assert await states(office) == BROWSER + 1
        # Others are sent on all the same, and so is this one later.
        assert (await begun(office, another))[0] == 303
        office.clock.advance(installing.LASTS)
        assert (await begun(office, browser))[0] == 303


async def test_a_flood_from_all_over_one_network_leaves_others_their_place(
    sqlite_office: Office,
) -> None:
    office = sqlite_office
    for visit in range(NETWORK + 2):
        async with office.browser() as browser:
            browser.headers["x-forwarded-for"] = f"2001:db8:0:{visit:x}::1"
            status, said = await begun(office, browser)
        assert status == (303 if visit < NETWORK else 429)
    assert f"From your network it was begun {NETWORK} times within 10 minutes" in said
    async with office.browser() as browser:
        browser.headers["x-forwarded-for"] = "2001:db8:1::1"
        assert (await begun(office, browser))[0] == 303


async def test_a_flood_from_one_address_is_refused_before_anything_is_stored(
    sqlite_office: Office,
) -> None:
    office = sqlite_office
    for visit in range(ADDRESS + 5):
        # Each a browser that nobody has seen, as of whoever keeps no cookies.
        async with office.browser() as browser:
            status, said = await begun(office, browser)
        assert status == (303 if visit < ADDRESS else 429)
    assert f"From your address it was begun {ADDRESS} times within 10 minutes" in said
    assert "FORWARDED_ALLOW_IPS" in said
    assert await states(office) == ADDRESS
    # Behind a proxy of this machine each visitor counts by their own address.
    async with office.browser() as browser:
        browser.headers["x-forwarded-for"] = "198.51.100.7"
        assert (await begun(office, browser))[0] == 303
    office.clock.advance(installing.LASTS)
    async with office.browser() as browser:
        assert (await begun(office, browser))[0] == 303


async def test_who_does_not_allow_it_is_told_what_to_do(sqlite_office: Office) -> None:
    async with sqlite_office.browser() as browser:
        state = (await sqlite_office.sent(browser))["state"]
        status, said = await sqlite_office.back(browser, state=state, error="access_denied")
    assert status == 400
    assert "You did not allow it" in said
    assert sqlite_office.teams.asked("oauth.v2.access") == []


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        ("invalid_code", 400, "has run out or was used"),
        ("bad_client_secret", 400, "SLACK_CLIENT_SECRET"),
        ("bad_redirect_uri", 400, "COACH_PUBLIC_URL"),
        ("internal_error", 503, "cannot be reached"),
        ("<b>odd</b>", 400, "&lt;b&gt;odd"),
    ],
)
async def test_what_slack_refuses_is_said_in_plain_words(
    sqlite_office: Office, error: str, status: int, words: str
) -> None:
    sqlite_office.teams.errors["oauth.v2.access"] = [error]
    async with sqlite_office.browser() as browser:
        state = (await sqlite_office.sent(browser))["state"]
        code = sqlite_office.teams.code_for(ACME)
        came, said = await sqlite_office.back(browser, state=state, code=code)
    assert came == status
    assert words in said
    assert await installed(sqlite_office) == []


async def test_installing_it_again_replaces_what_there_was(office: Office) -> None:
    before = await office.install(ACME)
    assert await office.install(ACME) == before
    assert await installed(office) == [ACME.id]
    slack = office.bot.slack
    assert slack is not None
    assert (await slack.of(before)).installation.bot_token == list(office.teams.tokens)[-1]


async def test_nobody_who_installs_it_gets_what_was_there_for_others(office: Office) -> None:
    parts = office.bot.parts
    async with parts.database.write() as tx:
        await connections.save(tx, parts.seal, native(), office.clock.now())
    acme = await office.install(ACME)
    async with parts.database.read() as tx:
        assert await connections.count(tx, acme) == 0
        assert await connections.count(tx, workspaces.DEFAULT) == 1


async def test_the_teams_of_an_organisation_get_their_workspace_when_they_first_speak(
    office: Office,
) -> None:
    await office.install(GRID)
    assert await installed(office) == [GRID.id]
    for team in ("T0ONE", "T0TWO"):
        body = {
            "type": "event_callback",
            "team_id": team,
            "enterprise_id": GRID.id,
            "event": {"type": "app_home_opened", "user": "U1", "tab": "home"},
        }
        assert await office.slack_sends(body) == 200
    one, two = await office.workspace("T0ONE"), await office.workspace("T0TWO")
    assert one
    assert two
    assert one != two
    # Each is spoken to by the organisation's token, as the team that it is.
    slack = office.bot.slack
    assert slack is not None
    theirs = await slack.of(two)
    assert office.teams.tokens[theirs.installation.bot_token] == GRID
    assert theirs.client.default_params["team_id"] == "T0TWO"
    assert len(office.teams.asked("views.publish")) == 2


async def test_an_organisation_is_no_team(sqlite_office: Office) -> None:
    await sqlite_office.install(GRID)
    body = {
        "type": "event_callback",
        "team_id": GRID.id,
        "enterprise_id": GRID.id,
        "event": {"type": "app_home_opened", "user": "U1", "tab": "home"},
    }
    await sqlite_office.slack_sends(body)
    assert await sqlite_office.workspace(GRID.id) == ""


async def test_a_team_of_an_organisation_without_it_gets_nothing(sqlite_office: Office) -> None:
    await sqlite_office.install(GRID)
    for enterprise in ("E0OTHER", None):
        body = {
            "type": "event_callback",
            "team_id": "T0ONE",
            "enterprise_id": enterprise,
            "event": {"type": "app_home_opened", "user": "U1", "tab": "home"},
        }
        await sqlite_office.slack_sends(body)
    assert await sqlite_office.workspace("T0ONE") == ""
    assert sqlite_office.teams.asked("views.publish") == []


async def test_the_environments_token_goes_on_beside_it_and_gives_way_to_its_teams_own(
    sqlite_url: str,
) -> None:
    async with running_office(sqlite_url, slack_bot_token=SecretStr(BOT_TOKEN)) as office:
        office.teams.tokens[BOT_TOKEN] = ACME
        parts = office.bot.parts
        async with asyncio.timeout(20):
            while await office.workspace(ACME.id) != workspaces.DEFAULT:
                parts.wake.asking.set()
                office.clock.advance(timedelta(minutes=1))
                await asyncio.sleep(0.01)
        assert await office.install(ZEBRA) != workspaces.DEFAULT
        assert await installed(office) == [ZEBRA.id, "environment"]
        assert await office.install(ACME) == workspaces.DEFAULT
        assert await installed(office) == [ACME.id, ZEBRA.id]
    async with running_office(sqlite_url, slack_bot_token=SecretStr(BOT_TOKEN)) as office:
        office.teams.tokens[BOT_TOKEN] = ACME
        async with asyncio.timeout(20):
            while "environment" in await installed(office):
                await asyncio.sleep(0.01)
        async with office.bot.parts.database.read() as tx:
            found = await installations.of_workspace(tx, office.bot.parts.seal, workspaces.DEFAULT)
            here = await workspaces.get(tx, workspaces.DEFAULT)
        assert found is not None
        assert found.installation.id == ACME.id
        assert here is not None
        assert here.slack_error is None


async def test_without_an_address_nobody_is_sent_anywhere(sqlite_url: str) -> None:
    async with (
        running_office(sqlite_url, coach_public_url=None) as office,
        office.browser() as browser,
        browser.get(f"{office.url}/slack/install", allow_redirects=False) as response,
    ):
        assert response.status == 503
        assert "COACH_PUBLIC_URL" in await response.text()


def test_bolt_makes_no_stores_of_its_own(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("SLACK_CLIENT_SECRET", CLIENT_SECRET)
    settings = settings_for(
        sqlite_url,
        slack_client_id=CLIENT_ID,
        slack_client_secret=SecretStr(CLIENT_SECRET),
        slack_signing_secret=SecretStr("s"),
    )
    bot = build(settings)
    assert bot.slack is not None
    bolt = bolt_for(bot.parts, bot.slack, "s")
    assert bolt.oauth_flow is None
    assert bolt.installation_store is None


async def test_whom_the_operator_names_decides_nowhere_but_at_the_operators(
    sqlite_url: str,
) -> None:
    async with running_office(sqlite_url, coach_administrator="U0OPERATOR") as office:
        acme, parts, slack = await office.install(ACME), office.bot.parts, office.bot.slack
        assert slack is not None
        assert await members.administrator(parts, slack, acme) == ACME.installer
        at_home = await members.administrator(parts, slack, workspaces.DEFAULT)
        assert at_home == "U0OPERATOR"
        # Whoever installs it again later does not take that over.
        await office.install(Team(ACME.id, ACME.name, "U0ANOTHER"))
        assert await members.administrator(parts, slack, acme) == ACME.installer
