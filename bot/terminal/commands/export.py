"""`coach export`: all that is kept of one person, as a JSON file."""

from pathlib import Path
from typing import Annotated

import typer

from bot.terminal.running import run


def export(
    email: Annotated[str, typer.Argument(help="The address by which the person is known.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it; else it is printed."),
    ] = None,
) -> None:
    """Write all that is kept of one person as JSON: for who asks for their own data.

    \b
    Examples:
      coach export ana@example.com --out ana.json
    """
    from bot.runtime.settings import load
    from bot.terminal import exported as command

    run(command.export(load(), email, out))
