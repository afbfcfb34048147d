"""Tests of manifest.yml: least scopes, one address, and what the bot answers to."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.slack.command import load_subcommands

ROOT = Path(__file__).parents[2]


@pytest.fixture
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    return loaded


def test_the_app_asks_for_the_least_scopes(manifest: dict[str, Any]) -> None:
    assert manifest["oauth_config"]["scopes"] == {
        "bot": [
            "chat:write",
            "commands",
            "dnd:read",
            "im:history",
            "users:read",
            "users:read.email",
        ]
    }


def test_the_home_and_messages_tabs_are_on_and_people_may_write(manifest: dict[str, Any]) -> None:
    assert manifest["features"]["app_home"] == {
        "home_tab_enabled": True,
        "messages_tab_enabled": True,
        "messages_tab_read_only_enabled": False,
    }


def test_the_coach_command_has_a_hint_and_receives_escaped_mentions(
    manifest: dict[str, Any],
) -> None:
    (command,) = manifest["features"]["slash_commands"]
    assert command["command"] == "/coach"
    assert command["should_escape"] is True
    assert sorted(command["usage_hint"].split(" | ")) == sorted(load_subcommands())
    # Slack's own limit.
    assert len(command["usage_hint"]) <= 1000


def test_events_commands_and_buttons_all_arrive_at_the_same_address(
    manifest: dict[str, Any],
) -> None:
    (command,) = manifest["features"]["slash_commands"]
    settings = manifest["settings"]
    assert settings["interactivity"]["is_enabled"] is True
    assert {
        command["url"],
        settings["event_subscriptions"]["request_url"],
        settings["interactivity"]["request_url"],
    } == {"https://YOUR-HOST.example/slack/events"}
    assert manifest["oauth_config"]["redirect_urls"] == [
        "https://YOUR-HOST.example/slack/oauth_redirect"
    ]


def test_only_the_events_that_the_bot_listens_to_are_subscribed(manifest: dict[str, Any]) -> None:
    events = manifest["settings"]["event_subscriptions"]["bot_events"]
    assert sorted(events) == ["app_home_opened", "app_uninstalled", "message.im", "tokens_revoked"]
    listened = {
        event
        for path in (ROOT / "bot" / "slack" / "listeners").glob("*.py")
        for event in re.findall(r"\bevent\(\s*[\"'](\w+)[\"']", path.read_text(encoding="utf-8"))
    }
    # Of messages in direct messages Slack says no more than that they are messages.
    assert listened == {event.partition(".")[0] for event in events}


def test_the_texts_fit_slacks_limits(manifest: dict[str, Any]) -> None:
    display = manifest["display_information"]
    assert display["name"] == "Coach"
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert 175 <= len(display["long_description"]) <= 4000
