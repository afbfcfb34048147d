"""Tests of manifest.yml: least scopes, one address, and what the bot answers to."""

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from bot.playground.page.shortcuts import SHORTCUTS
from bot.slack.command import load_subcommands
from bot.slack.manifest import PLACEHOLDER, ManifestError, made, original
from bot.slack.scopes import LINKS
from bot.slack.switches import SHORTCUTS as SHORTCUTS_ON

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


def test_every_shortcut_is_one_that_can_be_switched_on(manifest: dict[str, Any]) -> None:
    shortcuts = manifest["features"]["shortcuts"]
    assert {each["callback_id"] for each in shortcuts} == {each.value for each in SHORTCUTS_ON}


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
        settings["interactivity"]["message_menu_options_url"],
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
    # Of links Slack tells where that is wanted, and of messages in direct messages it says no more
    # than that they are messages.
    assert listened == {event.partition(".")[0] for event in [*events, "link_shared"]}


def test_the_texts_fit_slacks_limits(manifest: dict[str, Any]) -> None:
    display = manifest["display_information"]
    assert display["name"] == "Coach"
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert 175 <= len(display["long_description"]) <= 4000


# `coach manifest`


def test_where_links_are_wanted_it_asks_for_what_that_takes_and_no_more() -> None:
    plain, wanted = (
        yaml.safe_load(made(original(), url=ADDRESS, socket=False, links=links))
        for links in ([], ["hubspot.com", "CRM.example.com", "hubspot.com"])
    )
    jsonschema.Draft7Validator(SCHEMA).validate(wanted)
    assert wanted["features"].pop("unfurl_domains") == ["hubspot.com", "crm.example.com"]
    for path, more in (
        (("oauth_config", "scopes", "bot"), LINKS),
        (("settings", "event_subscriptions", "bot_events"), {"link_shared"}),
    ):
        before, after = plain, wanted
        for each in path:
            before, after = before[each], after[each]
        assert set(after) - set(before) == more
        after[:] = before
    assert wanted == plain


@pytest.mark.parametrize(
    "links", [["twenty"], [""], ["https://crm.example.com"], ["-x.example"], ["a.b\nc.d"]]
)
def test_what_is_no_domain_is_refused(links: list[str]) -> None:
    with pytest.raises(ManifestError, match="nor a domain"):
        made(original(), url=None, socket=True, links=links)


def test_more_domains_than_slack_takes_are_refused() -> None:
    with pytest.raises(ManifestError, match="Slack takes 5 domains, and these are 6"):
        made(original(), url=None, socket=True, links=[f"crm{n}.example" for n in range(6)])


SCHEMA = json.loads(
    (Path(__file__).parent / "schemas" / "slack-manifest.v1.json").read_text(encoding="utf-8")
)
ADDRESS = "https://coach.example.com"


def printed(url: str | None = None, *, socket: bool = False) -> dict[str, Any]:
    """The manifest as it is printed, which Slack's own schema takes."""
    loaded: dict[str, Any] = yaml.safe_load(made(original(), url=url, socket=socket))
    jsonschema.Draft7Validator(SCHEMA).validate(loaded)
    return loaded


def addresses(of: object) -> list[str]:
    """Every web address in it."""
    return re.findall(r"https?://[^\s\"']+", json.dumps(of))


def test_slacks_schema_takes_the_file_itself(manifest: dict[str, Any]) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(manifest)


def test_for_an_address_it_stands_in_each_place_and_nothing_else_changes(
    manifest: dict[str, Any],
) -> None:
    found = printed(f"{ADDRESS}/")
    as_text = json.dumps(manifest).replace(PLACEHOLDER, ADDRESS)
    assert found == json.loads(as_text)


def test_for_socket_mode_there_is_no_address_and_all_else_stays(manifest: dict[str, Any]) -> None:
    found = printed(socket=True)
    assert addresses(found) == []
    assert found["settings"]["socket_mode_enabled"] is True
    (command,) = manifest["features"]["slash_commands"]
    del command["url"]
    del manifest["oauth_config"]["redirect_urls"]
    for part in ("event_subscriptions", "interactivity"):
        del manifest["settings"][part]["request_url"]
    del manifest["settings"]["interactivity"]["message_menu_options_url"]
    manifest["settings"]["socket_mode_enabled"] = True
    assert found == manifest


def test_with_both_only_browsers_come_to_the_address() -> None:
    found = printed(ADDRESS, socket=True)
    assert addresses(found) == found["oauth_config"]["redirect_urls"]
    assert addresses(found) == [f"{ADDRESS}/slack/oauth_redirect"]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://coach.example.com", "Slack calls https addresses only"),
        ("coach.example.com", "is not an address"),
        ("https://", "is not an address"),
        ("https://user:secret@coach.example.com", "is not an address"),
        ("https://coach.example.com/?a=b", "is not an address"),
        ("https://coach.example.com/#x", "is not an address"),
        ("https://coach.example.com/a b", "is not an address"),
        ("https://coach.example.com\nscopes: all", "is not an address"),
        ("https://coach.example.com/'\"", "is not an address"),
        ("https://[::1", "is not an address"),
        ("ftp://coach.example.com", "is not an address"),
        ("", "is not an address"),
    ],
)
def test_an_address_that_slack_would_not_call_is_refused_in_one_sentence(
    url: str, words: str
) -> None:
    with pytest.raises(ManifestError, match=words):
        made(original(), url=url, socket=False)


def test_what_is_installed_has_the_manifest_too(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "bot").mkdir(parents=True)
    (project / "bot" / "__init__.py").touch()
    for name in ("pyproject.toml", "manifest.yml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, project / name)
    script = "from setuptools.build_meta import build_wheel; print(build_wheel('..'))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / ran.stdout.split()[-1]) as wheel:
        (name,) = [each for each in wheel.namelist() if each.endswith("manifest.yml")]
        assert name.endswith(".data/data/share/coach/manifest.yml")
        assert wheel.read(name) == (ROOT / "manifest.yml").read_bytes()


def test_the_playground_offers_the_shortcuts_of_the_manifest(manifest: dict[str, Any]) -> None:
    kept = ("name", "type", "callback_id")
    told = [{name: each[name] for name in kept} for each in manifest["features"]["shortcuts"]]
    assert list(SHORTCUTS) == told
