"""The `coach` command: what can be typed, with help and examples; the work is in `bot.terminal`."""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.importing.things import Thing

# Imports of the parts are inside the commands, so that `coach --help` answers at once.

app = typer.Typer(
    name="coach",
    help="A business coach in Slack. Try it with `coach demo`; nothing needs to be set up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
database_commands = typer.Typer(
    help="Look after the database.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(database_commands, name="db")


def main() -> None:
    """Run a command; a foreseeable fault is one sentence on stderr and exit code 1."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output went away (`coach doctor | head`); nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        from bot.terminal.faults import explain

        sentence = explain(error)
        if sentence is None:
            raise
        typer.echo(sentence, err=True)
        sys.exit(1)


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(_settled(work))


async def _settled(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    finally:
        # A SQLite file that could not be opened is reported once more, from the thread that tried:
        # a loop that is gone by then would turn one sentence into a traceback.
        for thread in threading.enumerate():
            if "_connection_worker" in thread.name:
                await asyncio.to_thread(thread.join, 0.5)


@app.command()
def demo(
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the last demo and begin anew.")
    ] = False,
    tour: Annotated[
        bool, typer.Option("--tour", help="Play a short story here, without a browser.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The page's port; 0 takes any free one.")
    ] = 0,
) -> None:
    """Try it: a playground on this machine only.

    A stand-in for Slack, a small CRM and the coach; nothing needs to be set up.

    \b
    Examples:
      coach demo            prints the address of a page to open
      coach demo --tour     tells a story in the terminal and ends
      coach demo --fresh    begins anew
    """
    from bot.playground import demo as playground

    sys.exit(_run(playground.run(fresh=fresh, tour=tour, port=port)))


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 for every one.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 3000,
) -> None:
    """Run the coach for a Slack workspace until stopped.

    \b
    Needs SLACK_BOT_TOKEN and SLACK_SIGNING_SECRET, in the environment or in .env.
    Slack and the CRM must reach it by https: COACH_PUBLIC_URL says where.
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
    _run(make_sure_database_is_usable(settings))
    make_sure_port_is_free(host, port)
    typer.echo(f"The coach starts at http://{host}:{port}; Ctrl-C ends it.", err=True)
    if absent := missing_for_slack(settings):
        typer.echo(
            "Slack is not set up, so only the CRM's webhooks are taken. Set "
            f"{' and '.join(absent)} in the environment or in .env; "
            "the README says where they are found.",
            err=True,
        )
    composition.serve(settings, host, port)


@app.command()
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
    _run(command.connect(load(), wish, as_json=as_json))


@app.command("import")
def import_file(
    thing: Annotated[Thing, typer.Argument(help="What a row of the file is.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="The file as the CRM exported it.")
    ],
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="Which column holds a field; may be given several times.",
        ),
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="day-first, month-first, or a pattern such as %d.%m.%Y.",
        ),
    ] = None,
    decimal: Annotated[
        str | None,
        typer.Option(metavar="SIGN", help="point or comma, where amounts leave it open."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show how the rows are understood; change nothing.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="The day the file tells of; else when it was last changed."
        ),
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The connection the things belong to; else the only one."),
    ] = None,
) -> None:
    """Take over a CRM's CSV export.

    \b
    Nobody is messaged by it.
    Columns are recognised by the names CRMs use, dates and amounts by their form.
    Rows that cannot be used go to FILE.rejected.csv with the reason.
    Importing the same file again changes nothing.
    \b
    Examples:
      coach import deals deals.csv --dry-run
      coach import deals deals.csv --map title="Project name" --map value=Total
      coach import contacts people.csv --date-format day-first
      coach import tasks todo.csv --as-of 2026-11-01
    """
    from bot.runtime.settings import load
    from bot.terminal import importing as command

    wish = command.Wish(
        thing=thing,
        file=file,
        columns=tuple(columns or ()),
        date_format=date_format,
        decimal=decimal,
        dry_run=dry_run,
        as_of=as_of,
        connection=connection,
    )
    _run(command.import_file(load(), wish))


@app.command()
def replay(
    ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Deliveries to run again; all failed ones if none."),
    ] = None,
) -> None:
    """Run what failed again, after a fix: deliveries and changes.

    \b
    `coach doctor` lists what failed, with ids and reasons.
    \b
    Examples:
      coach replay
      coach replay 019331b2c0a4f1e2d3c4b5a697
    """
    from bot.runtime.settings import load
    from bot.terminal import replay as command

    sys.exit(_run(command.replay(load(), ids or None)))


@app.command()
def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the findings as JSON, for scripts.")
    ] = False,
) -> None:
    """Look for faults and say how to mend each.

    \b
    Checks settings, database, Slack, connections, and what waits or failed.
    Ends with exit code 1 when something is broken.
    \b
    Examples:
      coach doctor
      coach doctor --json
    """
    from bot.terminal import doctor as command

    sys.exit(_run(command.examine(as_json=as_json)))


@database_commands.command("upgrade")
def upgrade() -> None:
    """Bring the database to the schema of this version.

    \b
    The SQLite file is upgraded by every command on its own; PostgreSQL only by this one.
    \b
    Example:
      coach db upgrade
    """
    from bot.runtime.settings import load
    from bot.terminal import db as command

    _run(command.upgrade(load()))
