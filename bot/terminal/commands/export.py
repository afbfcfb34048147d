"""`coach export`: all that is kept of one person, as a JSON file."""

from pathlib import Path
from typing import Annotated

import typer

from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for


def export(
    email: Annotated[str, typer.Argument(help="The address by which the person is known.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it; else it is printed."),
    ] = None,
    workspace: Named = None,
) -> None:
    """Write all that is kept of one person as JSON: for who asks for their own data.

    \b
    Examples:
      coach export ana@example.com --out ana.json
    """
    from bot.terminal import exported as command

    run(command.export(settings_for(workspace), email, out))
