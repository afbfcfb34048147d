"""Stand-ins for vendors as servers on loopback, in a test's own loop or in a thread beside it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.applications import Starlette
from starlette.routing import Route

from bot.playground.crm.vendors.standin import Standin
from tests.world import address, listening, plain_config, serving


@asynccontextmanager
async def running(standin: Standin) -> AsyncIterator[Standin]:
    """The stand-in on a port of its own."""
    on = listening()
    standin.url = address(on)
    methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
    app = Starlette(routes=[Route("/{path:path}", standin.__call__, methods=methods)])
    async with serving(plain_config(app), on):
        yield standin


@contextmanager
def beside(standin: Standin) -> Iterator[Standin]:
    """The stand-in in a thread of its own, for tests that run commands in theirs."""
    loop = asyncio.new_event_loop()
    up, end = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with running(standin):
            up.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(10)
    try:
        yield standin
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()
