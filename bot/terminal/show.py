"""`coach show`: what the coach knows, for whoever runs it, as a table or as JSON."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from bot.terminal.showing import activities
from bot.terminal.showing import insights as advice
from bot.terminal.showing.insights import INSIGHTS
from bot.terminal.showing.listing import Json, Listing, Names, Wish, names_of, words
from bot.terminal.showing.messages import MESSAGES
from bot.terminal.showing.people import PEOPLE
from bot.terminal.showing.things import CONTACTS, DEALS, TASKS
from bot.terminal.what import What
from coach.errors import CoachError
from coach.models import SubjectKind, Verb
from coach.phrases import DateWithYear, counted
from coach.wording import plain
from storage import owners, showing
from storage.database import Tx

#: Rows that are read and named at a time.
PAGE = 1000

#: Days that are counted when nothing is said.
MONTH = 30

#: How wide a table may be where there is no edge at which a row would have to be folded.
WIDE = 250


LISTINGS: Mapping[What, Listing[Any]] = {
    What.ACTIVITIES: activities.ACTIVITIES,
    What.INSIGHTS: INSIGHTS,
    What.MESSAGES: MESSAGES,
    What.DEALS: DEALS,
    What.CONTACTS: CONTACTS,
    What.TASKS: TASKS,
    What.PEOPLE: PEOPLE,
}


class ShowError(CoachError):
    """This cannot be shown."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed."""

    what: What
    person: str | None = None
    days: int | None = None
    limit: int = 100
    as_json: bool = False
    counts: bool = False
    verb: Verb | None = None
    #: The id of a thing, by its kind.
    things: Mapping[SubjectKind, str | None] = field(default_factory=dict)


async def show(settings: Settings, options: Options) -> None:
    """Print it. Raises `ShowError` for what cannot be shown so, and for an address nobody has."""
    check(options)
    async with opened(settings) as parts:
        await printed(parts, options)


async def printed(parts: Parts, options: Options) -> None:
    """The same with parts that are there, in one view of the database. Raises `ShowError`."""
    thing, now, listing = check(options), parts.clock.now(), LISTINGS[options.what]
    # A thing's whole history is asked for, unless somebody says otherwise.
    days = options.days or (None if thing else listing.days)
    async with parts.database.read() as tx:
        wish = Wish(
            parts.workspace_id,
            now,
            await _person(tx, parts.workspace_id, options.person),
            now - timedelta(days=days) if days else None,
            thing,
            options.verb,
        )
        if options.counts and options.what is What.INSIGHTS:
            await _outcomes(tx, wish, days or MONTH, as_json=options.as_json)
            return
        if options.counts:
            await _counts(tx, wish, options.days or MONTH, as_json=options.as_json)
            return
        reading = Reading(tx, wish, listing, options.limit)
        await (_as_json if options.as_json else _as_table)(reading)
    if reading.more:
        more = f"--limit {reading.rows * 10} shows more."
        typer.echo(f"{reading.rows:,} shown, and more are left; {more}", err=True)


def check(options: Options) -> tuple[SubjectKind, str] | None:
    """The one thing that is asked for, if any. Raises `ShowError` for what does not go together."""
    given = [(kind, id) for kind, id in options.things.items() if id is not None]
    if options.what is not What.ACTIVITIES and (given or options.verb):
        raise ShowError(
            "--verb, --deal, --contact and --task are for `coach show activities` only."
        )
    if options.counts and options.what not in {What.ACTIVITIES, What.INSIGHTS}:
        raise ShowError("--counts is for `coach show activities` and `coach show insights` only.")
    if len(given) > 1:
        raise ShowError("Name one thing: --deal, --contact or --task.")
    return given[0] if given else None


async def _person(tx: Tx, workspace_id: str, email: str | None) -> str | None:
    if email is None:
        return None
    owner = await owners.by_email(tx, workspace_id, email)
    found = owner.id if owner else await showing.with_address(tx, workspace_id, email)
    if found is None:
        raise ShowError(
            f"Nobody here has the address “{harmless(email)}”; `coach show people` lists everybody."
        )
    return found


