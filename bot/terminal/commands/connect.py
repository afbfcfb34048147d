"""`coach connect`: link a CRM."""

from typing import Annotated

import typer

from bot.terminal.running import run


def connect(
    provider: Annotated[
        str, typer.Argument(help="Which kind of CRM; `native` for anything that posts JSON.")
    ] = "native",
    id: Annotated[
        str | None, typer.Option(help="A name of your own, for a second CRM of a kind.")
    ] = None,
    callback: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where changes made in Slack are posted; an empty one stops that.",
        ),
    ] = None,
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="Make a new signing secret; older ones stay valid too."),
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="End a rotation: only the newest secret stays valid.")
    ] = False,
    new_bearer: Annotated[
        bool, typer.Option("--new-bearer", help="Replace the bearer token at once.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only {id, url, secret}, for scripts.")
    ] = False,
) -> None:
    """Link a CRM: what to paste where.

    A second time it shows the link, or changes it as the options say.

    \b
    Examples:
      coach connect native
      coach connect native --callback https://crm.example.com/coach
      coach connect native --rotate      then paste the new secret, then:
      coach connect native --finish
      coach connect native --json
    """
    from bot.runtime.settings import load
    from bot.terminal import connect as command

    wish = command.Wish(
        provider=provider,
        id=id or provider,
        callback=callback,
        rotate=rotate,
        finish=finish,
        new_bearer=new_bearer,
    )
    run(command.connect(load(), wish, as_json=as_json))
