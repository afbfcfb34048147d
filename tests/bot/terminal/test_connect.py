"""`coach connect`: secrets that work, shown plainly, rotated without a gap."""

import json
import re
import subprocess
import time

import pytest

from bot.crm.provider import Account, Request, SignatureError, load_providers
from tests.bot.terminal.conftest import Coach


def linked(coach: Coach, *options: str) -> dict[str, str]:
    ran = coach("connect", "native", *options, "--json")
    assert ran.code == 0, ran.err
    found: dict[str, str] = json.loads(ran.out)
    return found


def bearer(coach: Coach) -> str:
    match = re.search(r"Bearer token +(\S+)", coach("connect", "native").out)
    assert match
    return match[1]


def test_json_is_the_id_the_url_and_the_secret_alone(coach: Coach) -> None:
    link = linked(coach)
    assert set(link) == {"id", "url", "secret"}
    assert link["id"] == "native"
    assert re.fullmatch(r"http://127\.0\.0\.1:3000/webhooks/native/[\w-]{32}", link["url"])
    assert link["secret"].startswith("whsec_")


def test_a_second_time_shows_the_same_connection(coach: Coach) -> None:
    assert linked(coach) == linked(coach)


def test_a_second_crm_of_a_kind_has_a_name_and_secrets_of_its_own(coach: Coach) -> None:
    first, second = linked(coach), linked(coach, "--id", "sales")
    assert second["id"] == "sales"
    assert first["url"] != second["url"]
    assert first["secret"] != second["secret"]


def test_the_url_begins_with_the_public_address(
    coach: Coach, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", "https://coach.example.com/")
    assert linked(coach)["url"].startswith("https://coach.example.com/webhooks/native/")


def test_rotation_puts_a_new_secret_first_and_keeps_the_old_until_it_is_finished(
    coach: Coach,
) -> None:
    old = linked(coach)["secret"]
    new = linked(coach, "--rotate")["secret"]
    assert new != old
    assert "and 1 older, until --finish" in coach("connect", "native").out
    assert linked(coach)["secret"] == new
    assert "dropped: 1" in coach("connect", "native", "--finish").out
    assert linked(coach)["secret"] == new
    assert "older" not in coach("connect", "native").out


def test_the_bearer_token_can_be_replaced(coach: Coach) -> None:
    linked(coach)
    before = bearer(coach)
    assert "the old one is refused" in coach("connect", "native", "--new-bearer").out
    assert bearer(coach) != before


def test_the_callback_is_set_shown_and_taken_away(coach: Coach) -> None:
    url = "http://127.0.0.1:8080/coach"
    assert f"Callback URL    {url}" in coach("connect", "native", "--callback", url).out
    assert f"Callback URL    {url}" in coach("connect", "native").out
    assert "Callback URL    none" in coach("connect", "native", "--callback", "").out


@pytest.mark.parametrize(
    "url",
    ["http://localhost:8080/x", "https://[::1]/x", "https://not-known-yet.invalid/x"],
)
def test_a_callback_on_this_machine_or_not_known_yet_can_be_set(coach: Coach, url: str) -> None:
    assert f"Callback URL    {url}" in coach("connect", "native", "--callback", url).out


def test_the_example_that_is_printed_signs_rightly(coach: Coach) -> None:
    """Runs the printed shell lines with a `curl` that shows what it was given."""
    text = coach("connect", "native").out
    lines = text[text.index("Try it, signed:") : text.index("Or with the bearer")].splitlines()[1:]
    script = 'curl() { printf "%s\\n" "$@"; }\n' + "\n".join(line[2:] for line in lines)
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    given = shown.splitlines()
    headers = {
        name.encode(): value.encode()
        for line in given
        if (match := re.fullmatch(r"(webhook-[a-z]+): (.*)", line))
        for name, value in [match.groups()]
    }
    body = given[given.index("-d") + 1].encode()
    provider = load_providers()["native"]
    account = Account((linked(coach)["secret"],))
    assert provider.verify(Request(headers, body), account, time.time()) is not None
    with pytest.raises(SignatureError):
        provider.verify(Request(headers, body + b" "), account, time.time())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["acme"], "There is no provider “acme”; choose one of: "),
        (["native", "--id", "Not A Name"], "cannot name a connection"),
        (["native", "--id", "slack"], "cannot name a connection"),
        (["native", "--rotate"], "There is no connection “native” yet"),
        (["native", "--rotate", "--finish"], "First --rotate"),
        (["native", "--callback", "http://crm.example.com/x"], "is called by https only"),
        (["native", "--callback", "ftp://crm.example.com/x"], "not a whole web address"),
        (["native", "--callback", "https://10.0.0.7/x"], "inside a private network"),
        (["native", "--callback", "https://[fd00::1]/x"], "inside a private network"),
        (["native", "--callback", "https://[::ffff:192.168.1.1]/x"], "inside a private network"),
        (["native", "--callback", "https://169.254.169.254/x"], "inside a private network"),
        # By name: one that leads to this machine is none of its own names.
        (["native", "--callback", "https://0x7f.1/x"], "0x7f.1 is inside a private network"),
        (["native", "--callback", "https://0x0a.1/x"], "0x0a.1 is inside a private network"),
        (["native", "--callback", "https://10.1/x"], "not a whole web address"),
        (["native", "--callback", "http://127.1:8080/x"], "http://localhost:port/path"),
        (["native", "--callback", "https://ana:pw@crm.example.com/x"], "user name or password"),
        (["native", "--callback", "https://h:port/"], "not a whole web address"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    coach: Coach, arguments: list[str], sentence: str
) -> None:
    ran = coach("connect", *arguments)
    assert ran.code == 1
    assert sentence in ran.err
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "url", ["http://coach.example.com", "coach.example.com", "ftp://coach.example.com", "https://"]
)
def test_an_address_without_https_is_given_to_no_crm(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", url)
    ran = coach("connect", "native")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"COACH_PUBLIC_URL is “{url}”, and a CRM's webhooks hold")
    assert len(ran.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "url", ["https://coach.example.com", "http://localhost:3000", "http://127.0.0.1:3000"]
)
def test_an_encrypted_address_and_one_on_this_machine_are_shown(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("COACH_PUBLIC_URL", url)
    assert f"Webhook URL     {url}/webhooks/native/" in coach("connect", "native").out


def test_a_callback_that_is_no_address_is_named_with_the_form_it_needs(coach: Coach) -> None:
    assert coach("connect", "native", "--callback", "crm.example.com/\x1b[2J").err == (
        "The callback URL “crm.example.com/ [2J” cannot be used. The address is not a whole web "
        "address. Write https://host/path, or http://localhost:port/path for a CRM on this "
        "machine.\n"
    )


def test_secrets_are_not_in_the_database_in_the_clear(coach: Coach, tmp_path: object) -> None:
    from pathlib import Path

    link = linked(coach)
    stored = b"".join(path.read_bytes() for path in Path(str(tmp_path)).glob("data/coach.db*"))
    assert link["secret"].removeprefix("whsec_").encode() not in stored
    assert link["url"].rpartition("/")[2].encode() not in stored


def test_it_works_on_each_database(
    coach: Coach, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert linked(coach, "--rotate" if linked(coach) else "")["id"] == "native"
