"""Which team the token is of is asked at start, kept, and must not change."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.playground.slack.api import Fault
from bot.runtime.parts import Parts
from bot.slack import team as slack_team
from bot.slack.team import WrongTeamError
from storage import workspaces
from storage.workspaces import Workspace
from tests.world import ANA, WORKSPACE, FixedClock, World, running_slack, won


async def workspace(parts: Parts) -> Workspace:
    async with parts.database.read() as tx:
        found = await workspaces.get(tx, WORKSPACE)
    assert found is not None
    return found


def clock_of(parts: Parts) -> FixedClock:
    assert isinstance(parts.clock, FixedClock)
    return parts.clock


async def test_the_team_is_kept_with_the_workspace(parts: Parts) -> None:
    async with running_slack(clock_of(parts)) as (slack, client):
        assert await slack_team.bind(parts, client, WORKSPACE) is None
        found = await workspace(parts)
        assert (found.team_id, found.name, found.bot_user_id) == (
            slack.team_id,
            "Northwind",
            slack.bot_user_id,
        )
        async with parts.database.read() as tx:
            assert await workspaces.by_team(tx, slack.team_id) == found
            assert await workspaces.by_team(tx, "T0OTHER") is None


async def test_a_token_of_another_team_is_refused_and_says_what_to_do(sqlite_parts: Parts) -> None:
    parts = sqlite_parts
    async with running_slack(clock_of(parts)) as (slack, client):
        await slack_team.bind(parts, client, WORKSPACE)
        slack.team_id, slack.team_name = "T0OTHER", "Other"
        with pytest.raises(WrongTeamError, match="DATABASE_URL"):
            await slack_team.bind(parts, client, WORKSPACE)
        assert (await workspace(parts)).team_id == "T0NORTHWIND"
        # While it runs nothing is sent, and the doctor can tell why.
        await slack_team.bind_until_known(parts, client, WORKSPACE)
        assert (await workspace(parts)).slack_error == "wrong_team"


async def test_a_token_slack_refuses_is_kept_as_the_reason_and_forgotten_once_it_works(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    async with running_slack(clock_of(parts)) as (slack, client):
        slack.faults["auth.test"] = [Fault(error="account_inactive")]
        assert await slack_team.bind(parts, client, WORKSPACE) == "account_inactive"
        found = await workspace(parts)
        assert (found.slack_error, found.slack_error_at) == ("account_inactive", parts.clock.now())
        assert await slack_team.bind(parts, client, WORKSPACE) is None
        assert (await workspace(parts)).slack_error is None


async def test_slack_is_asked_until_it_answers(
    sqlite_parts: Parts, caplog: pytest.LogCaptureFixture
) -> None:
    parts = sqlite_parts
    async with running_slack(clock_of(parts)) as (slack, client):
        slack.faults["auth.test"] = [Fault(status=503)]
        with caplog.at_level(logging.WARNING, "bot.slack.team"):
            await asyncio.wait_for(slack_team.bind_until_known(parts, client, WORKSPACE), 10)
        assert (await workspace(parts)).team_id == slack.team_id
        assert "Slack cannot be reached" in caplog.text


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
