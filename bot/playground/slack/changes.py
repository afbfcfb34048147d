"""What changes is passed on, and whoever waits for it looks again."""

import asyncio
from collections.abc import Callable
from typing import Any

from bot.playground.slack.things import Json


class Changes:
    """Passes changes on to ``changed``, in the form the page listens to."""

    def __init__(self, changed: Callable[[Json], None] | None) -> None:
        self.changed = changed
        self._waiting: set[asyncio.Event] = set()

    def tell(self, change: Json) -> None:
        """Pass a change on and wake whoever waits for one."""
        if self.changed is not None:
            self.changed(change)
        self.wake()

    def wake(self) -> None:
        """Let whoever waits look again, for changes elsewhere."""
        for event in self._waiting:
            event.set()

    async def until(self, done: Callable[[], Any], what: str, seconds: float = 5.0) -> Any:
        """Wait until ``done()`` answers something true, and answer that.

        Raises:
            TimeoutError: nothing within ``seconds``; says what was waited for.
        """
        event = asyncio.Event()
        self._waiting.add(event)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    event.clear()
                    found = done()
                    if found:
                        return found
                    await event.wait()
        except TimeoutError:
            raise TimeoutError(f"Waited {seconds:g} seconds in vain for {what}.") from None
        finally:
            self._waiting.discard(event)
