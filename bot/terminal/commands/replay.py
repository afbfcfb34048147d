"""`coach replay`: run what failed again."""

import sys
from typing import Annotated

import typer

from bot.terminal.running import run


def replay(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...", help="Deliveries and changes to run again; all that failed if none."
        ),
    ] = None,
) -> None:
    """Run what failed again, after a fix: deliveries, changes, look-ups and messages.

    \b
    `coach doctor` lists what failed, with reasons, and with ids where one can be run by itself.
    Messages that Slack refused are sent by `coach serve`.
    \b
    Examples:
      coach replay
      coach replay 019331b2c0a4f1e2d3c4b5a697
    """
    from bot.runtime.settings import load
    from bot.terminal import replay as command

    sys.exit(run(command.replay(load(), ids or None)))
