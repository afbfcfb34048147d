"""`coach connect`: link a CRM."""

from typing import Annotated, Any

import typer

from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for


def _credential(help: str) -> Any:
    return typer.Option(metavar="TEXT", help=help)


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
    token: Annotated[str | None, _credential("An access token.")] = None,
    api_key: Annotated[str | None, _credential("An API key.")] = None,
    api_token: Annotated[str | None, _credential("An API token.")] = None,
    client_id: Annotated[str | None, _credential("An app's client id.")] = None,
    client_secret: Annotated[str | None, _credential("An app's client secret.")] = None,
    instance_url: Annotated[str | None, _credential("The address of your own instance.")] = None,
    org_id: Annotated[str | None, _credential("The id of your organisation.")] = None,
    api_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where the CRM's API is, if not where it is for everybody."
        ),
    ] = None,
    oauth: Annotated[
        bool,
        typer.Option(
            "--oauth",
            help="Allow an app of yours in the browser (HubSpot, Pipedrive); so does --client-id.",
        ),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print only {id, url, …}, for scripts; ask for nothing."),
    ] = False,
    workspace: Named = None,
) -> None:
    """Link a CRM: what to paste where.

    A second time it shows the link, or changes it as the options say.

    \b
    HubSpot and other CRMs that the coach knows by name ask for credentials: those not given as
    options are asked for without being shown. The connection is tried, what the account holds is
    taken over, and what is to be clicked at the CRM is printed. `coach serve` goes on with what is
    not taken over when you end this with Ctrl-C.
    \b
    With --client-id and --client-secret of an app made there, HubSpot and Pipedrive are linked in
    the browser (OAuth): the link to open is printed, and it waits for what comes of it. The pages
    are those of `coach serve`, which must run.
    \b
    Examples:
      coach connect hubspot
      coach connect hubspot --client-id ID --client-secret SECRET
      coach connect native
      coach connect native --callback https://crm.example.com/coach
      coach connect native --rotate      then paste the new secret, then:
      coach connect native --finish
      coach connect native --json
    """
    from bot.terminal import connect as command
    from bot.terminal.wishes import Wish

    given = {
        "token": token,
        "api_key": api_key,
        "api_token": api_token,
        "client_id": client_id,
        "client_secret": client_secret,
        "instance_url": instance_url,
        "org_id": org_id,
    }
    wish = Wish(
        provider=provider,
        id=id or provider,
        callback=callback,
        rotate=rotate,
        finish=finish,
        new_bearer=new_bearer,
        credentials={name: value for name, value in given.items() if value is not None},
        api_url=api_url,
        oauth=oauth,
    )
    run(command.connect(settings_for(workspace), wish, as_json=as_json))
