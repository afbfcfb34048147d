"""Tokens that end are renewed in good time: once, by who comes first, also to send by ourselves."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.slack.installed import Installed, Slack
from bot.slack.renewing import AHEAD, TURN
from storage import installations
from storage.installations import Installation
from tests.bot.slack.oauth_stand_in import Office, Team, running_office

ACME = Team("T0ACME", "Acme")
LASTS = timedelta(hours=12)
RENEWAL = "refresh_token"


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with running_office(database_url) as made:
        made.teams.lasts = int(LASTS.total_seconds())
        yield made


def processes(office: Office, how_many: int = 1) -> list[Slack]:
    """Slack as further processes on the same database see it."""
    ours = office.bot.slack
    assert ours is not None
    made = [Slack(office.bot.parts, app=ours.app) for _ in range(how_many)]
    for each in made:
        each.session = ours.session
    return made


def renewals(office: Office) -> int:
    return sum(
        each.args.get("grant_type") == RENEWAL for each in office.teams.asked("oauth.v2.access")
    )


async def stored(office: Office) -> Installation:
    parts = office.bot.parts
    async with parts.database.read() as tx:
        found = await installations.get(tx, parts.seal, ACME.id)
    assert found is not None
    return found


async def other_than(office: Office, workspace: str, before: str) -> Installed:
    """The workspace's Slack once it has another token: the coach that runs may have the turn."""
    async with asyncio.timeout(20):
        while (found := await processes(office)[0].of(workspace)).client.token == before:
            await asyncio.sleep(0.01)
    return found


async def test_it_is_renewed_before_it_ends_and_not_too_soon(office: Office) -> None:
    workspace = await office.install(ACME)
    first = (await stored(office)).bot_token
    office.clock.advance(LASTS - AHEAD - timedelta(seconds=1))
    (slack,) = processes(office)
    assert (await slack.of(workspace)).installation.bot_token == first
    office.clock.advance(timedelta(minutes=1))
    theirs = await other_than(office, workspace, first)
    assert theirs.client.token == theirs.installation.bot_token
    assert await stored(office) == theirs.installation
    assert renewals(office) == 1
    # What renews it the next time is another one.
    office.clock.advance(LASTS)
    await other_than(office, workspace, str(theirs.client.token))
    assert renewals(office) == 2


async def test_of_many_processes_one_renews_it_and_all_get_a_good_one(office: Office) -> None:
    workspace = await office.install(ACME)
    office.teams.slow = 0.3
    office.clock.advance(LASTS + timedelta(hours=1))
    got = await asyncio.gather(*(each.of(workspace) for each in processes(office, 6)))
    assert renewals(office) == 1
    assert {each.client.token for each in got} == {(await stored(office)).bot_token}


async def test_while_another_renews_it_the_old_one_does_as_long_as_it_is_good(
    office: Office,
) -> None:
    workspace = await office.install(ACME)
    parts, first = office.bot.parts, (await stored(office)).bot_token
    office.clock.advance(LASTS - AHEAD)
    now = parts.clock.now()
    async with parts.database.write() as tx:
        assert await installations.take_turn(tx, ACME.id, now, now + TURN)
    (slack,) = processes(office)
    assert (await slack.of(workspace)).client.token == first
    assert renewals(office) == 0
    # Who had the turn has died in it.
    office.clock.advance(TURN)
    await other_than(office, workspace, first)


async def test_what_cannot_be_renewed_now_is_tried_again(office: Office) -> None:
    workspace = await office.install(ACME)
    first = (await stored(office)).bot_token
    office.clock.advance(LASTS - AHEAD)
    office.teams.errors["oauth.v2.access"] = ["internal_error"]
    (slack,) = processes(office)
    assert (await slack.of(workspace)).client.token == first
    office.clock.advance(timedelta(minutes=1))
    await other_than(office, workspace, first)


async def test_what_was_installed_anew_while_it_was_renewed_stays(office: Office) -> None:
    workspace = await office.install(ACME)
    first = (await stored(office)).bot_token
    office.clock.advance(LASTS - AHEAD)
    office.teams.slow = 0.5
    (slack,) = processes(office)
    renewing = asyncio.create_task(slack.of(workspace))
    async with asyncio.timeout(20):
        while renewals(office) == 0:
            await asyncio.sleep(0.01)
    parts = office.bot.parts
    anew = Installation(ACME.id, "xoxb-anew", team_id=ACME.id)
    async with parts.database.write() as tx:
        await installations.replace(tx, parts.seal, anew, parts.clock.now())
    # Who renews it is answered by then, be it the coach that runs or this.
    assert (await renewing).client.token in {first, "xoxb-anew"}
    await asyncio.sleep(2 * office.teams.slow)
    assert (await stored(office)).bot_token == "xoxb-anew"


async def test_what_a_token_was_renewed_to_is_kept_though_the_turn_was_over(
    office: Office,
) -> None:
    await office.install(ACME)
    before, parts = await stored(office), office.bot.parts
    new = replace(before, bot_token="xoxb-new", refresh_token="xoxe-new")
    now = parts.clock.now()
    async with parts.database.write() as tx:
        # Somebody else has the turn, with what is good for nothing by now.
        assert await installations.take_turn(tx, ACME.id, now, now + TURN)
        assert await installations.renew(tx, parts.seal, before, new)
        assert not await installations.renew(tx, parts.seal, before, replace(new, bot_token="x"))
        await installations.end_turn(tx, ACME.id, now + TURN)
    assert (await stored(office)).bot_token == "xoxb-new"


async def test_nothing_is_renewed_that_does_not_end(office: Office) -> None:
    office.teams.lasts = None
    workspace = await office.install(ACME)
    office.clock.advance(timedelta(days=365))
    await processes(office)[0].of(workspace)
    assert renewals(office) == 0
