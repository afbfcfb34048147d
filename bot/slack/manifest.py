"""The Slack app's manifest, ready to paste: manifest.yml with an address, or without any.

Its comments say what each scope is for, so it is changed line by line and not read and written.
"""

import re
from collections.abc import Sequence
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


#: What is there besides where links are to be seen, each after a line that is there always.
_FOR_LINKS = (
    (
        re.compile(r"^ *- im:history .*\n", re.MULTILINE),
        (
            "      - links:read         # hears of links to deals, and of no others\n"
            "      - links:write        # puts a button below them\n"
        ),
    ),
    (
        re.compile(r"^ *- message\.im .*\n", re.MULTILINE),
        "      - link_shared        # somebody posts a link to a deal\n",
    ),
)

_FEATURES = "features:\n"

#: Slack takes so many (https://docs.slack.dev/reference/app-manifest), of this form.
MOST_DOMAINS = 5
_DOMAIN = re.compile(r"(?=.{1,255}$)[a-z0-9][a-z0-9.-]*\.[a-z0-9.-]*[a-z0-9]")


def made(text: str, *, url: str | None, socket: bool, links: Sequence[str] = ()) -> str:
    """The manifest for an address, for Socket Mode, or for both.

    With both, requests come by Socket Mode and only browsers come to the address. `links` are the
    domains of the CRMs' pages, where links to deals are to be seen.
    Raises `ManifestError` for an address or for domains that Slack would not take.
    """
    if links:
        text = _with_links(text, links)
    text = _INTRODUCTION.sub(
        '# Paste this at https://api.slack.com/apps, "Create New App", "From a manifest".\n', text
    )
    if socket:
        text = _REQUESTS.sub("", text)
        text = text.replace("socket_mode_enabled: false", "socket_mode_enabled: true")
    if url is None:
        return _REDIRECTS.sub("", text)
    return text.replace(PLACEHOLDER, checked(url))


def _with_links(text: str, domains: Sequence[str]) -> str:
    wanted = list(dict.fromkeys(each.strip().lower() for each in domains))
    for each in wanted:
        if not _DOMAIN.fullmatch(each):
            raise ManifestError(
                f"“{each[:100]}” is neither a provider whose pages are known nor a domain, as "
                "crm.example.com is."
            )
    if len(wanted) > MOST_DOMAINS:
        raise ManifestError(
            f"Slack takes {MOST_DOMAINS} domains, and these are {len(wanted)}: {', '.join(wanted)}."
        )
    lines = "".join(f"    - {each}\n" for each in wanted)
    text = text.replace(_FEATURES, f"{_FEATURES}  unfurl_domains:\n{lines}", 1)
    for line, more in _FOR_LINKS:
        text = line.sub(rf"\g<0>{more}", text, count=1)
    return text


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
