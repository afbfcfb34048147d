"""`coach manifest` prints what can be pasted, and nothing else, on the standard output."""

import pytest
import yaml

from tests.bot.terminal.conftest import Coach


def test_without_an_option_it_is_for_socket_mode_unless_there_is_an_address(
    coach: Coach, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = coach("manifest")
    assert ran.code == 0
    assert yaml.safe_load(ran.out)["settings"]["socket_mode_enabled"] is True
    assert ran.err.strip() == "For Socket Mode; --socket and --url say otherwise."
    monkeypatch.setenv("COACH_PUBLIC_URL", "https://coach.example.com")
    ran = coach("manifest")
    (command,) = yaml.safe_load(ran.out)["features"]["slash_commands"]
    assert command["url"] == "https://coach.example.com/slack/events"
    assert coach("manifest", "--socket").err == ""


def test_an_address_that_slack_would_not_call_is_one_sentence(coach: Coach) -> None:
    ran = coach("manifest", "--url", "http://coach.example.com")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.strip() == (
        "Slack calls https addresses only; write http://coach.example.com with https://."
    )


def test_a_provider_stands_for_the_domains_of_its_pages(coach: Coach) -> None:
    ran = coach("manifest", "--socket", "--links", "salesforce", "--links", "crm.example.com")
    assert ran.code == 0
    domains = yaml.safe_load(ran.out)["features"]["unfurl_domains"]
    assert domains == ["force.com", "salesforce.com", "crm.example.com"]
    ran = coach("manifest", "--socket", "--links", "nobody")
    assert (ran.code, ran.out) == (1, "")
    assert "“nobody” is neither a provider" in ran.err
