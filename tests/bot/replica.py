"""One of several replicas of the bot, for tests: its machine's clock is wrong by so many seconds.

`python -m tests.bot.replica SECONDS` says `ready` when it is up, and ends with its input.
"""

import asyncio
import sys
from datetime import timedelta

from bot.app import build
from bot.runtime.clock import MovableClock, SharedClock
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import load


async def run(ahead: float) -> None:
    settings = load()
    quiet_logs(settings.coach_log_level)
    bot = build(settings, clock=SharedClock(MovableClock(timedelta(seconds=ahead))))
    await bot.start()
    print("ready", flush=True)  # noqa: T201
    await asyncio.to_thread(sys.stdin.readline)
    await bot.stop()


if __name__ == "__main__":
    asyncio.run(run(float(sys.argv[1])))
