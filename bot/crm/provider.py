"""What a CRM provider is: pure functions between a vendor's requests and the coach's events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.crm import providers
from coach import plugins
from coach.errors import CoachError
from coach.events import Event
from coach.writes import Outgoing


class SignatureError(CoachError):
    """The request is not signed as this connection asks for; check the signing secret."""


class PayloadError(CoachError):
    """The body is not of the form this provider sends."""


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook request as it came: header names in lower case, values as bytes."""

    headers: Mapping[bytes, bytes]
    body: bytes


@dataclass(frozen=True, slots=True)
class Secrets:
    """What a connection may check a request with; signing secrets newest first."""

    signing: tuple[str, ...]
    bearer: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says: its events, and what could not be read as (position, why)."""

    events: Sequence[Event]
    rejected: Sequence[tuple[int, str]] = ()


@dataclass(frozen=True, slots=True)
class Post:
    """A request to make: the same address and body whenever it is tried again."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Provider:
    """One CRM vendor; every function is pure."""

    summary: str
    #: (request, secrets, wall clock in seconds) -> the vendor's id of this request, if it has one.
    #: Raises `SignatureError`.
    verify: Callable[[Request, Secrets, float], str | None]
    #: (body, id of the request, when it came) -> what it says; the same arguments always give the
    #: same events. Raises `PayloadError` when nothing can be read.
    parse: Callable[[bytes, str | None, datetime], Reading]
    #: A new signing secret, from random bytes.
    new_secret: Callable[[Callable[[int], bytes]], str]
    #: The body that tells the vendor of a change; `None` when it cannot be told.
    write: Callable[[Outgoing], str | None]
    #: (callback address, write's key, body, secrets, wall clock in seconds) -> the request.
    post: Callable[[str, str, str, Secrets, float], Post]


def load_providers() -> dict[str, Provider]:
    """Every provider by its file's name."""
    return plugins.load(providers, "PROVIDER", Provider)
