"""The app's shortcuts on the page: those of its manifest that somebody has switched on."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from bot.playground.slack.things import Json

#: As manifest.yml has them: name, where it is offered, and its `callback_id`.
SHORTCUTS: tuple[Json, ...] = (
    {"name": "Make this a task", "type": "message", "callback_id": "make_task"},
    {"name": "Log a call", "type": "global", "callback_id": "log_call"},
)

#: The `callback_id` of each that is switched on.
SwitchedOn = Callable[[], Awaitable[Collection[str]]]


async def none() -> Collection[str]:
    """Nothing is switched on."""
    return ()


class Shortcuts:
    """Which shortcuts are offered, looked up anew when something was switched."""

    def __init__(self, switched_on: SwitchedOn, publish: Callable[[Json], None]) -> None:
        self._switched_on = switched_on
        self._publish = publish
        self._told: list[Json] = []
        self._looking: set[asyncio.Task[list[Json]]] = set()

    async def offered(self) -> list[Json]:
        """Those that are on now; where others were before, every page is told."""
        on = await self._switched_on()
        now = [each for each in SHORTCUTS if each["callback_id"] in on]
        if now != self._told:
            self._told = now
            self._publish({"type": "shortcuts", "shortcuts": now})
        return now

    def look_soon(self) -> None:
        """See whether something was switched."""
        task = asyncio.get_running_loop().create_task(self.offered())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def close(self) -> None:
        """Wait for what was begun."""
        await asyncio.gather(*self._looking, return_exceptions=True)
