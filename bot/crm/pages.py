"""Links to a CRM's pages, as people paste them, taken apart: providers say which deal one shows.

Hosts are compared as a whole: part of a name is somebody else's.
"""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

#: Longer than any page's address.
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Page:
    """An address: its host in small letters, and its path in pieces."""

    host: str
    path: tuple[str, ...]


def page(url: str) -> Page | None:
    """A link taken apart; `None` for one that is not https, or has a password or a port in it."""
    if len(url) > LONGEST:
        return None
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if parts.scheme.lower() != "https" or not host or parts.netloc.lower() != host:
            return None
        path = tuple(unquote(each, errors="strict") for each in parts.path.split("/") if each)
    except ValueError:
        return None
    if not all(each.isprintable() for each in path):
        # No id has control characters or halves of characters in it, and no database takes them.
        return None
    return Page(host, path)
