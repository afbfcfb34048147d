"""Whose a token is, is asked until known; whom Slack has shut out comes back by itself."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.playground.slack.api import Fault, SlackStandIn
from bot.runtime.parts import Parts
from bot.slack import team as slack_team
from bot.slack.installed import NotInstalledError, Slack
from storage import installations, workspaces
from storage.installations import ENVIRONMENT, Installation
from storage.tables import installations as installations_table
from storage.workspaces import Workspace
from tests.together import World
from tests.world import ANA, BOT_TOKEN, WORKSPACE, FixedClock, running_slack, with_slack, won

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Door:
    """The environment's token before a stand-in for Slack."""

    parts: Parts
    clock: FixedClock
    stand_in: SlackStandIn
    slack: Slack

    async def adopt(self, token: str = BOT_TOKEN) -> None:
        await slack_team.adopt(self.parts, Installation(ENVIRONMENT, token))

    async def ask(self, later: timedelta = timedelta()) -> int:
        self.clock.advance(later)
        return await slack_team.ask_due(self.parts, self.slack)

    async def until_asked(self) -> timedelta:
        """Let time pass until Slack is asked again; returns how long that took."""
        async with self.parts.database.read() as tx:
            after = (await tx.execute(select(installations_table.c.ask_after))).scalar_one()
        pause: timedelta = after - self.clock.now()
        assert await self.ask(pause - SECOND) == 0
        assert await self.ask(SECOND) == 1
        return pause

    async def workspace(self) -> Workspace:
        async with self.parts.database.read() as tx:
            found = await workspaces.get(tx, WORKSPACE)
        assert found is not None
        return found

    async def shut_out(self, code: str = "token_revoked") -> None:
        async with self.parts.database.write() as tx:
            await workspaces.shut_out(tx, [WORKSPACE], code, self.clock.now())


@pytest.fixture
async def door(parts: Parts) -> AsyncIterator[Door]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    async with running_slack(clock) as (stand_in, client):
        made = Door(parts, clock, stand_in, with_slack(parts, client))
        await made.adopt()
        yield made


async def test_the_team_is_kept_with_the_workspace_and_the_bot_with_its_installation(
    door: Door,
) -> None:
    with pytest.raises(NotInstalledError):
        await door.slack.of(WORKSPACE)
    assert await door.ask() == 1
    found = await door.workspace()
    assert (found.team_id, found.name) == (door.stand_in.team_id, "Northwind")
    theirs = await door.slack.of(WORKSPACE)
    assert theirs.client.token == theirs.installation.bot_token == BOT_TOKEN
    assert theirs.installation.bot_user_id == door.stand_in.bot_user_id
    assert set(theirs.installation.scopes) == door.stand_in.scopes
    assert await door.ask(HOUR) == 0


async def test_the_token_is_not_in_the_database_in_the_clear(door: Door) -> None:
    async with door.parts.database.read() as tx:
        rows = await tx.exec_driver_sql("SELECT * FROM installations")
        assert BOT_TOKEN not in str(rows.all())


async def test_slack_is_asked_by_one_of_several_processes(door: Door) -> None:
    async with door.parts.database.read() as tx:
        (waiting,) = await installations.to_ask(tx, door.clock.now())
    async with door.parts.database.write() as tx:
        until = door.clock.now() + MINUTE
        assert await installations.claim(tx, waiting, until, 1)
        assert not await installations.claim(tx, waiting, until, 1)
    assert await door.ask() == 0
    # Whoever had its turn and did not come back has lost it.
    assert await door.ask(MINUTE) == 1


