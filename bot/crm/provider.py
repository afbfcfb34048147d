"""What a CRM provider is: pure functions between a vendor's requests and the coach's values.

A provider makes no request itself and knows no clock: it is handed values and returns values. What
it can do beyond reading webhooks it declares: `writing` for changes made in Slack, `fetching` for
what it can look up, `setup` for linking an account. What it does not declare is never asked of it.

The vendor tells of our own changes as of anybody's. An event that says how a thing is (“updated”,
with its fields) is best `observed`: what the mirror knows already is then no news, be it our own
change come back, a repeat, or what was looked up meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic_core import to_json

from bot.crm import providers
from bot.crm.calls import Account as Account
from bot.crm.calls import Answer, Call, Pace, rest_by_headers
from bot.crm.setup import Setup
from coach import plugins
from coach.errors import CoachError
from coach.events import Event, Owner
from coach.stages import Stage
from coach.writes import CrmWrite, MoveDeal, Outgoing, RescheduleTask


class SignatureError(CoachError):
    """The request is not signed as this connection asks for; check the signing secret."""


class PayloadError(CoachError):
    """The body is not of the form this provider sends."""


# What comes in


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook request as it came: header names in lower case, values as bytes."""

    headers: Mapping[bytes, bytes]
    body: bytes
    method: str = "POST"
    #: The whole address as the vendor called it, by the configured public address: some sign it.
    url: str = ""


@dataclass(frozen=True, slots=True)
class Stub:
    """A thing that must be fetched before anything can be said of it."""

    #: Identity within the connection, as an event has one: the same stub twice is fetched once.
    dedupe_key: str
    #: What sort of thing it is, in a word of the provider's own.
    kind: str
    id: str
    #: What its reader will want to know, such as that it is new; several stubs of one thing that
    #: wait together keep all of their hints.
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says: events, what could not be read as (position, why), what to fetch."""

    events: Sequence[Event]
    rejected: Sequence[tuple[int, str]] = ()
    stubs: Sequence[Stub] = ()
    #: What is known and not needed, as (position, why): no fault of anybody's.
    passed: Sequence[tuple[int, str]] = ()

    @property
    def dedupe_keys(self) -> tuple[str, ...]:
        """The identity of each event and stub."""
        events = tuple(event.dedupe_key for event in self.events)
        return events + tuple(stub.dedupe_key for stub in self.stubs)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an authentic request, once it is stored."""

    accepted: int = 0
    duplicates: int = 0
    rejected: Sequence[tuple[int, str]] = ()
    #: Why nothing of it could be read; it is kept all the same.
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the vendor is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


def acknowledged(taken: Taken) -> Reply:
    """A 202 with counts, whatever was in the request: vendors punish everything else.

    HubSpot sends all hundred events of a batch again, Pipedrive stops sending for half an hour.
    """
    content: dict[str, object] = {
        "accepted": taken.accepted,
        "duplicates": taken.duplicates,
        "rejected": [{"index": index, "error": why} for index, why in taken.rejected],
    }
    if taken.error is not None:
        content["error"] = taken.error
    return Reply(202, to_json(content))


# What is looked up


class Want(StrEnum):
    """What can be asked of a vendor."""

    #: One thing, named by a stub.
    THING = "thing"
    #: A page of all things of one kind, or of what changed of them.
    HISTORY = "history"
    STAGES = "stages"
    OWNERS = "owners"