@dataclass(slots=True)
class Reading:
    """The rows of an answer, read and named page by page; `limit` is how many at most."""

    tx: Tx
    wish: Wish
    listing: Listing[Any]
    limit: int
    page: int = PAGE
    rows: int = 0
    #: Whether there are more than were read, once all pages were.
    more: bool = False

    async def pages(self) -> AsyncIterator[tuple[Sequence[Any], Names]]:
        """Items with the names that belong to them."""
        last = None
        while self.rows < self.limit:
            most = min(self.limit - self.rows, self.page)
            # One more than is shown says whether more is left.
            items = await self.listing.page(self.tx, self.wish, last, most + 1)
            shown, self.more = items[:most], len(items) > most
            if not shown:
                return
            self.rows += len(shown)
            yield shown, await names_of(self.tx, self.wish.workspace_id, self.listing, shown)
            if not self.more:
                return
            last = shown[-1]


async def _as_json(reading: Reading) -> None:
    begin = "["
    async for items, names in reading.pages():
        for item in items:
            typer.echo(f"{begin}\n {_written(reading.listing.json(item, names))}", nl=False)
            begin = ","
    typer.echo("\n]" if reading.rows else "[]")


async def _as_table(reading: Reading) -> None:
    table = Table(box=None, pad_edge=False)
    for name in reading.listing.columns:
        table.add_column(name, overflow="fold")
    async for items, names in reading.pages():
        for item in items:
            # Text, not markup: a title in square brackets stays one.
            table.add_row(*(Text(harmless(cell)) for cell in reading.listing.cells(item, names)))
    if reading.rows:
        _print(table)
        return
    since = reading.wish.since
    if since is None:
        typer.echo("There is nothing to show.")
        return
    day = words(DateWithYear(since.date()))
    typer.echo(f"There is nothing to show since {day}; --days looks further back.")


async def _outcomes(tx: Tx, wish: Wish, days: int, *, as_json: bool) -> None:
    rows = await advice.counts(tx, wish)
    if as_json:
        typer.echo(_array(rows))
        return
    table = Table(box=None, pad_edge=False)
    for name in advice.COUNTED:
        named = {"dismissed_as": "why", "resolved": "by itself", "expired": "unanswered"}
        is_count = name not in {"rule", "dismissed_as"}
        table.add_column(named.get(name, name), justify="right" if is_count else "left")
    for row in rows:
        table.add_row(*map(Text, advice.counted_cells(row)))
    if rows:
        _print(table)
    total = sum(row["sent"] for row in rows)
    summed = counted(
        "In the last {days} day: {told} told, {done} done.",
        "In the last {days} days: {told} told, {done} done.",
        "days",
        days=days,
        told=total,
        done=sum(row["done"] for row in rows),
    )
    typer.echo(plain(summed))


def _array(rows: Sequence[Json]) -> str:
    return "[\n " + ",\n ".join(map(_written, rows)) + "\n]" if rows else "[]"


async def _counts(tx: Tx, wish: Wish, days: int, *, as_json: bool) -> None:
    rows = await activities.counts(tx, wish, days)
    if as_json:
        typer.echo(_array(rows))
        return
    table = Table("what", "thing", box=None, pad_edge=False)
    table.add_column("times", justify="right")
    for row in rows:
        table.add_row(activities.what(Verb(row["verb"])), row["kind"] or "", f"{row['count']:,}")
    # Much may happen to one thing: what is summed is what happened.
    about = {
        kind: sum(r["count"] for r in rows if r["kind"] == kind) for kind in (*SubjectKind, None)
    }
    total = sum(row["count"] for row in rows)
    happened = counted("{count} activity", "{count} activities", "count", count=total)
    summed = counted(
        "In the last {days} day: {happened}; {deals} about deals, {contacts} about contacts, "
        "{tasks} about tasks, {commands} by command.",
        "In the last {days} days: {happened}; {deals} about deals, {contacts} about contacts, "
        "{tasks} about tasks, {commands} by command.",
        "days",
        days=days,
        happened=happened,
        deals=about[SubjectKind.DEAL],
        contacts=about[SubjectKind.CONTACT],
        tasks=about[SubjectKind.TASK],
        commands=about[None],
    )
    if rows:
        _print(table)
    typer.echo(plain(summed))


def _written(row: Json) -> str:
    text = json.dumps(row, ensure_ascii=False)
    # JSON lets these through as they are; a terminal may obey them.
    return re.sub(r"[\x7f-\x9f\u202a-\u202e\u2066-\u2069]", lambda m: f"\\u{ord(m[0]):04x}", text)


def _print(table: Table) -> None:
    console = Console(highlight=False)
    (console if console.is_terminal else Console(highlight=False, width=WIDE)).print(table)
