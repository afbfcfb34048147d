"""A token in the wrong place is named for what it is, and its value is never told."""

from pathlib import Path

import pytest

from bot.runtime.settings import SettingsError, load
from bot.runtime.tokens import kind_of, misplaced

#: Put together here, so that nobody's scanner takes them for real ones.
BOT, USER, APP = "xo" + "xb-1-secret", "xo" + "xp-1-secret", "xa" + "pp-1-secret"
ROTATING, REFRESH = "xo" + "xe.xo" + "xb-1-secret", "xo" + "xe-1-secret"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder without a .env."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("token", "called"),
    [
        (BOT, "a bot token"),
        (USER, "a user token"),
        (APP, "an app-level token"),
        (ROTATING, "a bot token that ends after twelve hours"),
        (REFRESH, "a refresh token"),
        (f" {BOT}", "a bot token"),
        (BOT.upper(), "a bot token"),
    ],
)
def test_each_kind_is_known_by_how_it_begins(token: str, called: str) -> None:
    kind = kind_of(token)
    assert kind is not None
    assert kind.called == called


@pytest.mark.parametrize("value", ["", "made up", "playground-0123", "0123456789abcdef"])
def test_what_begins_like_none_of_slacks_is_of_no_kind_and_in_no_wrong_place(value: str) -> None:
    assert kind_of(value) is None
    assert misplaced("slack_bot_token", value) is None
    assert misplaced("slack_signing_secret", value) is None


@pytest.mark.parametrize(
    ("variable", "token", "words"),
    [
        ("SLACK_BOT_TOKEN", USER, "SLACK_BOT_TOKEN holds a user token (xoxp-…); it takes the Bot"),
        ("SLACK_BOT_TOKEN", APP, "SLACK_BOT_TOKEN holds an app-level token (xapp-…)"),
        ("SLACK_BOT_TOKEN", REFRESH, "SLACK_BOT_TOKEN holds a refresh token (xoxe-…)"),
        ("SLACK_APP_TOKEN", BOT, "SLACK_APP_TOKEN holds a bot token (xoxb-…); it takes an App"),
        ("SLACK_APP_TOKEN", USER, "SLACK_APP_TOKEN holds a user token (xoxp-…)"),
        ("SLACK_SIGNING_SECRET", APP, "SLACK_SIGNING_SECRET holds an app-level token"),
    ],
)
@pytest.mark.usefixtures("elsewhere")
def test_a_token_in_the_wrong_setting_stops_the_command(
    monkeypatch: pytest.MonkeyPatch, variable: str, token: str, words: str
) -> None:
    monkeypatch.setenv(variable, token)
    with pytest.raises(SettingsError) as caught:
        load()
    assert words in str(caught.value)
    assert "secret" not in str(caught.value).replace("Signing Secret", "")


@pytest.mark.parametrize("token", [BOT, ROTATING])
@pytest.mark.usefixtures("elsewhere")
def test_a_bot_token_is_where_it_belongs(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", token)
    monkeypatch.setenv("SLACK_APP_TOKEN", APP)
    assert load().slack_bot_token is not None
