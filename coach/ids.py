"""Identifiers that sort by the time they were made."""

from collections.abc import Callable
from datetime import datetime

#: A source of randomness: so many bytes, e.g. `os.urandom`.
Entropy = Callable[[int], bytes]


def ordered_id(now: datetime, entropy: Entropy) -> str:
    """A new id of 28 hexadecimal digits: milliseconds since 1970, then 64 random bits."""
    return f"{int(now.timestamp() * 1000):012x}{entropy(8).hex()}"
