"""`coach owners`: who a CRM's owners are, and tying them to people by hand."""

from pathlib import Path
from typing import Annotated

import typer

from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for

owners_commands = typer.Typer(
    help="Who the owners that CRMs name are, and what waits for them.",
    no_args_is_help=False,
    rich_markup_mode=None,
)


@owners_commands.callback(invoke_without_command=True)
def owners(
    context: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array, for scripts.")
    ] = False,
    workspace: Named = None,
) -> None:
    """Who the owners that CRMs name are, and what waits for them.

    \b
    Each owner stands with all keys: addresses, and ids and names with their connection.
    Where two bear one name, that name alone is an owner of its own until somebody says who it is.
    \b
    Examples:
      coach owners
      coach owners --json
      coach owners link hubspot/id:77 ana@example.com
      coach owners link --csv owners.csv
    """
    if context.invoked_subcommand is not None:
        return
    from bot.terminal import owners as command

    run(command.show(settings_for(workspace), as_json=as_json))


@owners_commands.command()
def link(
    key: Annotated[
        str | None, typer.Argument(help="A key as `coach owners` shows it, or a name.")
    ] = None,
    email: Annotated[
        str | None, typer.Argument(help="The address that Slack knows the person by.")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="A file with the columns `key` (or `id`, or `name`) and `email`, and perhaps "
            "`connection`.",
        ),
    ] = None,
    workspace: Named = None,
) -> None:
    """Say which person an owner is: everything of the owner is theirs from now on.

    \b
    With a file, all of its lines are done or none.
    \b
    Examples:
      coach owners link "Ana Ruiz" ana@example.com
      coach owners link hubspot/id:77 ana@example.com
      coach owners link --csv owners.csv
    """
    from bot.terminal import owners as command

    run(command.link(settings_for(workspace), key, email, csv))
