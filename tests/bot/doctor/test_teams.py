"""The doctor lists every workspace that has the app by OAuth, and says of each how it stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from bot.doctor.findings import State
from bot.doctor.slack import check_slack
from bot.doctor.teams import check_teams
from bot.runtime.settings import Settings
from storage.connections import Connection
from storage.workspaces import DEFAULT, Workspace

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
URL = "https://coach.example.com"


def settings(**given: Any) -> Settings:
    by_oauth = {"slack_client_id": "1.2", "slack_client_secret": SecretStr("s")}
    return Settings(_env_file=None, **{**by_oauth, "coach_public_url": URL, **given})


def team(**changes: Any) -> Workspace:
    values: dict[str, Any] = dict.fromkeys(Workspace._fields)
    return Workspace(**{**values, "id": "w1", "name": "Acme", "team_id": "T1", **changes})


LEFT = {"left_at": NOW, "delete_at": NOW + timedelta(days=30), "slack_error": "app_uninstalled"}


@pytest.mark.parametrize(
    ("changes", "state", "words"),
    [
        ({}, State.OK, "Acme (T1): installed"),
        (
            {"slack_error": "token_revoked", "slack_error_at": NOW},
            State.FAULT,
            "sending has stopped since 2026-11-22 10:00 UTC: token_revoked",
        ),
        (LEFT, State.NOTE, "Its data are deleted from 2026-12-22 10:00 UTC on."),
        ({**LEFT, "team_id": None}, State.NOTE, "its data are being deleted"),
    ],
)
def test_each_is_told_of(changes: dict[str, Any], state: State, words: str) -> None:
    found = list(check_teams(settings(), [team(id=DEFAULT), team(**changes)], {}))
    assert [each.state for each in found] == [State.OK, state]
    assert f"{URL}/slack/install" in found[0].text
    assert words in found[1].text


def test_without_an_address_nobody_can_install_it_and_that_is_a_fault() -> None:
    (found,) = check_teams(settings(coach_public_url=None), [], {})
    assert found.state is State.FAULT
    assert "COACH_PUBLIC_URL" in (found.mend or "")


def test_half_of_what_it_takes_is_noticed_and_nothing_is_said_where_it_is_not_used() -> None:
    (found,) = check_teams(settings(slack_client_secret=None), [], {})
    assert "one is set" in found.text
    nothing = settings(slack_client_id=None, slack_client_secret=None)
    assert list(check_teams(nothing, [team(id=DEFAULT)], {})) == []


def test_what_is_wrong_with_a_crm_of_one_is_told_of() -> None:
    crm = Connection("w1", "hubspot", "hubspot", "t", (), "b")
    crms = {"w1": [crm, replace(crm, id="close", trouble="Its webhooks are off.")]}
    _, _, found = check_teams(settings(), [team()], crms)
    assert found.state is State.FAULT
    assert "Acme, connection close: Its webhooks are off." in found.text


async def test_that_there_is_no_token_in_the_environment_is_no_fault_then() -> None:
    given = settings(slack_signing_secret=SecretStr("s"))
    found = [each async for each in check_slack(given, team(team_id=None), None, in_use=False)]
    assert [each.state for each in found] == [State.OK]
