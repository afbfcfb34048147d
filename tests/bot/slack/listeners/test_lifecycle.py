"""Tests of the end of an installation: nothing is sent to a workspace that let us go."""

import pytest

from bot.playground.slack.api import SlackStandIn
from storage import workspaces
from storage.workspaces import Workspace
from tests.bot.surface import ANA, WS, Surface


async def stored(surface: Surface) -> Workspace:
    async with surface.parts.database.read() as tx:
        found = await workspaces.get(tx, WS)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ({"type": "app_uninstalled"}, "app_uninstalled"),
        ({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0COACH"]}}, "token_revoked"),
    ],
)
async def test_nothing_more_is_sent(surface: Surface, event: dict[str, object], error: str) -> None:
    assert (await surface.slack.event(event)).ok
    assert (await stored(surface)).slack_error == error
    assert (await stored(surface)).slack_error_at == surface.clock.now()
    await surface.insight()
    await surface.settle()
    assert surface.slack.messages(ANA) == []


async def test_tokens_of_single_users_are_not_ours(surface: Surface) -> None:
    event = {"type": "tokens_revoked", "tokens": {"oauth": ["U01ANA"], "bot": []}}
    assert (await surface.slack.event(event)).ok
    assert (await stored(surface)).slack_error is None


async def test_another_team_changes_nothing(surface: Surface) -> None:
    slack: SlackStandIn = surface.slack
    slack.team_id = "T0OTHER"
    assert (await slack.event({"type": "app_uninstalled"})).ok
    assert (await stored(surface)).slack_error is None


async def test_what_cannot_be_stored_is_to_be_told_again(surface: Surface) -> None:
    async with surface.parts.database.write() as tx:
        await tx.exec_driver_sql("ALTER TABLE workspaces RENAME COLUMN slack_error TO away")
    answer = await surface.slack.event({"type": "app_uninstalled"})
    assert answer.status == 503
