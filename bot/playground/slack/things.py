"""What the stand-in for Slack is made of: people, messages, faults, and what waits on them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

#: How often an address to answer at may be used.
RESPONSE_USES = 5


class RealClock:
    """Wall time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class Person:
    """A member of the workspace."""

    id: str
    name: str
    email: str
    tz: str = "UTC"
    title: str = ""
    locale: str = "en-GB"
    admin: bool = False
    owner: bool = False
    deleted: bool = False

    @property
    def dm(self) -> str:
        """The id of this person's direct message with the app."""
        return "D" + self.id[1:]

    @property
    def username(self) -> str:
        """The short name of Slack's older days, still in every payload."""
        return self.email.partition("@")[0] or self.id.lower()

    def as_slack(self, team_id: str) -> Json:
        """The user object of ``users.info``."""
        now = datetime.now(ZoneInfo(self.tz))
        offset = now.utcoffset() or timedelta()
        first, _, last = self.name.partition(" ")
        return {
            "id": self.id,
            "team_id": team_id,
            "name": self.username,
            "deleted": self.deleted,
            "real_name": self.name,
            "tz": self.tz,
            "tz_label": now.tzname(),
            "tz_offset": int(offset.total_seconds()),
            "profile": {
                "title": self.title,
                "real_name": self.name,
                "real_name_normalized": self.name,
                "display_name": first,
                "display_name_normalized": first,
                "first_name": first,
                "last_name": last,
                "email": self.email,
                "team": team_id,
            },
            "is_admin": self.admin or self.owner,
            "is_owner": self.owner,
            "is_primary_owner": self.owner,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_bot": False,
            "is_app_user": False,
            "is_email_confirmed": True,
            "updated": 0,
        }


@dataclass
class Message:
    """A message in somebody's direct message with the app, or in a channel.

    ``person`` is the place: whose direct message it is, or which channel.
    """

    ts: str
    person: str
    sender: str
    text: str
    blocks: list[Json]
    at: str
    edited: bool = False
    ephemeral: bool = False
    deleted: bool = False
    posted: float = 0.0
    metadata: Json | None = None
    """What the app keeps with it and nobody sees."""
    author: str | None = None
    """Who wrote it, of the people in a channel."""
    only: str | None = None
    """Who alone sees it, of the people in a channel."""
    unfurls: dict[str, list[Json]] = field(default_factory=dict)
    """What the app has put below its links."""
    earlier: list[list[Json]] = field(default_factory=list)
    """The blocks it had before each change, oldest first."""

    @property
    def shown(self) -> list[Json]:
        """All blocks that stand in it, those below its links too."""
        return [*self.blocks, *(block for each in self.unfurls.values() for block in each)]

    def is_below_link(self, block_id: object) -> bool:
        """Whether a block stands below one of its links."""
        return any(
            block["block_id"] == block_id for each in self.unfurls.values() for block in each
        )

    def as_page(self) -> Json:
        """The form the page reads."""
        return {
            "ts": self.ts,
            "from": self.sender,
            "text": self.text,
            "blocks": self.blocks,
            "at": self.at,
            "edited": self.edited,
            "ephemeral": self.ephemeral,
            "author": self.author,
            "only": self.only,
            "unfurls": list(self.unfurls.values()),
        }


@dataclass(frozen=True)
class Sent:
    """One call by which the bot put something before a person, kept for counting."""

    method: str
    person: str
    ts: str
    text: str
    wall: float


@dataclass(frozen=True)
class Fault:
    """What goes wrong with the next call of a method.

    ``error`` answers with Slack's error code; ``status`` with that HTTP status (429 with
    ``retry_after`` seconds); ``drop`` cuts the connection. With ``lost`` the call is carried out
    first, so only its answer is lost. ``delay`` seconds pass before anything else.
    """

    status: int = 200
    error: str | None = None
    retry_after: int | None = None
    drop: bool = False
    lost: bool = False
    delay: float = 0.0


@dataclass(frozen=True)
class Refusal:
    """A call the stand-in did not accept."""

    method: str
    code: str
    messages: tuple[str, ...]


@dataclass
class Trigger:
    """A trigger_id: who may open a view with it, until when, and once."""

    person: str
    until: float
    view_id: str | None = None
    used: bool = False


@dataclass
class ResponseUrl:
    """A response_url: whom it answers, which message it stands for, and how often it still may.

    ``place`` is where that message is, when it is not in their direct message.
    """

    person: str
    until: float
    message_ts: str | None = None
    place: str | None = None
    left: int = RESPONSE_USES


class SlackFault(Exception):  # noqa: N818 - it is Slack's answer, not our failure
    """An answer ``{"ok": false, "error": code}`` with what else Slack says about it."""

    def __init__(self, code: str, messages: Iterable[str] = (), **more: object) -> None:
        super().__init__(code)
        self.answer: Json = {"ok": False, "error": code, **more}
        told = list(messages)
        if told:
            self.answer["errors"] = told
            self.answer["response_metadata"] = {"messages": told}


def words_of(message: Message) -> str:
    """All text of a message, the fallback text and that of its blocks, for searching."""
    found = [message.text]

    def walk(part: object) -> None:
        if isinstance(part, dict):
            text = part.get("text")
            if isinstance(text, str):
                found.append(text)
            for inner in part.values():
                walk(inner)
        elif isinstance(part, list):
            for inner in part:
                walk(inner)

    walk(message.shown)
    return "\n".join(found)
