"""The one loop every working part runs in."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

log = logging.getLogger(__name__)


async def keep_working(
    name: str,
    work: Callable[[], Awaitable[object]],
    bell: asyncio.Event,
    stopping: asyncio.Event,
    *,
    idle: float | None,
    apart: float = 0.0,
) -> None:
    """Do `work` when the bell rings, and every `idle` seconds anyway (`None`: only then).

    After a rest the bell is answered at once, and in a crowd of rings every `apart` seconds, a
    moment: what many have rung for costs little more than what one has. `work` is called again at
    once as long as it returns something true. It is never cut off in the middle: stopping waits for
    its present turn, so nothing is done without being recorded. An error is logged and tried again
    after a pause; it never ends the loop.
    """
    loop = asyncio.get_running_loop()
    while not stopping.is_set():
        begun = loop.time()
        bell.clear()
        pause = idle
        try:
            while await work() and not stopping.is_set():
                pass
        except Exception:
            log.exception("%s could not work; trying again", name)
            pause = max(idle or 1.0, 1.0)
        if stopping.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await bell.wait()
        if not stopping.is_set():
            await asyncio.sleep(begun + apart - loop.time())
