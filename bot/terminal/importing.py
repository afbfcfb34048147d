"""`coach import`: a CRM's export into the mirror, with a preview, progress and a summary."""

import gc
import sys
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.importing import run
from bot.importing.dates import DateReader
from bot.importing.faults import FileError, RowError
from bot.importing.things import Thing
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.terminal.imported import preview, rows, tell_reasons, tell_totals, tell_unreachable
from bot.terminal.session import opened
from bot.terminal.showing.listing import words
from coach.models import SubjectKind
from coach.phrases import DateWithYear, counted, say
from coach.terms import how_many
from coach.wording import plain
from storage import connections
from storage.people import load

#: A file in which nothing has happened for so long before it was written tells of another day.
OLD = timedelta(days=90)

#: Where things belong when no CRM is connected yet: the name `coach connect native` will use.
FIRST_CONNECTION = "native"


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    thing: Thing
    file: Path
    columns: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    date_format: str | None = None
    decimal: str | None = None
    dry_run: bool = False
    as_of: str | None = None
    connection: str | None = None


async def import_file(settings: Settings, wish: Wish) -> None:
    """Import, or show what would be imported. Raises `FileError` when no row could be used."""
    # Tens of thousands of small values are made and kept: looking for cycles among them costs a
    # sixth of the time and finds none.
    gc.disable()
    try:
        await _import(settings, wish)
    finally:
        gc.enable()


async def _import(settings: Settings, wish: Wish) -> None:
    began = perf_counter()
    if wish.dry_run and wish.connection is not None:
        # Before the file is read: what the import itself would refuse.
        async with opened(settings) as parts:
            await _connection(parts, wish.connection)
    told = _as_of(wish)
    understood = run.understand(
        wish.thing,
        wish.file,
        told_columns=wish.columns,
        told_constants=wish.constants,
        date_format=wish.date_format,
        decimal=wish.decimal,
    )
    console = Console(highlight=False)
    as_of, old = _of_an_old_file(wish, told, understood, console)
    if wish.dry_run:
        # In a file or a pipe there is no edge at which a row would have to be folded.
        preview(
            console if console.is_terminal else Console(highlight=False, width=200),
            understood,
            ages=old is None,
        )
        _tell_old(old)
        return
    async with opened(settings) as parts:
        connection_id = await _connection(parts, wish.connection)
        columns = (
            TextColumn("Importing {task.fields[what]}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        with Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            task = bar.add_task("", total=len(understood.records), what=wish.thing.value)
            result = await run.store(
                parts,
                understood,
                connection_id,
                as_of,
                lambda rows: bar.advance(task, rows),
                watched_from=parts.clock.now() if old else None,
            )
        async with parts.database.read() as tx:
            people = (await load(tx, parts.workspace_id, result.owners)).values()
    rejected = run.write_rejected(wish.file, understood)
    stored = plain(
        say(
            "{things} of {owners}",
            things=how_many(SubjectKind(wish.thing.one), len(understood.records)),
            owners=counted("{count} owner", "{count} owners", "count", count=len(result.owners)),
        )
    )
    typer.echo(
        f"{stored} in {perf_counter() - began:.1f} s: {result.new:,} new, "
        f"{result.changed:,} changed, {result.unchanged:,} as they were."
    )
    tell_totals(understood, ages=old is None)
    _tell_old(old)
    tell_unreachable(understood, people, connection_id)
    for name in result.unsure:
        typer.echo(
            f"Several owners are called {name}: what the file says is theirs stays with the one "
            "who has it, and is nobody's otherwise. `coach owners` lists them."
        )
    if rejected is not None:
        typer.echo(f"{rows(len(understood.rejected))} rejected, with reasons, in {rejected}:")
        tell_reasons(understood)
        if not understood.records:
            raise FileError(
                f"No row of {wish.file} could be imported; `coach import {wish.thing} "
                f"{wish.file} --dry-run` shows how its columns are understood."
            )


def _as_of(wish: Wish) -> datetime:
    now = datetime.now(UTC)
    if wish.as_of is None:
        # To the second: the time travels through programs that know no more.
        changed = datetime.fromtimestamp(int(wish.file.stat().st_mtime), UTC)
        return min(changed, now)
    try:
        moment = DateReader(None).read(wish.as_of.strip())
    except RowError as error:
        raise FileError(f"--as-of {wish.as_of} is not a date; write it as 2026-11-01.") from error
    if moment is None:
        raise FileError("--as-of needs a date, written as 2026-11-01.")
    return min(moment.at, now) if moment.exact else run.end_of_day(moment.day, now)


def _of_an_old_file(
    wish: Wish, told: datetime, understood: run.Understood, console: Console
) -> tuple[datetime, date | None]:
    """The time a file tells of; and the day, when nobody has said so but its own newest date."""
    newest = run.newest(understood)
    if wish.as_of is not None or newest is None or told - newest < OLD:
        return told, None
    day = newest.date()
    if wish.dry_run or not (console.is_terminal and sys.stdin.isatty()):
        return run.end_of_day(day, told), day
    asked = typer.prompt(
        f"Nothing in {wish.file} happened after {words(DateWithYear(day))}. "
        "Which day does it tell of?",
        default=day.isoformat(),
    )
    return _as_of(replace(wish, as_of=asked)), None


def _tell_old(day: date | None) -> None:
    if day is not None:
        typer.echo(
            f"The newest date in the file is {words(DateWithYear(day))}: it is taken to tell of "
            "that day. Nobody has watched since, so a deal may have moved on: how long it has been "
            "in its stage is told only where the file says when it came there. "
            f"If deals are still where it says: --as-of {day.isoformat()}. If it is of another "
            "day, give that."
        )


async def _connection(parts: Parts, wanted: str | None) -> str:
    async with parts.database.read() as tx:
        known = [
            each.id for each in await connections.of_workspace(tx, parts.seal, parts.workspace_id)
        ]
    if wanted is None:
        if len(known) > 1:
            raise FileError(
                f"Say which CRM the file is from: --connection {' or '.join(sorted(known))}."
            )
        return known[0] if known else FIRST_CONNECTION
    if wanted in known or wanted == FIRST_CONNECTION:
        return wanted
    there = ", ".join(sorted(known)) or "none"
    raise FileError(
        f"There is no connection “{wanted}” (there is: {there}); make it with "
        f"`coach connect native --id {wanted}`."
    )
