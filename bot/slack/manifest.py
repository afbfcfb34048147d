"""The Slack app's manifest, ready to paste: manifest.yml with an address, or without any.

Its comments say what each scope is for, so it is changed line by line and not read and written.
"""

import re
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from coach.errors import CoachError

#: What manifest.yml has in the place of the address.
PLACEHOLDER = "https://YOUR-HOST.example"

#: The name under which the project is installed.
_PROJECT = "coach-slack"

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?", re.IGNORECASE)
_PATH = re.compile(r"(/[\w.~-]+)*")

#: Lines that only a public address makes sense of, and those that follow from one.
_REQUESTS = re.compile(
    r"^ *(?:- )?(?:url|request_url|message_menu_options_url): .*\n", re.MULTILINE
)
_REDIRECTS = re.compile(r"^  redirect_urls:\n(?:    - .*\n)+", re.MULTILINE)
_INTRODUCTION = re.compile(r"\A(?:#.*\n)+")


class ManifestError(CoachError):
    """The manifest cannot be made."""


def original() -> str:
    """manifest.yml: in a checkout at its top, else where it was installed with the project."""
    beside = Path(__file__).parents[2] / "manifest.yml"
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    for file in metadata.files(_PROJECT) or ():
        if file.name == "manifest.yml":
            return Path(str(file.locate())).read_text(encoding="utf-8")
    raise ManifestError("manifest.yml is missing; install the coach anew.")


def made(text: str, *, url: str | None, socket: bool) -> str:
    """The manifest for an address, for Socket Mode, or for both.

    With both, requests come by Socket Mode and only browsers come to the address.
    Raises `ManifestError` for an address that Slack would not take.
    """
    text = _INTRODUCTION.sub(
        '# Paste this at https://api.slack.com/apps, "Create New App", "From a manifest".\n', text
    )
    if socket:
        text = _REQUESTS.sub("", text)
        text = text.replace("socket_mode_enabled: false", "socket_mode_enabled: true")
    if url is None:
        return _REDIRECTS.sub("", text)
    return text.replace(PLACEHOLDER, checked(url))


def checked(url: str) -> str:
    """The address without a slash at its end. Raises `ManifestError` that says what is wrong."""
    shown = url if len(url) <= 100 else f"{url[:100]}…"
    url = url.strip().rstrip("/")
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme == "http":
        raise ManifestError(f"Slack calls https addresses only; write {shown} with https://.")
    whole = (
        parts.scheme == "https" and _HOST.fullmatch(parts.netloc) and _PATH.fullmatch(parts.path)
    )
    if not whole or parts.query or parts.fragment:
        raise ManifestError(
            f"“{shown}” is not an address that Slack can call; write it as "
            "https://coach.example.com."
        )
    return url
