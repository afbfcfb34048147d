"""`coach patterns`: everything looked at as JSON, or as a table of what was tested."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from bot.coaching.patterns import Found, found_in
from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from bot.terminal.showing.listing import words
from bot.terminal.whom import meant
from coach.errors import CoachError
from coach.gate import Candidate
from coach.models import Person
from coach.pattern import Held
from coach.phrases import DateWithYear
from coach.saying_shares import percent
from coach.wording import plain

Json = dict[str, Any]

#: How wide the table is where there is no edge at which a row would have to be folded.
WIDE = 250

#: What has not been tested, because it would tell nothing or tell of somebody.
UNTESTED = (Held.COUNTS, Held.PEOPLE)


class PatternsError(CoachError):
    """This cannot be looked at."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed."""

    team: bool = False
    person: str | None = None
    at: str | None = None
    as_json: bool = False


async def patterns(settings: Settings, wish: Wish) -> None:
    """Print it. Raises `PatternsError` for what cannot be looked at."""
    if wish.team and wish.person is not None:
        raise PatternsError("Say --team or --person, not both.")
    day = _typed(wish.at)
    async with opened(settings) as parts:
        await _patterns(parts, wish, day)


def _typed(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise PatternsError(
            f"--at {harmless(text)} is not a date; write it as 2026-11-01."
        ) from error


async def _patterns(parts: Parts, wish: Wish, day: date | None) -> None:
    now = parts.clock.now()
    if day is not None:
        if day > now.date():
            raise PatternsError(f"{words(DateWithYear(day))} is yet to come.")
        # The whole day, wherever its end was written down, and nothing older than on it.
        end = datetime.combine(day, time.max, UTC)
        now = min(now, end)
    only: Person | None = None
    if wish.person is not None:
        async with parts.database.read() as tx:
            only = await meant(tx, parts.workspace_id, wish.person)
    found = await _found(parts, now)
    shown = [each for each in found.candidates if _is_wanted(found, each, wish, only)]
    if wish.as_json:
        typer.echo(_array([row(found, each) for each in shown]))
        return
    _print(found, shown)


async def _found(parts: Parts, now: datetime) -> Found:
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Reading the history", total=None)

        def progress(done: int, of: int) -> None:
            bar.update(task, description="Looking for patterns", completed=done, total=of)

        return await found_in(parts.database, parts.workspace_id, now, progress)


def _is_wanted(found: Found, each: Candidate, wish: Wish, only: Person | None) -> bool:
    person = found.person(each)
    if wish.team:
        return person is None
    return only is None or (person is not None and person.id == only.id)


def row(found: Found, each: Candidate) -> Json:
    """One thing looked at as JSON values."""
    looked, person = each.looked, found.person(each)
    # An estimate is no share of anything: its words tell it.
    interval = None if looked.likely is not None else each.interval
    return {
        "pattern": each.pattern,
        "group": looked.group,
        "n": looked.n,
        "k": looked.k,
        "rest_n": looked.rest_n,
        "rest_k": looked.rest_k,
        "rate": looked.rate if looked.likely is None else None,
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
        "rest_rate": looked.rest_rate if looked.likely is None else None,
        "p": looked.p,
        "q": each.q,
        "passed": each.passed,
        "held_by": each.held_by.value if each.held_by else None,
        "text": plain(found.words(each)),
        "person": None if person is None else person.email or person.name,
    }


def _array(rows: list[Json]) -> str:
    written = ",\n ".join(json.dumps(each, ensure_ascii=False) for each in rows)
    return f"[\n {written}\n]" if rows else "[]"


def _print(found: Found, shown: list[Candidate]) -> None:
    tested = [each for each in shown if each.held_by not in UNTESTED]
    tested.sort(key=lambda each: (not each.passed, 1.0 if each.looked.p is None else each.looked.p))
    if tested:
        _console().print(_table(found, tested))
    for each in tested:
        if each.passed:
            person = found.person(each)
            whose = "The team" if person is None else harmless(person.name)
            typer.echo(f"{whose}: {harmless(plain(found.words(each)))}")
    typer.echo(_sum(shown))


def _table(found: Found, tested: list[Candidate]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for name in ("pattern", "group", "whose"):
        table.add_column(name, overflow="fold")
    for name in ("yes", "of", "share", "likely", "others", "of", "share", "p", "q"):
        table.add_column(name, justify="right")
    table.add_column("held by")
    for each in tested:
        looked, person = each.looked, found.person(each)
        interval = each.interval if looked.likely is None else None
        table.add_row(
            each.pattern,
            Text(harmless(looked.group)),
            Text("the team" if person is None else harmless(person.name)),
            f"{looked.k:,}",
            f"{looked.n:,}",
            _share(looked.rate) if interval else "",
            f"{percent(interval[0])}–{percent(interval[1])} %" if interval else "",
            f"{looked.rest_k:,}" if interval else "",
            f"{looked.rest_n:,}" if interval else "",
            _share(looked.rest_rate) if interval else "",
            _small(looked.p),
            _small(each.q),
            each.held_by.value if each.held_by else "passed",
        )
    return table


def _share(rate: float | None) -> str:
    return "" if rate is None else f"{percent(rate)} %"


def _small(chance: float | None) -> str:
    if chance is None:
        return ""
    return f"{chance:.3f}" if chance >= 0.001 else f"{chance:.0e}"


def _sum(shown: list[Candidate]) -> str:
    if not shown:
        return (
            "Nothing to look at: no deal or task here has an end that is known. "
            "`coach import deals FILE.csv` takes over a CRM's export."
        )
    held = Counter(each.held_by for each in shown if each.held_by is not None)
    passed = sum(each.passed for each in shown)
    told = ", ".join(f"{gate.value} {held[gate]:,}" for gate in Held if held[gate])
    looked = f"Looked at {len(shown):,}: {passed:,} may be said."
    return f"{looked} Held back by: {told}." if told else looked


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)
