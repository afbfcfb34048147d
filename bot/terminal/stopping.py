"""Signals that stop a command before its end: what its work tidies up, it still does."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

_STOPS = (signal.SIGINT, signal.SIGTERM)


class StoppedError(Exception):
    """A signal has stopped the command; `code` is the exit code that says which."""

    def __init__(self, sentence: str, by: signal.Signals) -> None:
        super().__init__(sentence)
        self.code = 128 + by


async def until_stopped(work: Coroutine[Any, Any, None], sentence: str) -> None:
    """Do the work; a signal cuts it off. Raises `StoppedError` with that sentence.

    SIGINT counts even where a script has started the command in the background and so has it
    ignored: whoever sends it by the process's number means it.
    """
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    came: list[signal.Signals] = []

    def stop(by: signal.Signals) -> None:
        came.append(by)
        task.cancel()

    for each in _STOPS:
        loop.add_signal_handler(each, stop, each)
    try:
        await task
    except asyncio.CancelledError:
        if came:
            raise StoppedError(sentence, came[0]) from None
        raise
    finally:
        for each in _STOPS:
            loop.remove_signal_handler(each)