async def test_slack_is_asked_until_it_answers(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.stand_in.faults["auth.test"] = [Fault(status=503)] * 3
    with caplog.at_level(logging.WARNING, "bot.slack.team"):
        assert await door.ask() == 1
        assert await door.ask() == 0
        for _ in range(3):
            assert await door.ask(MINUTE) == 1
    assert (await door.workspace()).team_id == door.stand_in.team_id
    assert "Slack cannot be reached" in caplog.text


async def test_a_token_slack_refuses_is_kept_as_the_reason_and_asked_about_ever_more_seldom(
    door: Door,
) -> None:
    door.stand_in.faults["auth.test"] = [Fault(error="account_inactive")] * 40
    began = door.clock.now()
    await door.ask()
    found = await door.workspace()
    assert (found.slack_error, found.slack_error_at) == ("account_inactive", began)
    pauses = [await door.until_asked() for _ in range(12)]
    assert pauses[0] <= MINUTE
    assert all(after > before for before, after in itertools.pairwise(pauses[:6]))
    assert pauses[8:] == [HOUR] * 4
    assert (await door.workspace()).slack_error_at == began


async def test_a_workspace_that_was_shut_out_comes_back_by_itself(door: Door) -> None:
    await door.ask()
    await door.shut_out()
    door.parts.wake.sender.clear()
    assert await door.ask(MINUTE) == 1
    found = await door.workspace()
    assert (found.slack_error, found.slack_error_at) == (None, None)
    assert door.parts.wake.sender.is_set()


async def test_one_that_is_let_in_and_shut_out_in_turns_is_asked_ever_more_seldom(
    door: Door,
) -> None:
    """Slack may accept a token and refuse its messages, as when the messages tab is off."""
    await door.ask()
    pauses = []
    for _ in range(10):
        await door.shut_out("messages_tab_disabled")
        pauses.append(await door.until_asked())
        assert (await door.workspace()).slack_error is None
    assert pauses[8:] == [HOUR] * 2
    # After a day without trouble a fault is asked about at once, and soon again.
    door.clock.advance(timedelta(days=2))
    await door.shut_out()
    assert await door.ask() == 1
    await door.shut_out()
    assert await door.until_asked() <= MINUTE


async def test_a_token_of_another_team_is_refused_and_says_what_to_do(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    await door.ask()
    door.stand_in.team_id, door.stand_in.team_name = "T0OTHER", "Other"
    door.stand_in.bot_token = "xoxb-other"
    await door.adopt("xoxb-other")
    # Until Slack has said whose it is, nothing may be sent by it.
    assert (await door.workspace()).slack_error == "not_asked"
    with pytest.raises(NotInstalledError):
        await Slack(door.parts).of(WORKSPACE)
    with caplog.at_level(logging.ERROR, "bot.slack.team"):
        await door.ask()
    assert "DATABASE_URL" in caplog.text
    found = await door.workspace()
    assert (found.team_id, found.slack_error) == ("T0NORTHWIND", "wrong_team")
    with pytest.raises(NotInstalledError):
        await door.slack.of(WORKSPACE)
    assert await door.slack.of_team("T0OTHER") is None


async def test_a_new_token_of_the_same_team_takes_the_place_of_the_old(door: Door) -> None:
    await door.ask()
    assert (await door.slack.of(WORKSPACE)).client.token == BOT_TOKEN
    door.stand_in.bot_token = "xoxb-new"
    await door.adopt("xoxb-new")
    await door.ask()
    assert (await door.slack.of(WORKSPACE)).client.token == "xoxb-new"
    assert (await door.workspace()).slack_error is None


async def test_another_process_takes_a_new_token_over_within_half_a_minute(door: Door) -> None:
    await door.ask()
    other = Slack(door.slack.parts)
    assert (await other.of(WORKSPACE)).client.token == BOT_TOKEN
    door.stand_in.bot_token = "xoxb-new"
    await door.adopt("xoxb-new")
    await door.ask()
    door.clock.advance(30 * SECOND)
    assert (await other.of(WORKSPACE)).client.token == "xoxb-new"


async def test_a_start_with_the_same_token_asks_at_once_about_what_is_shut_out(door: Door) -> None:
    door.stand_in.faults["auth.test"] = [Fault(error="account_inactive")] * 9
    for _ in range(9):
        await door.ask(HOUR)
    assert await door.ask() == 0
    await door.adopt()
    assert await door.ask() == 1
    assert (await door.workspace()).slack_error is None


async def test_the_token_of_a_whole_organisation_is_explained(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.stand_in.is_enterprise_install = True
    with caplog.at_level(logging.ERROR, "bot.slack.team"):
        await door.ask()
    assert "one of its teams" in caplog.text
    assert (await door.workspace()).slack_error == "org_token"


async def test_webhooks_are_taken_while_slack_is_down_and_said_when_it_is_back(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    world.slack.faults["chat.postMessage"] = [Fault(status=503)] * 2
    assert (await world.post(won())).status == 202
    await world.settle()
    assert world.messages(ANA) == []
    for _ in range(3):
        await world.pass_time(timedelta(seconds=20))
    assert len(world.messages(ANA)) == 1


async def test_the_running_bot_speaks_again_when_slack_lets_it(sqlite_world: World) -> None:
    world = sqlite_world
    async with world.database.write() as tx:
        await workspaces.shut_out(tx, [WORKSPACE], "account_inactive", world.clock.now())
    await world.post(won())
    world.clock.advance(MINUTE)
    world.parts.wake.asking.set()
    async with asyncio.timeout(10):
        while not world.messages(ANA):
            await asyncio.sleep(0.02)
