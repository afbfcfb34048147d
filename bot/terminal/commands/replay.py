"""`coach replay`: run what failed again, or set it aside."""

import sys
from typing import Annotated

import typer

from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for


def replay(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID]...", help="Deliveries and changes to run again; all that failed if none."
        ),
    ] = None,
    set_aside: Annotated[
        bool,
        typer.Option(
            "--set-aside",
            help="Run nothing: leave alone from now on the deliveries (all, or these) that could "
            "not be read, and with all of them the look-ups that were given up.",
        ),
    ] = False,
    workspace: Named = None,
) -> None:
    """Run what failed again, after a fix, or set aside what cannot be read.

    \b
    That is deliveries, changes, look-ups and messages.
    `coach doctor --all` lists what failed, with reasons, and with ids where one can be run by
    itself. Messages that Slack refused are sent by `coach serve`. A change whose answer was lost is
    run again by its id only: the CRM may have it already.
    \b
    What is set aside is kept with its error and is no fault any more. A delivery is run again when
    its id is given, a look-up is made again when the CRM names the thing again.
    \b
    Examples:
      coach replay
      coach replay 019331b2c0a4f1e2d3c4b5a697
      coach replay --set-aside
    """
    from bot.terminal import replay as command

    if set_aside:
        run(command.set_aside(settings_for(workspace), ids or None))
    else:
        sys.exit(run(command.replay(settings_for(workspace), ids or None)))
