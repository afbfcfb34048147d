"""The environment, typed: every setting has a safe default, and generated keys stay private."""

import json
import logging
import os
from pathlib import Path
from typing import Annotated, Literal, TextIO

from cryptography.fernet import Fernet
from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.runtime.tokens import misplaced
from coach.errors import CoachError


class SettingsError(CoachError):
    """A setting in the environment or in .env cannot be used."""


def data_folder() -> Path:
    """Where the database and the generated key live when nothing else is said."""
    return user_data_path("coach", appauthor=False)


class Settings(BaseSettings):
    """What can be set from outside; see README for each."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_client_id: str | None = None
    slack_client_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    database_url: str | None = None
    coach_public_url: str | None = None
    coach_secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    coach_administrator: str | None = None
    coach_workspace: str | None = None
    coach_crm_apps: Annotated[dict[str, dict[str, SecretStr]], NoDecode] = Field(
        default_factory=dict
    )
    coach_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    coach_data: Path = Field(default_factory=data_folder)

    @field_validator("coach_secret_keys", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("coach_crm_apps", mode="before")
    @classmethod
    def _as_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            told = json.loads(value or "{}")
        except ValueError:
            told = None
        vendors = told.values() if isinstance(told, dict) else [None]
        if not all(isinstance(each, dict) and _texts(each) for each in vendors):
            raise ValueError('must be JSON such as {"vendor": {"client_secret": "…"}}')
        return told

    @field_validator(
        "slack_bot_token", "slack_app_token", "slack_signing_secret", "slack_client_secret"
    )
    @classmethod
    def _in_its_place(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        fault = misplaced(str(info.field_name), value.get_secret_value()) if value else None
        if fault is not None:
            raise ValueError(fault)
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _with_slash(cls, value: str) -> str:
        # slack_sdk joins method names to it.
        return value if value.endswith("/") else value + "/"

    @field_validator("database_url")
    @classmethod
    def _with_driver(cls, value: str | None) -> str | None:
        """People paste `postgres://…` from their provider; the async driver is our business."""
        for given, driver in (
            ("postgres://", "postgresql+psycopg://"),
            ("postgresql://", "postgresql+psycopg://"),
            ("sqlite://", "sqlite+aiosqlite://"),
        ):
            if value and value.startswith(given):
                return driver + value.removeprefix(given)
        return value

    def database(self) -> str:
        """The database's address; by default a SQLite file in the data folder."""
        if self.database_url:
            return self.database_url
        file = private_folder(self.coach_data) / "coach.db"
        if not file.exists():
            # SQLite would make it readable for everybody; its companion files follow suit.
            file.touch(mode=0o600)
        return f"sqlite+aiosqlite:///{file}"

    def apps(self) -> dict[str, dict[str, str]]:
        """Secrets of our own apps at CRM vendors: provider -> name -> secret."""
        return {
            provider: {name: secret.get_secret_value() for name, secret in secrets.items()}
            for provider, secrets in self.coach_crm_apps.items()
        }

    def client(self) -> tuple[str, str] | None:
        """Client ID and client secret of the app, where both are set: it is installed by OAuth."""
        secret = self.slack_client_secret.get_secret_value() if self.slack_client_secret else ""
        return (self.slack_client_id, secret) if self.slack_client_id and secret else None

    def secret_keys(self) -> list[str]:
        """The keys secrets are encrypted with, newest first; generated once when none is set."""
        if self.coach_secret_keys:
            return [key.get_secret_value() for key in self.coach_secret_keys]
        return [generated_key(private_folder(self.coach_data) / "secret.key")]


def _texts(of: dict[str, object]) -> bool:
    return all(isinstance(each, str) for each in of.values())


def private_folder(folder: Path) -> Path:
    """The folder, made if need be, closed to others; and so is every folder made on the way."""
    # `parents=True` would leave those open: the data folder itself, when the first that is asked
    # for lies inside it.
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir(mode=0o700, exist_ok=True)
    return folder


def private_file(path: Path) -> TextIO:
    """A file to be written, new or in the place of another, that others cannot read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def generated_key(file: Path) -> str:
    """The key in this file; a new one, readable by the owner only, when there is none."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as opened:
        key = Fernet.generate_key().decode()
        opened.write(key + "\n")
    return key


def load() -> Settings:
    """The settings in force. Raises `SettingsError` that names what is wrong."""
    logging.getLogger("dotenv.main").addFilter(_in_our_words)
    try:
        return Settings()
    except ValidationError as error:
        faults = [f"{str(each['loc'][0]).upper()} {_told(each)}" for each in error.errors()]
        raise SettingsError(
            f"A setting cannot be used: {'; '.join(faults)}. See README, “Settings”."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError("The file .env cannot be read: it is not UTF-8 text.") from error


def _in_our_words(record: logging.LogRecord) -> bool:
    """Have a line of .env that cannot be read told by its number, and not by a library's words."""
    if "could not parse" in str(record.msg):
        record.msg = "Line %s of .env is passed over: it is not of the form NAME=value."
    return True


def _told(fault: ErrorDetails) -> str:
    """What is wrong with one of them, in our words: never the value, and never a framework's."""
    match fault["type"]:
        case "value_error":
            # Raised by one of the checks above, which are written for people.
            return str(fault["ctx"]["error"])
        case "literal_error":
            expected = str(fault["ctx"]["expected"]).replace("'", "")
            return f"must be one of {expected}"
        case _:
            return "has a form that cannot be used"


def missing_for_slack(settings: Settings) -> list[str]:
    """The variables without which nobody can be reached in Slack, of those not set.

    Slack comes by Socket Mode or to a public address: with an app-level token nothing is signed.
    """
    needed = {}
    if settings.client() is None:
        needed["SLACK_BOT_TOKEN"] = settings.slack_bot_token
    if not (settings.slack_app_token and settings.slack_app_token.get_secret_value()):
        needed["SLACK_APP_TOKEN (or SLACK_SIGNING_SECRET)"] = settings.slack_signing_secret
    return [name for name, held in needed.items() if held is None or not held.get_secret_value()]
