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
) -> None:
    """Print the Slack app's manifest, ready to paste.

    \b
    Without an option: for COACH_PUBLIC_URL where it is set, else for Socket Mode.
    With both, Slack comes by Socket Mode and browsers to the address.
    \b
    Examples:
      coach manifest --socket
      coach manifest --url https://coach.example.com
    """
    from bot.runtime.settings import load
    from bot.slack.manifest import made, original
    from bot.terminal.harmless import harmless

    if not socket and url is None:
        url = load().coach_public_url
        socket = url is None
        how = "Socket Mode" if url is None else harmless(url)
        typer.echo(f"For {how}; --socket and --url say otherwise.", err=True)
    typer.echo(made(original(), url=url, socket=socket), nl=False)
