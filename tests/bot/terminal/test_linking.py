"""`coach connect` for CRMs known by name, `coach connections` and `coach disconnect`."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import Response

from bot.playground.crm.vendors.close import Close
from bot.playground.crm.vendors.hubspot import PORTAL, SECRET, TOKEN, Hubspot, put
from tests.bot.crm.running import beside
from tests.bot.terminal.conftest import Coach

GIVEN = ("--token", TOKEN, "--client-secret", SECRET)


@pytest.fixture
def hubspot() -> Iterator[Hubspot]:
    with beside(Hubspot()) as standin:
        assert isinstance(standin, Hubspot)
        for number in range(60):
            put(standin, str(5001 + number), f"Deal {number}", "101")
        yield standin


def test_an_account_is_tried_taken_over_and_said_what_to_click(
    coach: Coach, hubspot: Hubspot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", "https://coach.example.com")
    ran = coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url)
    assert ran.code == 0, ran.err
    assert f"Account      HubSpot account {PORTAL}" in ran.out
    assert "\nTarget URL: https://coach.example.com/webhooks/hubspot/" in ran.out
    assert "Taken over: owners 1, stages 4, deals 60, contacts 0, tasks 0." in ran.out
    assert TOKEN not in ran.out
    assert SECRET not in ran.out
    kept = b"".join(file.read_bytes() for file in tmp_path.rglob("coach.db*"))
    assert TOKEN.encode() not in kept
    assert SECRET.encode() not in kept


def test_a_second_time_nothing_is_asked_for_or_taken_over_again(
    coach: Coach, hubspot: Hubspot
) -> None:
    first = coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url, "--json")
    assert first.code == 0, first.err
    told = json.loads(first.out)
    assert told == {
        "id": "hubspot",
        "url": told["url"],
        "account": PORTAL,
        "name": f"HubSpot account {PORTAL}",
        "webhooks": False,
        "lacking": [],
    }
    # Only what shows that the credentials work was asked.
    assert not hubspot.calls(path="search")
    assert coach("connect", "hubspot").code == 0
    hubspot.asked.clear()
    second = coach("connect", "hubspot", "--json")
    assert json.loads(second.out) == told
    assert not [each for each in hubspot.asked if each.query.get("limit") == "50"]


def test_what_is_missing_is_said_with_where_to_find_it(coach: Coach) -> None:
    ran = coach("connect", "hubspot", "--token", TOKEN)
    assert ran.code == 1
    assert ran.err.startswith("hubspot needs more: --client-secret, Client secret (")
    assert "Show secret" in ran.err
    assert coach("connections").out.startswith("No CRM is connected.")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--api-key", "x"), "hubspot takes no --api-key; it takes --token, --client-secret."),
        (("--rotate",), "not for hubspot"),
        (("--callback", "https://x.example"), "not for hubspot"),
        (("--api-url", "http://10.0.0.1/"), "The API URL “http://10.0.0.1/” cannot be used."),
    ],
)
def test_options_that_do_not_fit_are_refused(
    coach: Coach, options: tuple[str, ...], said: str
) -> None:
    ran = coach("connect", "hubspot", *GIVEN, *options)
    assert ran.code == 1
    assert said in ran.err
    assert coach("connect", "native", "--token", "x").err.startswith("native takes no credentials")


def test_credentials_that_do_not_work_leave_nothing_behind(coach: Coach, hubspot: Hubspot) -> None:
    ran = coach(
        "connect", "hubspot", "--token", "x", "--client-secret", "y", "--api-url", hubspot.url
    )
    assert ran.code == 1
    assert "HTTP 401" in ran.err
    assert "copy them anew" in ran.err
    assert coach("connections", "--json").out.strip() == "[]"


def test_a_scope_that_is_lacking_is_named_and_the_rest_is_taken_over(
    coach: Coach, hubspot: Hubspot
) -> None:
    hubspot.forbidden = ["/contacts"]
    ran = coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url)
    assert ran.code == 0, ran.err
    assert "contacts cannot be read: add the scope crm.objects.contacts.read" in ran.out
    assert "Taken over: owners 1, stages 4, deals 60, tasks 0." in ran.out
    assert "Not taken over: contacts (HTTP 403)." in ran.out
    (one,) = json.loads(coach("connections", "--json").out)
    assert one["taken_over"][-2] == {
        "what": "contacts", "count": 0, "whole": False, "error": "HTTP 403",
    }  # fmt: skip
    hubspot.forbidden = []
    again = coach("connect", "hubspot")
    assert "contacts 0, tasks 0." in again.out
    assert "Not taken over" not in again.out


def test_connections_are_listed_with_their_health(coach: Coach, hubspot: Hubspot) -> None:
    coach("connect", "native")
    coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url)
    out = coach("connections").out
    assert f"hubspot (hubspot, HubSpot account {PORTAL})\n  no webhook has come yet" in out
    assert "taken over: owners 1, stages 4, deals 60" in out
    assert TOKEN not in out
    native, hub = json.loads(coach("connections", "--json").out)
    assert (native["id"], native["taken_over"]) == ("native", [])
    assert (hub["account"], hub["health"], hub["trouble"]) == (PORTAL, "silent", None)


def test_a_link_that_has_ended_is_forgotten_whole_and_can_be_made_anew(
    coach: Coach, hubspot: Hubspot, tmp_path: Path
) -> None:
    coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url)
    ran = coach("disconnect", "hubspot")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("hubspot is not linked any more; things forgotten: 60.")
    (database,) = tmp_path.rglob("coach.db")
    with sqlite3.connect(database) as opened:
        for table in ("connections", "deals", "activities", "event_keys", "fetches", "stages"):
            assert opened.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    opened.close()
    again = coach("connect", "hubspot", *GIVEN, "--api-url", hubspot.url)
    assert "deals 60" in again.out
    assert coach("disconnect", "other").err.startswith("There is no connection “other”")


def test_the_secret_of_an_app_for_several_accounts_is_not_asked_for(
    coach: Coach, hubspot: Hubspot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_CRM_APPS", json.dumps({"hubspot": {"client_secret": SECRET}}))
    ran = coach("connect", "hubspot", "--token", TOKEN, "--api-url", hubspot.url, "--json")
    assert ran.code == 0, ran.err


@pytest.fixture
def close() -> Iterator[Close]:
    with beside(Close()) as standin:
        assert isinstance(standin, Close)
        yield standin


def test_where_a_crm_lets_it_its_webhooks_are_made_by_api_and_ended_with_the_link(
    coach: Coach, close: Close, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", "https://coach.example.com")
    ran = coach("connect", "close", "--api-key", "api_k", "--api-url", close.url)
    assert ran.code == 0, ran.err
    assert "The CRM sends its webhooks there from now on." in ran.out
    (made,) = close.webhooks.values()
    assert made["url"].startswith("https://coach.example.com/webhooks/close/")
    # A second time it makes no second one.
    assert coach("connect", "close").code == 0
    assert len(close.webhooks) == 1
    assert coach("disconnect", "close").code == 0
    assert close.webhooks == {}


def test_a_crm_that_cannot_be_told_keeps_its_link_unless_it_is_to_end_anyway(
    coach: Coach, close: Close, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", "https://coach.example.com")
    coach("connect", "close", "--api-key", "api_k", "--api-url", close.url, "--json")
    close.answers = [Response(status_code=401)]
    refused = coach("disconnect", "close")
    assert refused.code == 1
    assert "Nothing was forgotten; with --anyway" in refused.err
    assert '"close"' in coach("connections", "--json").out
    close.answers = [Response(status_code=401)]
    ran = coach("disconnect", "close", "--anyway")
    assert ran.code == 0
    assert "delete them there" in ran.out
    assert coach("connections", "--json").out.strip() == "[]"


def test_without_a_public_address_webhooks_are_not_asked_for(coach: Coach, close: Close) -> None:
    ran = coach("connect", "close", "--api-key", "api_k", "--api-url", close.url)
    assert ran.code == 0, ran.err
    assert "Set COACH_PUBLIC_URL" in ran.out
    assert close.webhooks == {}
