"""The `coach` command: every command in its place, and faults as sentences."""

import os
import sys

import typer

from bot.terminal.commands import (
    connect,
    connections,
    db,
    demo,
    doctor,
    export,
    import_,
    manifest,
    owners,
    patterns,
    replay,
    serve,
    show,
    simulate,
)
from bot.terminal.stopping import StoppedError
from bot.terminal.usage import Commands

# What a command works with is imported when it runs, so that `coach --help` answers at once.

app = typer.Typer(
    name="coach",
    cls=Commands,
    help="A business coach in Slack. Try it with `coach demo`; nothing needs to be set up.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)
app.command()(demo.demo)
app.command()(serve.serve)
app.command()(manifest.manifest)
app.command()(connect.connect)
app.command("connections")(connections.list_connections)
app.command()(connections.disconnect)
app.command("import")(import_.import_file)
app.command()(show.show)
app.command()(patterns.patterns)
app.command()(export.export)
app.command()(simulate.simulate)
app.add_typer(owners.owners_commands, name="owners")
app.command()(replay.replay)
app.command()(doctor.doctor)

database_commands = typer.Typer(
    help="Look after the database.", no_args_is_help=True, rich_markup_mode=None
)
database_commands.command()(db.upgrade)
app.add_typer(database_commands, name="db")


def main() -> None:
    """Run a command; a foreseeable fault is one sentence on stderr and exit code 1.

    One that a signal has stopped says so, and its exit code is 128 and the signal's number.
    """
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except StoppedError as stopped:
        typer.echo(str(stopped), err=True)
        sys.exit(stopped.code)
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