@dataclass(frozen=True, slots=True)
class Fetch:
    """Something to be looked up."""

    want: Want
    #: Of a thing or a history: which sort, in the provider's own word.
    kind: str = ""
    #: Of a thing: which one.
    id: str = ""
    #: Of what comes in pages: where the next one begins, as the page before said; empty at first.
    cursor: str = ""
    hints: Sequence[str] = ()
    #: Of a history: only what has changed since then; `None` for all there is. The same on every
    #: page.
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an answer brought."""

    events: Sequence[Event] = ()
    #: Further things that must be fetched.
    stubs: Sequence[Stub] = ()
    stages: Sequence[Stage] = ()
    owners: Sequence[Owner] = ()
    rejected: Sequence[tuple[int, str]] = ()
    #: Where the next page begins; `None` after the last.
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Fetching:
    """How one sort of look-up is made and read."""

    call: Callable[[Account, Fetch], Call]
    #: (account, what was asked, the answer, when it came) -> what it brought. Given any 2xx, and a
    #: 404 or 410: what is gone may be an event too. Raises `PayloadError` when it cannot be read.
    #: A thing in a history is best told as an `observed` event; whatever it is, no rule answers it.
    read: Callable[[Account, Fetch, Answer, datetime], Fetched]


@dataclass(frozen=True, slots=True)
class History:
    """All things of one kind, which `Want.HISTORY` pages through."""

    #: The kind, in the provider's own word.
    kind: str
    #: What people call them, in the plural: “deals”.
    called: str
    #: Whether it can be asked for what has changed since a time; then it is, every night.
    since: bool = False


# What goes out


@dataclass(frozen=True, slots=True)
class Told:
    """What the answer to a change tells."""

    #: What the CRM calls the thing we made, where it says so.
    remote_id: str | None = None
    #: Why the CRM will not have it, in words for people.
    refusal: str | None = None
    #: Whether that is because what was to be changed is not there any more.
    gone: bool = False
    #: Whether to try again later, and why.
    again: str | None = None


def told_by_status(answer: Answer) -> Told:
    """What the status alone says."""
    if answer.ok:
        return Told()
    if answer.passing:
        return Told(again=f"HTTP {answer.status}")
    return Told(refusal=f"HTTP {answer.status}")


@dataclass(frozen=True, slots=True)
class Writing:
    """How changes are told to the vendor."""

    #: (account, change, wall clock in seconds) -> the call, the same in effect on every try;
    #: `None` when there is no way to tell of this change.
    call: Callable[[Account, Outgoing, float], Call | None]
    read: Callable[[Outgoing, Answer], Told]
    #: By which changes it can take others back. Of one that is not here its person is told that it
    #: stays in the CRM.
    takes_back: frozenset[type[CrmWrite]] = frozenset({MoveDeal, RescheduleTask})


# All of it


@dataclass(frozen=True, slots=True)
class Provider:
    """One CRM vendor; every function is pure."""

    summary: str
    #: (request, account, wall clock in seconds) -> the vendor's id of this request, if it has one.
    #: Raises `SignatureError`: also for a request of another account than the connection's.
    verify: Callable[[Request, Account, float], str | None]
    #: (body, id of the request, when it came) -> what it says; the same arguments always give the
    #: same answer. Raises `PayloadError` when nothing can be read.
    parse: Callable[[bytes, str | None, datetime], Reading]
    #: A new signing secret, from random bytes; `None` where the vendor makes it.
    new_secret: Callable[[Callable[[int], bytes]], str] | None = None
    #: The vendor's own form of “we have it”; a 2xx for whatever was authentic and stored.
    reply: Callable[[Taken], Reply] = acknowledged
    #: Where a vendor has one address for all accounts: a verified body -> each account's part.
    #: Such a request is verified with our app's secrets alone.
    split: Callable[[bytes], Mapping[str, bytes]] | None = None
    #: A verified body -> what of it is kept and read: without what must not be, such as a session
    #: that opens the account.
    kept: Callable[[bytes], bytes] = lambda body: body
    #: The largest body, in bytes.
    largest: int = 1_000_000
    writing: Writing | None = None
    fetching: Mapping[Want, Fetching] = field(default_factory=dict)
    #: What is taken over when an account is linked, in this order, after owners and stages.
    histories: Sequence[History] = ()
    #: What nobody can know without an account there, and how it is found out at first contact:
    #: sentences for whoever runs the coach.
    unproven: Sequence[str] = ()
    #: How an account is linked; without it an address and a secret are all there is to it.
    setup: Setup | None = None
    pace: Pace = field(default_factory=Pace)
    #: (account, a link that somebody has pasted) -> the id of the deal whose page it is; `None` for
    #: any other link, also to a deal of another account. Without it a deal's page is known by the
    #: `url` that the vendor has told of it.
    deal_of_link: Callable[[Account, str], str | None] | None = None
    #: The domains its pages are on, as Slack is told of them, subdomains included.
    domains: Sequence[str] = ()
    #: (answer, now) -> how long the whole connection must rest, where the vendor says so.
    rest: Callable[[Answer, datetime], timedelta | None] = rest_by_headers


def load_providers() -> dict[str, Provider]:
    """Every provider by its file's name."""
    return plugins.load(providers, "PROVIDER", Provider)
