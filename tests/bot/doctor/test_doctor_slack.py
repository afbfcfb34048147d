"""The doctor asks Slack who we are, and says what to do about each of its answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from starlette.applications import Starlette

from bot.doctor.findings import Finding, State
from bot.doctor.slack import check_slack
from bot.playground.slack.api import Fault, Person, SlackStandIn
from bot.runtime.settings import Settings
from bot.slack.scopes import BETTER_WITH, NEEDED
from storage.installations import ENVIRONMENT, Installation
from storage.workspaces import DEFAULT, Workspace
from tests.bot.playground.fake_bot import served

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TOKEN = "made-up-token"


def faults(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.state is State.FAULT]


@asynccontextmanager
async def slack() -> AsyncIterator[tuple[SlackStandIn, Settings]]:
    people_ = [Person("U1", "Ana", "ana@example.com", "UTC", owner=True)]
    stand_in = SlackStandIn(people_, bot_token=TOKEN, signing_secret="made up")
    async with served(Starlette(routes=stand_in.routes)) as url:
        stand_in.own_url = url
        yield (
            stand_in,
            Settings(
                _env_file=None,
                slack_bot_token=SecretStr(TOKEN),
                slack_signing_secret=SecretStr("made up"),
                slack_api_url=f"{url}/api/",
            ),
        )
    await stand_in.close()


async def asked(
    settings: Settings,
    workspace: Workspace | None = None,
    *,
    installation: Installation | None = None,
    in_use: bool = True,
) -> list[Finding]:
    return [
        finding async for finding in check_slack(settings, workspace, installation, in_use=in_use)
    ]


def bound(**changes: Any) -> Workspace:
    values: dict[str, Any] = dict.fromkeys(Workspace._fields)
    return Workspace(**{**values, "id": DEFAULT, "name": "Northwind", **changes})


def test_the_scopes_that_are_checked_are_those_of_the_manifest() -> None:
    manifest = yaml.safe_load((Path(__file__).parents[3] / "manifest.yml").read_text())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == NEEDED | BETTER_WITH.keys()


async def test_a_good_token_is_well() -> None:
    async with slack() as (_, settings):
        found = await asked(settings)
    assert [finding.state for finding in found] == [State.OK] * 3


async def test_a_missing_scope_is_named() -> None:
    async with slack() as (stand_in, settings):
        stand_in.scopes = {"chat:write", "commands", "users:read"}
        (found,) = faults(await asked(settings))
    assert found.text == "The token lacks a scope: users:read.email."


async def test_scopes_for_links_are_missed_only_where_links_are_switched_on() -> None:
    for on, missed in (("", 0), ("links log_call", 2)):
        async with slack() as (stand_in, settings):
            stand_in.scopes = {*NEEDED, *BETTER_WITH}
            found = await asked(settings, bound(switched_on=on))
        told = [each for each in found if "Without the scope links:" in each.text]
        assert len(told) == missed
        assert all("coach manifest --links" in (each.mend or "") for each in told)


async def test_a_scope_without_which_it_works_less_well_is_noted() -> None:
    async with slack() as (stand_in, settings):
        stand_in.scopes = set(NEEDED)
        found = await asked(settings)
    assert faults(found) == []
    (noted,) = [each for each in found if "dnd:read" in each.text]
    assert "Do Not Disturb is not seen" in noted.text
    assert "manifest.yml" in (noted.mend or "")


@pytest.mark.parametrize(
    ("code", "mend"),
    [("invalid_auth", "OAuth & Permissions"), ("account_inactive", "Install the app again")],
)
async def test_a_token_that_slack_refuses_is_a_fault_with_its_remedy(code: str, mend: str) -> None:
    async with slack() as (stand_in, settings):
        stand_in.faults["auth.test"] = [Fault(error=code)]
        (found,) = faults(await asked(settings))
    assert code in found.text
    assert mend in (found.mend or "")


async def test_a_slack_that_is_unwell_or_away_is_a_finding_and_no_crash() -> None:
    async with slack() as (stand_in, settings):
        stand_in.faults["auth.test"] = [Fault(status=503)]
        (unwell,) = faults(await asked(settings))
    (away,) = faults(await asked(settings))
    assert "cannot be asked" in unwell.text
    assert "cannot be asked" in away.text


async def test_the_token_of_another_team_is_a_fault() -> None:
    async with slack() as (_, settings):
        (found,) = faults(await asked(settings, bound(team_id="T_OTHER")))
    assert "this database of Northwind (T_OTHER)" in found.text


async def test_why_sending_has_stopped_is_told() -> None:
    async with slack() as (_, settings):
        workspace = bound(slack_error="messages_tab_disabled", slack_error_at=NOW)
        (found,) = faults(await asked(settings, workspace))
    assert found.text == ("Sending has stopped since 2026-11-22 10:00 UTC: messages_tab_disabled.")
    assert "App Home" in (found.mend or "")


async def test_who_has_uninstalled_the_app_is_told_how_to_have_it_back() -> None:
    workspace = bound(slack_error="not_installed", slack_error_at=NOW)
    # The token may still stand in the environment, or be gone with the app.
    async with slack() as (_, settings):
        found = await asked(settings, workspace), await asked(Settings(_env_file=None), workspace)
    for each in found:
        assert each[-1].text.endswith("UTC: not_installed.")
        assert "An administrator of the workspace installs the app" in (each[-1].mend or "")


async def test_what_comes_back_by_itself_is_said_to() -> None:
    async with slack() as (_, settings):
        workspace = bound(slack_error="not_asked", slack_error_at=NOW)
        (found,) = faults(await asked(settings, workspace))
    assert "by itself" in (found.mend or "")


async def test_a_token_that_was_changed_under_a_running_coach_is_noted() -> None:
    async with slack() as (_, settings):
        same = Installation(ENVIRONMENT, TOKEN, team_id="T0NORTHWIND")
        assert not any("another token" in f.text for f in await asked(settings, installation=same))
        older = Installation(ENVIRONMENT, "older", team_id="T0NORTHWIND")
        found = await asked(settings, installation=older)
    (noted,) = [each for each in found if "another token" in each.text]
    assert noted.state is not State.FAULT
    assert "Restart" in (noted.mend or "")


async def test_without_slack_and_crm_nothing_is_broken_but_with_a_crm_it_is() -> None:
    nothing = Settings(_env_file=None)
    assert faults(await asked(nothing, in_use=False)) == []
    assert [finding.text.split()[0] for finding in faults(await asked(nothing))] == [
        "SLACK_SIGNING_SECRET",
        "SLACK_BOT_TOKEN",
    ]
