"""`coach show`: what the coach knows, as a table or as JSON."""

from typing import Annotated

import typer

from bot.terminal.running import run
from bot.terminal.what import What
from bot.terminal.workspace import Named, settings_for
from coach.models import SubjectKind, Verb


def show(
    what: Annotated[What, typer.Argument(help="What to show.")],
    person: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Only what belongs to this person.")
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=36_500,
            metavar="N",
            help="Only from the last N days: what happened, or what was created, in them.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, metavar="N", help="At most so many rows.")
    ] = 100,
    counts: Annotated[
        bool,
        typer.Option(
            "--counts",
            help="How often each thing happened (activities), or what became of it (insights).",
        ),
    ] = False,
    verb: Annotated[
        Verb | None, typer.Option(metavar="VERB", help="Only what is called so (activities).")
    ] = None,
    deal: Annotated[
        str | None, typer.Option(metavar="ID", help="Only about this deal (activities).")
    ] = None,
    contact: Annotated[
        str | None, typer.Option(metavar="ID", help="Only about this contact (activities).")
    ] = None,
    task: Annotated[
        str | None, typer.Option(metavar="ID", help="Only about this task (activities).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON array, for scripts.")
    ] = False,
    workspace: Named = None,
) -> None:
    """Show what the coach knows: what happened, what it said, what the CRM says, who is coached.

    \b
    Activities, insights and messages are those of the last 30 days, unless --days says otherwise;
    activities of one thing are all of them.
    Times are in each person's own time zone; with --json they bear their offset.
    Things that were deleted in the CRM are not shown.
    \b
    Examples:
      coach show activities --person ana@example.com --days 7
      coach show activities --counts
      coach show activities --deal D-17
      coach show insights --person ana@example.com
      coach show insights --counts --person ana@example.com --days 90
      coach show messages --days 1
      coach show deals --json
      coach show people
    """
    from bot.terminal import show as command

    things = {SubjectKind.DEAL: deal, SubjectKind.CONTACT: contact, SubjectKind.TASK: task}
    options = command.Options(what, person, days, limit, as_json, counts, verb, things)
    run(command.show(settings_for(workspace), options))
