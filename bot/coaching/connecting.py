"""CRMs as whoever links them sees them: what stands between who asks, and who knows the vendors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from coach.errors import CoachError
from coach.models import Ref
from coach.phrases import Phrase


class ConnectError(CoachError):
    """The connection cannot be made so."""


class FieldError(ConnectError):
    """What was given for one credential will not do."""

    def __init__(self, name: str, said: Phrase | str) -> None:
        super().__init__(said)
        #: The credential's name.
        self.name = name


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one kind has been taken over."""

    called: str
    #: How many things were read so far.
    brought: int
    whole: bool
    #: Why it was given up, if it was.
    error: str | None = None
    #: Why the last try brought nothing, while it is tried again.
    held_up: str | None = None


class Health(StrEnum):
    """How a link is."""

    OK = "ok"
    #: Nothing has come yet.
    SILENT = "silent"
    #: The vendor asked to be left alone.
    PAUSED = "paused"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Linked:
    """A CRM that is linked, without anything secret."""

    id: str
    provider: str
    account: str | None
    name: str | None
    health: Health
    #: What is wrong, in a sentence.
    trouble: str | None
    last_delivery_at: datetime | None
    #: Until when it is left alone; `None` when it is not.
    paused_until: datetime | None
    taken: Sequence[Progress]
    #: Whether this version knows such a CRM.
    known: bool
    #: Whether a test event can be sent on its behalf.
    testable: bool
    #: Whether its access was granted in a browser (OAuth).
    granted: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person has to give, in the vendor's words."""

    name: str
    label: str
    where: str
    needed: bool


@dataclass(frozen=True, slots=True)
class Vendor:
    """A kind of CRM that can be linked, as it stands in a workspace."""

    name: str
    summary: str
    asked: Sequence[Asked]
    #: Whether one is linked under the vendor's own name; then its credentials are given anew.
    linked: bool
    #: Where its app is to send the browser back to, if access is granted there; with `begin`.
    redirect: str | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """A link that opens in a browser, where access is granted; whoever has it may link a CRM."""

    address: str
    #: The secret part of it.
    token: str
    expires_at: datetime
    #: What people call the vendor.
    called: str
    #: What must be entered at the vendor before it is opened, and where.
    redirect: str
    redirects: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of linking. Holds secrets: for the eyes of whoever linked, and kept nowhere."""

    id: str
    provider: str
    #: What people call the account; empty where there is none.
    account: str
    #: Whether it was made now. Then, and never again, what is to be pasted is told.
    made: bool
    #: What is to be pasted at the vendor, each with what it is called.
    paste: Sequence[tuple[Phrase, str]]
    #: What is to be clicked there, in order.
    steps: Sequence[str]
    #: What the credentials do not allow: sentences.
    lacking: Sequence[str]
    #: Whether the vendor was asked by API to send its webhooks, and has agreed.
    subscribed: bool
    #: Why it has not, in a sentence.
    refusal: str | None
    #: Whether the address reaches us from elsewhere than this machine.
    public: bool
    testable: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a CRM that a link leads to: the deal it shows, and what people call the CRM."""

    deal: Ref
    crm: str


class Connecting(Protocol):
    """What can be done with a workspace's CRMs."""

    async def linked(self, workspace_id: str) -> Sequence[Linked]:
        """Those that are linked, the oldest first."""

    async def vendors(self, workspace_id: str) -> Sequence[Vendor]:
        """What can be linked, by name."""

    async def link(self, workspace_id: str, name: str, given: Mapping[str, str]) -> Outcome:
        """Link an account of this vendor, or give the link new credentials.

        Raises `ConnectError`, a `FieldError` where it is known which credential will not do.
        """

    async def deals_of_links(self, workspace_id: str, urls: Sequence[str]) -> Mapping[str, Page]:
        """Which of these links are pages of deals that are known, of CRMs that are linked."""

    async def begin(self, workspace_id: str, name: str, given: Mapping[str, str]) -> Begun:
        """A link to where access is granted in a browser. Raises `ConnectError` as `link` does."""

    async def test(self, workspace_id: str, connection_id: str) -> Phrase:
        """Send a signed test event as the CRM would; says what came of it.

        Raises `ConnectError` where none can be made here.
        """
