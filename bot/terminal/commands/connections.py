"""`coach connections` and `coach disconnect`: the CRMs that are linked, and the end of one."""

from typing import Annotated

import typer

from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for


def list_connections(
    as_json: Annotated[bool, typer.Option("--json", help="Print it for scripts.")] = False,
    workspace: Named = None,
) -> None:
    """List the CRMs that are linked, and how each is.

    \b
    Examples:
      coach connections
      coach connections --json
    """
    from bot.terminal import connections as command

    run(command.show(settings_for(workspace), as_json=as_json))


def disconnect(
    name: Annotated[str, typer.Argument(help="The connection, as `coach connections` lists it.")],
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway", help="Also when the CRM cannot be told that it is to send nothing more."
        ),
    ] = False,
    workspace: Named = None,
) -> None:
    """End a link: no more webhooks, and its secrets and all that is known of it are forgotten.

    \b
    What was known of its deals, contacts and tasks is forgotten with it, so that nothing is said
    any more of what nobody keeps up to date. People and what they have set stay.
    \b
    Example:
      coach disconnect hubspot
    """
    from bot.terminal import connections as command

    run(command.disconnect(settings_for(workspace), name, anyway=anyway))
