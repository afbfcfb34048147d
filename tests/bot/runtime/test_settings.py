"""Every setting has a safe default, and what is wrong with one is said by its name."""

import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from bot.doctor.environment import check_settings
from bot.doctor.findings import State
from bot.runtime.settings import (
    Settings,
    SettingsError,
    load,
    missing_for_slack,
    private_folder,
)
from storage.sealing import Seal


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a .env, and a data folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def test_with_nothing_configured_there_is_a_file_and_a_key_of_ones_own(elsewhere: Path) -> None:
    settings = load()
    assert settings.slack_bot_token is None
    assert settings.slack_api_url == "https://slack.com/api/"
    url = settings.database()
    file = Path(url.removeprefix("sqlite+aiosqlite:///"))
    assert file.parent.is_relative_to(elsewhere) or str(file).startswith(str(Path.home()))
    (key,) = settings.secret_keys()
    assert Seal([key]).open(Seal([key]).close("x")) == "x"
    assert load().secret_keys() == [key]
    made = file.parent / "secret.key"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_folder_inside_the_data_folder_leaves_neither_open_to_others(elsewhere: Path) -> None:
    # The first command a newcomer runs is the demo, whose folder lies inside the data folder.
    data = elsewhere / "data" / "coach"
    private_folder(data / "demo")
    assert [stat.S_IMODE(each.stat().st_mode) for each in (data, data / "demo")] == [0o700, 0o700]
    settings = Settings(_env_file=None, coach_data=data)
    assert [each.text for each in check_settings(settings) if each.state is State.FAULT] == []


def test_a_folder_that_was_there_keeps_its_permissions(elsewhere: Path) -> None:
    (elsewhere / "shared").mkdir(mode=0o755)
    private_folder(elsewhere / "shared")
    assert stat.S_IMODE((elsewhere / "shared").stat().st_mode) == 0o755


def test_a_file_of_settings_is_read_and_the_environment_goes_before_it(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / ".env").write_text(
        "SLACK_SIGNING_SECRET=from-the-file\nCOACH_LOG_LEVEL=DEBUG\nUNKNOWN_SETTING=1\n"
    )
    monkeypatch.setenv("SLACK_SIGNING_SECRET", "from-outside")
    settings = load()
    assert settings.slack_signing_secret is not None
    assert settings.slack_signing_secret.get_secret_value() == "from-outside"
    assert settings.coach_log_level == "DEBUG"


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u@h/d", "postgresql+psycopg://u@h/d"),
        ("postgresql+psycopg://u@h/d", "postgresql+psycopg://u@h/d"),
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
    ],
)
def test_a_database_is_named_as_its_provider_names_it(given: str, used: str) -> None:
    assert Settings(_env_file=None, database_url=given).database() == used


def test_keys_are_given_newest_first_separated_by_commas(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(2)]
    monkeypatch.setenv("COACH_SECRET_KEYS", f" {keys[0]} , {keys[1]},")
    assert load().secret_keys() == keys


def test_slacks_address_ends_in_a_slash_whatever_was_typed() -> None:
    settings = Settings(_env_file=None, slack_api_url="http://127.0.0.1:1/api")
    assert settings.slack_api_url == "http://127.0.0.1:1/api/"


def test_a_wrong_setting_is_named(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsError, match="COACH_LOG_LEVEL"):
        load()


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("COACH_LOG_LEVEL", "LOUD", "COACH_LOG_LEVEL must be one of DEBUG, INFO, WARNING or ERROR"),
        ("COACH_CRM_APPS", "{", 'COACH_CRM_APPS must be JSON such as {"vendor": {'),
        ("COACH_CRM_APPS", "[]", 'COACH_CRM_APPS must be JSON such as {"vendor": {'),
        ("COACH_CRM_APPS", '{"a": 1}', 'COACH_CRM_APPS must be JSON such as {"vendor": {'),
        ("COACH_CRM_APPS", '{"a": {"b": 1}}', 'COACH_CRM_APPS must be JSON such as {"vendor": {'),
    ],
)
def test_what_is_wrong_with_a_setting_is_said_in_our_words(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert str(caught.value).startswith(f"A setting cannot be used: {sentence}")
    for word in ("Value error", "Input should", "valid", "pydantic"):
        assert word not in str(caught.value)


def test_a_file_of_settings_that_is_no_text_is_one_sentence(elsewhere: Path) -> None:
    (elsewhere / ".env").write_bytes(b"COACH_LOG_LEVEL=\xff\xfe")
    with pytest.raises(SettingsError, match=r"\.env cannot be read: it is not UTF-8 text"):
        load()


def test_a_line_that_is_no_setting_is_passed_over_and_told_by_its_number(
    elsewhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (elsewhere / ".env").write_text("COACH_LOG_LEVEL=DEBUG\nthis is no setting = at all\n")
    assert load().coach_log_level == "DEBUG"
    assert caplog.messages == ["Line 2 of .env is passed over: it is not of the form NAME=value."]


def test_by_socket_mode_nothing_is_signed() -> None:
    nothing = Settings(_env_file=None)
    assert missing_for_slack(nothing) == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN (or SLACK_SIGNING_SECRET)",
    ]
    for other in ("slack_app_token", "slack_signing_secret"):
        given: dict[str, Any] = {"slack_bot_token": SecretStr("a"), other: SecretStr("b")}
        assert missing_for_slack(Settings(_env_file=None, **given)) == []


def test_secrets_are_not_shown_with_the_settings() -> None:
    settings = Settings(_env_file=None, slack_bot_token="very-secret")  # type: ignore[arg-type]
    assert "very-secret" not in repr(settings)
