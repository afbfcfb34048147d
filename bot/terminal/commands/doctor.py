"""`coach doctor`: look for faults."""

import sys
from typing import Annotated

import typer

from bot.terminal.running import run


def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON, for scripts.")
    ] = False,
    all_of_it: Annotated[
        bool,
        typer.Option("--all", help="List everything that failed or was set aside, not the first."),
    ] = False,
) -> None:
    """Look for faults and say how to mend each.

    \b
    Checks settings, database, Slack, connections, and what waits or failed.
    Ends with exit code 1 when something is broken.
    \b
    Examples:
      coach doctor
      coach doctor --all
      coach doctor --json
    """
    from bot.terminal import doctor as command

    sys.exit(run(command.examine(as_json=as_json, all_of_it=all_of_it)))
