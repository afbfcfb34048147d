"""Calls to a vendor as values, with what they are made, what it answers, how fast it is called."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Longer than this no vendor makes a connection rest.
LONGEST_REST = timedelta(hours=6)

#: Statuses after which the same call may well succeed later.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Account:
    """The account at a vendor behind a connection: what is checked and called with."""

    #: Signing secrets, newest first.
    signing: tuple[str, ...] = ()
    #: The token for tools that cannot sign; empty where there is none.
    bearer: str = ""
    #: What the vendor calls this account, where it has told.
    id: str | None = None
    #: Where calls go: the vendor's API, or what was given for this account instead.
    address: str | None = None
    #: What calls are authorized with: the credentials, and what the vendor told at connecting.
    access: Mapping[str, str] = field(default_factory=dict)
    #: Secrets of our own app at this vendor, by name.
    app: Mapping[str, str] = field(default_factory=dict)
    #: What the vendor calls the webhooks it was asked for by API, if it was.
    subscription: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Account({self.id})"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to make. One caller makes all of them: `bot/crm/caller.py`."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    #: Whether making it twice does no harm. Where it would, a call whose answer was lost is not
    #: made again by itself: a person has to look what became of it.
    repeatable: bool = True


def json_call(
    method: str,
    url: str,
    content: object = None,
    *,
    headers: Mapping[str, str],
    repeatable: bool = True,
) -> Call:
    """A call that sends `content` as JSON; `None` is no body."""
    if content is None:
        return Call(method, url, headers, b"", repeatable)
    sent = {**headers, "content-type": "application/json"}
    return Call(method, url, sent, json.dumps(content).encode(), repeatable)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: header names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether the vendor says that all is well."""
        return 200 <= self.status < 300

    @property
    def passing(self) -> bool:
        """Whether the same call may well succeed later."""
        return self.status in PASSING or self.status >= 500

    @property
    def gone(self) -> bool:
        """Whether what was asked for does not exist (any more)."""
        return self.status in {404, 410}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one connection may be called: so many calls at once, and so many within a time."""

    together: int = 4
    calls: int = 50
    within: timedelta = timedelta(seconds=10)


def rest_by_headers(answer: Answer, now: datetime) -> timedelta | None:
    """How long a vendor wants to be left alone, by the headers most of them use; `None`: not said.

    `Retry-After` (RFC 9110) in both of its forms; then `RateLimit` or `RateLimit-Reset` and
    `X-RateLimit-Reset`, when nothing remains or the answer is a 429.
    """
    if answer.status in {429, 503}:
        asked = _retry_after(answer.headers.get("retry-after", ""), now)
        if asked is not None:
            return asked
    limits = dict(re.findall(r"(\w+)\s*=\s*(\d{1,12})", answer.headers.get("ratelimit", "")))
    for name in ("remaining", "reset"):
        for header in (f"ratelimit-{name}", f"x-ratelimit-{name}"):
            if header in answer.headers:
                limits.setdefault(name, answer.headers[header])
    spent = answer.status == 429 or _whole(limits.get("remaining", "")) == 0
    reset = _whole(limits.get("reset", ""))
    return _bounded(_from_reset(reset, now)) if spent and reset is not None else None


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text.strip()) else None


def _retry_after(text: str, now: datetime) -> timedelta | None:
    if (seconds := _whole(text)) is not None:
        return _bounded(timedelta(seconds=seconds))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return _bounded(moment.replace(tzinfo=moment.tzinfo or UTC) - now)


def _from_reset(reset: int, now: datetime) -> timedelta:
    # Some say in how many seconds, some say at which second since 1970.
    since_1970 = timedelta(seconds=reset - int(now.timestamp()))
    return since_1970 if reset > 1_000_000_000 else timedelta(seconds=reset)


def _bounded(wait: timedelta) -> timedelta | None:
    return min(wait, LONGEST_REST) if wait > timedelta() else None
