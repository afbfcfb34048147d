"""`coach serve`: the coach for a Slack workspace."""

from typing import Annotated

import typer

from bot.terminal.running import run


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 3000,
) -> None:
    """Run the coach for a Slack workspace until stopped.

    \b
    Needs SLACK_BOT_TOKEN and SLACK_APP_TOKEN, in the environment or in .env: then it reaches
    Slack by Socket Mode, and Slack needs no address of it. With SLACK_SIGNING_SECRET instead,
    Slack must reach it by https. So must a CRM for its webhooks: COACH_PUBLIC_URL says where.
    \b
    Examples:
      coach serve
      coach serve --host 0.0.0.0 --port 8080
    """
    from bot import app as composition
    from bot.runtime.settings import load, missing_for_slack
    from bot.terminal.ports import make_sure_port_is_free
    from bot.terminal.session import make_sure_database_is_usable

    settings = load()
    run(make_sure_database_is_usable(settings))
    make_sure_port_is_free(host, port)
    typer.echo(f"The coach starts at http://{host}:{port}; Ctrl-C ends it.", err=True)
    if absent := missing_for_slack(settings):
        typer.echo(
            "Slack is not set up, so only the CRM's webhooks are taken and nothing is sent. Set "
            f"{' and '.join(absent)} in the environment or in .env; "
            "the README says where they are found.",
            err=True,
        )
    composition.serve(settings, host, port)
