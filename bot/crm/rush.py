"""A rush of webhooks: work that can wait lets it pass, because vendors are waiting."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

#: So many requests in so many seconds are a rush: four hundred a second.
MANY = 20
WITHIN = 0.05

#: For how many seconds a rush may go on after it was noticed; then it has to be noticed anew.
MEMORY = 0.5

#: How long work gives way at most, in seconds: a rush that lasts must not stop the coach.
PATIENCE = 1.0


class Rush:
    """Notices a rush by when the latest requests came."""

    def __init__(
        self,
        timer: Callable[[], float] = time.monotonic,
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._timer = timer
        self._rest = rest
        self._latest: deque[float] = deque([float("-inf")] * MANY, maxlen=MANY)
        self._noticed = float("-inf")

    def came(self) -> None:
        """Note a request."""
        now = self._timer()
        self._latest.append(now)
        if now - self._latest[0] < WITHIN:
            self._noticed = now

    async def give_way(self) -> None:
        """Return when there is no rush, or when it has been waited for long enough."""
        begun = self._timer()
        while self._timer() - self._noticed < MEMORY and self._timer() - begun < PATIENCE:
            # Work holds up the requests as well: whether they still come shows while it rests.
            rested = self._timer()
            await self._rest(WITHIN)
            if self._noticed < rested:
                return
