"""Serves the bot as `coach serve` does, in a new process for each line on its standard input.

A line is `PORT SECONDS`: where to listen, and how far the coach's clock is ahead of the machine's.
The answer is the id of the process. Forked after the imports, a server is up in a fraction of the
second that a new interpreter takes, so that a test can kill many.
"""

import os
import signal
import sys
from datetime import timedelta

import uvicorn

from bot.app import build, web_config
from bot.runtime.clock import MovableClock
from bot.runtime.redacting import quiet_logs
from bot.runtime.settings import load


def serve(port: int, ahead: float) -> None:
    settings = load()
    quiet_logs(settings.coach_log_level)
    bot = build(settings, clock=MovableClock(timedelta(seconds=ahead)))
    uvicorn.Server(web_config(bot, port=port)).run()


def main() -> None:
    # The system takes leave of children by itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        port, ahead = line.split()
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.stdin.close()
            serve(int(port), float(ahead))
            os._exit(0)
        print(child, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
