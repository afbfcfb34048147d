"""`coach patterns`: what the team's own figures show, and what was held back and why."""

from typing import Annotated

import typer

from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for


def patterns(
    team: Annotated[
        bool, typer.Option("--team", help="Only what concerns the team as a whole.")
    ] = False,
    person: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Only this person's, by their address or whole name."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", metavar="DATE", help="As of the end of that day, as 2026-11-01; else now."
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything looked at as one JSON array.")
    ] = False,
    workspace: Named = None,
) -> None:
    """Show every pattern looked for in the recorded history, with its counts, and which gate held
    it back.

    \b
    Everything is looked at together, the team's and each person's: what one look may find by chance
    depends on how many looks there are. --team and --person choose what is shown of it.
    Without --json, what is too little to be tested is counted, not listed.
    \b
    Examples:
      coach patterns
      coach patterns --team --json
      coach patterns --person ana@example.com --at 2026-10-31
    """
    from bot.terminal import patterns as command

    run(command.patterns(settings_for(workspace), command.Wish(team, person, at, as_json)))
