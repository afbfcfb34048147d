"""Runs a command's work on an event loop of its own, and waits for what it leaves behind."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """What the work comes to."""
    return asyncio.run(_settled(work))


async def _settled(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    finally:
        # A SQLite file that could not be opened is reported once more, from the thread that tried:
        # a loop that is gone by then would turn one sentence into a traceback.
        for thread in threading.enumerate():
            if "_connection_worker" in thread.name:
                await asyncio.to_thread(thread.join, 0.5)
