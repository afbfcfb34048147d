"""What is said of a file that is imported, or would be: its totals, and what to do about them."""

import shlex
from collections.abc import Collection
from datetime import datetime
from decimal import Decimal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.importing import run, totals
from bot.importing.rows import Record
from bot.importing.things import Thing
from bot.terminal.harmless import harmless
from coach.models import Person
from coach.owners import shown
from coach.phrases import counted
from coach.wording import plain

#: Rows a dry run shows.
SHOWN = 5

#: The facts of the first columns; all others follow.
_FIRST = ("line", "title", "name", "status", "stage", "in stage since", "value", "owner")


def preview(console: Console, understood: run.Understood, *, ages: bool) -> None:
    """What an import would do, without doing it."""
    sheet, columns = understood.sheet, understood.columns
    console.print("Columns:", markup=False)
    named = [*columns.places.items(), *((f"came to {stage}", at) for stage, at in columns.stages)]
    for name, place in sorted(named, key=lambda item: item[1]):
        console.print(f"  {harmless(name)} ← {harmless(sheet.header[place])}", markup=False)
    for name, value in understood.constants.items():
        console.print(f"  {name} = {harmless(value)}, in every row", markup=False)
    if columns.other:
        kept = harmless(", ".join(columns.other))
        console.print(f"  kept by their own names: {kept}", markup=False)
    if columns.unused:
        console.print(f"  not used: {harmless(', '.join(columns.unused))}", markup=False)
    if understood.records:
        console.print(f"\nThe first {min(SHOWN, len(understood.records))} as understood:")
        console.print(_table(understood.records[:SHOWN]))
    console.print()
    console.print(
        f"{rows(len(sheet.rows))}: {len(understood.records):,} would be imported, "
        f"{len(understood.rejected):,} skipped. Nothing was changed."
    )
    tell_totals(understood, ages=ages)
    tell_reasons(understood)


def tell_totals(understood: run.Understood, *, ages: bool) -> None:
    """How many there are of what, what is not known of them, and how to tell it.

    Without `ages` none is taken from the file.
    """
    if not understood.records:
        return
    found = totals.states(understood)
    told = [f"{count:,} {word}" for word, count in found.items()]
    if understood.thing is Thing.CONTACTS:
        told[:2] = [f"{found['leads']:,} of {found['leads'] + found['others']:,} are leads"]
    typer.echo(f"  {understood.thing}: {', '.join(told)}")
    owners = totals.owners(understood.records)
    typer.echo(f"  owners: {_owners(owners)}")
    unknown, deals = run.ages_unknown(understood) if ages else (0, 0)
    if deals:
        known = "all known" if not unknown else f"{unknown:,} of {deals:,} unknown"
        typer.echo(f"  stage ages of open deals: {known}")
    if unknown:
        typer.echo(
            "Where the file does not say when a deal came to its stage, its age is never said, and "
            "it is stuck only once it was watched there for long enough. Does a column say it? "
            "--map stage_entered_at=COLUMN."
        )
    if understood.thing is Thing.CONTACTS and not found["leads"]:
        _tell_no_leads(understood)
    if owners.rows_without == len(understood.records):
        typer.echo(
            "No row says whose it is, so that nobody will hear of any. "
            "Name the column: --map owner=COLUMN, or the owner of all: --set owner=ana@example.com."
        )


def _owners(owners: totals.Owners) -> str:
    said = f"{owners.count:,}"
    if owners.without_address:
        all_of_them = owners.without_address == owners.count
        said += ", none with" if all_of_them else f", {owners.without_address:,} of them without"
        said += " an address"
    if owners.rows_without:
        said += f"; {rows(owners.rows_without)} without an owner"
    return said


def _tell_no_leads(understood: run.Understood) -> None:
    told = ", ".join(f"“{word}” ({n:,})" for word, n in totals.statuses(understood.records))
    place = understood.columns.places.get("status", understood.columns.places.get("lead_status"))
    column = "" if place is None else f"“{understood.sheet.header[place]}” says {told or 'nothing'}"
    typer.echo(
        harmless(
            "None of these contacts counts as a lead, and the coach looks after leads only"
            f"{': ' if column else ''}{column}. If they are leads: --set lead=yes. If another "
            "column tells which are: --map lead_status=COLUMN."
        )
    )


def tell_unreachable(
    understood: run.Understood, people: Collection[Person], connection_id: str
) -> None:
    """Whom the coach cannot find in Slack by what the file says, and how to tie them."""
    nobody = [each for each in people if each.slack_user_id is None and each.email is None]
    example = totals.owners(understood.records).example
    if not nobody or example is None:
        return
    found = counted(
        "{count} of {all} owner cannot be found in Slack",
        "{count} of {all} owners cannot be found in Slack",
        "all",
        count=len(nobody),
        all=len(people),
    )
    key = shlex.quote(shown(example.keys(connection_id)[0]))
    typer.echo(
        harmless(
            f"{plain(found)}, for the file has no address of theirs: they hear of nothing until "
            f"somebody says who they are. One by one: coach owners link {key} NAME@example.com. "
            "All at once, from a file with the columns name and email: coach owners link --csv "
            "FILE. `coach owners` lists them."
        )
    )


def _table(records: Collection[Record]) -> Table:
    table = Table(show_lines=False)
    found = [_shown(record) for record in records]
    there = list(dict.fromkeys(name for row in found for name in row))
    names = [name for name in _FIRST if name in there]
    names += [name for name in there if name not in names]
    for name in names:
        table.add_column(name, overflow="fold")
    for row in found:
        # Text, not markup: a title in square brackets stays one.
        table.add_row(*(Text(harmless(row.get(name, ""))) for name in names))
    return table


def _shown(record: Record) -> dict[str, str]:
    owner = record.owner
    facts = {("name" if name == "name_given" else name): v for name, v in record.facts.items()}
    described: dict[str, object] = {
        "line": record.line,
        **{name: value for name, value in facts.items() if name != "other"},
        **record.standing,
        "owner": (owner.email or str(owner)) if owner else None,
        "created": record.created_at,
        "in stage since": None if record.ended else record.stage_since,
        "ended": record.ended_at,
        "id": record.id,
    }
    if record.stage_age_unknown:
        described["in stage since"] = "unknown"
    if not record.facts.get("deleted"):
        described.pop("deleted", None)
    return {name: _words(value) for name, value in described.items() if value is not None}


def _words(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,f}" if isinstance(value, Decimal) else str(value)


def rows(count: int) -> str:
    """So many rows, in words."""
    return plain(counted("{count} row", "{count} rows", "count", count=count))


def tell_reasons(understood: run.Understood) -> None:
    """Why rows were rejected, the most frequent reason first."""
    for reason, count in run.reasons(understood.rejected)[:10]:
        example = next(each for each in understood.rejected if run.reasons([each])[0][0] == reason)
        told = f"{reason} (line {example.row.line}: {example.reason})"
        typer.echo(f"  {count:,} × {harmless(told)}")
