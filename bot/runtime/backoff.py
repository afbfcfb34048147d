"""How long to wait before trying again."""

import re
from datetime import timedelta

from coach.ids import Entropy

#: The longest wait between two tries.
LONGEST = timedelta(hours=6)


def backoff(attempts: int, entropy: Entropy) -> timedelta:
    """Two seconds after the first failure, then twice as long each time, and up to a quarter more.

    The random part keeps many failures at once from coming back at once.
    """
    base: timedelta = min(timedelta(seconds=2 << min(max(attempts - 1, 0), 20)), LONGEST)
    return base * (1 + entropy(1)[0] / 1024)


def retry_after(header: str | None) -> timedelta | None:
    """What `Retry-After` asks for in seconds, though no longer than a sensible wait; else `None`.

    The other form of the header, a date, is not used by those we call.
    """
    if header is None or not re.fullmatch(r"[0-9]{1,12}", header.strip()):
        return None
    return min(timedelta(seconds=int(header)), LONGEST) or None
