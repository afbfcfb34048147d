"""Bounded work: so much at once for each who asks and in all, so much waiting, and then no more."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.runtime.parts import Background

Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may go on and how much may wait, for one and for all together."""

    each: int
    together: int
    waiting_each: int
    waiting: int


class Lanes:
    """Work of many, side by side: who brings much waits behind their own, and holds up nobody."""

    def __init__(self, background: Background, bounds: Bounds) -> None:
        self._background = background
        self._bounds = bounds
        self._going: Counter[str] = Counter()
        self._together = 0
        #: What waits, by whose it is; whose turn is next comes first.
        self._waiting: dict[str, deque[tuple[str, Work]]] = {}
        self._behind = 0

    def begin(self, whose: str, name: str, work: Work) -> bool:
        """Do it now or as soon as there is room; `False`, and it is not done, where too much waits.

        An error of `work` ends in the log.
        """
        if self._together < self._bounds.together and self._going[whose] < self._bounds.each:
            self._go(whose, name, work)
            return True
        queue = self._waiting.get(whose, ())
        if len(queue) >= self._bounds.waiting_each or self._behind >= self._bounds.waiting:
            return False
        self._waiting.setdefault(whose, deque()).append((name, work))
        self._behind += 1
        return True

    def _go(self, whose: str, name: str, work: Work) -> None:
        self._going[whose] += 1
        self._together += 1
        self._background.spawn(self._done_once(whose, work), name)

    async def _done_once(self, whose: str, work: Work) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            # The end has come: what still waits has lost its turn.
            self._waiting.clear()
            self._behind = 0
            raise
        finally:
            self._together -= 1
            self._going[whose] -= 1
            if not self._going[whose]:
                del self._going[whose]
            self._next()

    def _next(self) -> None:
        """Begin what has waited, each in turn, as far as there is room."""
        for whose in list(self._waiting):
            if self._together >= self._bounds.together:
                return
            if self._going[whose] >= self._bounds.each:
                continue
            queue = self._waiting.pop(whose)
            name, work = queue.popleft()
            self._behind -= 1
            if queue:
                # Behind everybody else who waits.
                self._waiting[whose] = queue
            self._go(whose, name, work)
