"""Settings, data folder and keys: what can be checked before anything is opened."""

import os
import stat
from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.doctor.findings import Finding, fault, note, ok
from bot.runtime.loopback import is_loopback_name
from bot.runtime.settings import Settings
from coach.errors import CoachError
from storage.sealing import Seal


def check_settings(settings: Settings) -> Iterator[Finding]:
    """The settings themselves, and the folder and keys they lead to."""
    folder = settings.coach_data
    needs_folder = settings.database_url is None or not settings.coach_secret_keys
    if needs_folder:
        try:
            settings.database()
            keys = settings.secret_keys()
        except OSError as error:
            yield fault(
                "settings",
                f"The data folder {folder} cannot be used: {error.strerror}.",
                f"Make {folder} writable for this user, or set COACH_DATA to another folder.",
            )
            return
    else:
        keys = settings.secret_keys()
    try:
        Seal(keys)
    except CoachError as error:
        yield fault("settings", "The keys for secrets cannot be used.", str(error))
        return
    yield ok("settings", f"Data folder {folder}; keys in force: {len(keys)}.")
    if needs_folder:
        yield from _closed_to_others(settings)
    yield from _public_url(settings.coach_public_url)


def _closed_to_others(settings: Settings) -> Iterator[Finding]:
    if os.name != "posix":
        return
    folder = settings.coach_data
    for path, right in ((folder, "700"), (folder / "secret.key", "600")):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            yield fault(
                "settings", f"Others on this machine can read {path}.", f"chmod {right} {path}"
            )


def _public_url(url: str | None) -> Iterator[Finding]:
    if url is None:
        yield note(
            "settings",
            "COACH_PUBLIC_URL is not set: webhook addresses are shown for this machine only.",
            "Set COACH_PUBLIC_URL to the https address by which CRMs reach the coach, and Slack "
            "where it does not come by Socket Mode.",
        )
        return
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        yield fault(
            "settings",
            f"COACH_PUBLIC_URL ({url}) is not an address.",
            "Write it as https://coach.example.com.",
        )
    elif parts.scheme == "http" and not is_loopback_name(parts.hostname):
        yield fault(
            "settings",
            f"COACH_PUBLIC_URL ({url}) is not encrypted; Slack calls https addresses only.",
            "Put the coach behind a proxy or tunnel with https and set that address.",
        )
    else:
        yield ok("settings", f"Reached from outside at {url}.")
