"""`coach demo`: the playground on this machine."""

import sys
from typing import Annotated

import typer

from bot.terminal.running import run


def demo(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the last demo and begin anew.")
    ] = False,
    tour: Annotated[
        bool, typer.Option("--tour", help="Play a short story here, without a browser.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            show_default="8470, or any free one where that is taken",
            help="The page's port; 0 takes any free one.",
        ),
    ] = None,
    socket: Annotated[
        bool,
        typer.Option("--socket", help="Have the coach come to the stand-in by Socket Mode."),
    ] = False,
) -> None:
    """Try it: a playground on this machine only.

    A stand-in for Slack, a small CRM and the coach; nothing needs to be set up.

    \b
    Examples:
      coach demo            prints the address of a page to open
      coach demo --tour     tells a story in the terminal and ends
      coach demo --fresh    begins anew
    """
    from bot.playground import demo as playground

    sys.exit(run(playground.run(fresh=fresh, tour=tour, port=port, by_socket=socket)))
