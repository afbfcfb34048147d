"""What is asked for on the command line when a CRM is linked."""

from collections.abc import Mapping
from dataclasses import dataclass, field


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
    #: Whether access is to be granted in a browser.
    oauth: bool = False
