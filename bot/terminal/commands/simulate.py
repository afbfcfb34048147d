"""`coach simulate`: what the coach would have said, before it says anything."""

from typing import Annotated

import typer

from bot.simulating.answers import Answers
from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for


def simulate(
    since: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="The first day, as 2026-11-01; else --days ago."
        ),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=366, metavar="N", help="How many days to look at.")
    ] = 30,
    person: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="Only this person, by their address or whole name."),
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="Everybody who owns something; so without --person.")
    ] = False,
    level: Annotated[
        int | None,
        typer.Option(min=1, max=3, metavar="N", help="As if all had this level; else their own."),
    ] = None,
    answers: Annotated[
        Answers, typer.Option(help="How much of what is said is acted on within a work day.")
    ] = Answers.NONE,
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="ZONE", help="The time zone, as Europe/Madrid, of those whose zone is unknown."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Another number: others answer (some, all).")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every decision as one JSON array, for scripts.")
    ] = False,
    workspace: Named = None,
) -> None:
    """Show what the coach would have said in the past, by its real rules on the recorded history.

    \b
    It works on a copy with a clock that runs: nothing is changed, and nobody is messaged.
    What an import or the CRM told of a day happens in the copy on that day, as people's own acts.
    All take part as if they had pressed Start, with their own settings.
    \b
    Examples:
      coach simulate --days 14
      coach simulate --person ana@example.com --level 3
      coach simulate --from 2026-10-01 --days 31 --answers all
      coach simulate --zone Europe/Madrid --json
    """
    from bot.terminal import simulate as command
    from bot.terminal.stopping import until_stopped

    wish = command.Wish(since, days, person, everyone, level, answers, zone, seed, as_json)
    run(until_stopped(command.simulate(settings_for(workspace), wish), command.STOPPED))
