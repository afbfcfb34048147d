"""What is asked for on the command line when a CRM is linked, and what every link has."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.crm.provider import Provider
from coach.errors import CoachError
from coach.ids import Entropy
from storage.connections import Connection

#: Where `coach serve` listens when nothing else is said.
LOCAL_URL = "http://127.0.0.1:3000"


class ConnectError(CoachError):
    """The connection cannot be made so."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    provider: str
    id: str
    #: A new callback address; empty to have none; `None` to leave it.
    callback: str | None = None
    rotate: bool = False
    finish: bool = False
    new_bearer: bool = False
    #: What a vendor has given, by the names of its credentials.
    credentials: Mapping[str, str] = field(default_factory=dict)
    #: Where its API is, if not where it is for everybody.
    api_url: str | None = None


def checked(wish: Wish, providers: Mapping[str, Provider]) -> Provider:
    """The provider that is meant. Raises `ConnectError` for none, or a name that will not do."""
    provider = providers.get(wish.provider)
    if provider is None:
        known = ", ".join(sorted(providers))
        raise ConnectError(f"There is no provider “{wish.provider}”; choose one of: {known}.")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", wish.id) or wish.id == "slack":
        raise ConnectError(
            f"“{wish.id}” cannot name a connection; use up to 40 small letters, digits, - and _."
        )
    return provider


def address_of(connection: Connection, public_url: str | None) -> str:
    """Where the CRM posts its webhooks."""
    base = (public_url or LOCAL_URL).rstrip("/")
    return f"{base}/webhooks/{connection.provider}/{connection.token}"


def new_token(entropy: Entropy) -> str:
    """An unguessable token."""
    # 192 bits, in signs that need no escaping in an address.
    return urlsafe_b64encode(entropy(24)).decode()
