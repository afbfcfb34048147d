"""`coach import`: take over a CRM's CSV export."""

from pathlib import Path
from typing import Annotated

import typer

from bot.importing.things import Thing
from bot.terminal.running import run
from bot.terminal.workspace import Named, settings_for


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
    constants: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="What holds for every row, such as status=won, owner=ana@example.com, lead=yes.",
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
            metavar="DATE",
            help="The day the file tells of; else when it was last changed, or its newest date "
            "where that is long before.",
        ),
    ] = None,
    connection: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The connection the things belong to; else the only one."),
    ] = None,
    workspace: Named = None,
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
      coach import deals won.csv --set status=won --set owner=ana@example.com
      coach import contacts people.csv --set lead=yes --date-format day-first
      coach import tasks todo.csv --as-of 2026-11-01
    """
    from bot.terminal import importing as command

    wish = command.Wish(
        thing=thing,
        file=file,
        columns=tuple(columns or ()),
        constants=tuple(constants or ()),
        date_format=date_format,
        decimal=decimal,
        dry_run=dry_run,
        as_of=as_of,
        connection=connection,
    )
    run(command.import_file(settings_for(workspace), wish))
