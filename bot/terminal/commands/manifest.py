"""`coach manifest`: the Slack app's manifest, ready to paste."""

from typing import Annotated

import typer


def manifest(
    socket: Annotated[
        bool,
        typer.Option("--socket", help="For Socket Mode: Slack needs no address of the coach."),
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The https address by which Slack reaches the coach."),
    ] = None,
    links: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CRM",
            help="Have links to this CRM's deals seen: a provider, or a domain. May be repeated.",
        ),
    ] = None,
) -> None:
    """Print the Slack app's manifest, ready to paste.

    \b
    Without an option: for COACH_PUBLIC_URL where it is set, else for Socket Mode.
    With both, Slack comes by Socket Mode and browsers to the address.
    \b
    Examples:
      coach manifest --socket
      coach manifest --url https://coach.example.com
      coach manifest --socket --links hubspot --links crm.example.com
    """
    from bot.crm.provider import load_providers
    from bot.runtime.settings import load
    from bot.slack.manifest import made, original
    from bot.terminal.harmless import harmless

    if not socket and url is None:
        url = load().coach_public_url
        socket = url is None
        how = "Socket Mode" if url is None else harmless(url)
        typer.echo(f"For {how}; --socket and --url say otherwise.", err=True)
    known = load_providers() if links else {}
    domains = [
        domain
        for each in links or ()
        for domain in ((each in known and known[each].domains) or (each,))
    ]
    typer.echo(made(original(), url=url, socket=socket, links=domains), nl=False)
