"""`coach simulate`: which days and whose, the run with its progress, and what is printed of it."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bot.runtime.parts import Parts
from bot.runtime.settings import Settings
from bot.simulating import world as worlds
from bot.simulating.answers import Answers
from bot.simulating.running import run
from bot.terminal import simulated
from bot.terminal.harmless import harmless
from bot.terminal.session import opened
from bot.terminal.showing.listing import words
from bot.terminal.whom import meant
from coach.calendar import zone as zone_named
from coach.errors import CoachError
from coach.models import Level
from coach.phrases import DateWithYear, counted
from coach.wording import plain
from storage import recorded
from storage.database import Tx
from storage.recorded import Span

#: What is said of one that was stopped.
STOPPED = "Stopped before its end; nothing was changed, and the copy is gone."


class SimulateError(CoachError):
    """This cannot be simulated."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed."""

    since: str | None = None
    days: int = 30
    person: str | None = None
    everyone: bool = False
    level: int | None = None
    answers: Answers = Answers.NONE
    zone: str | None = None
    seed: int = 0
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class Days:
    """The days that are looked at."""

    since: datetime
    until: datetime
    #: The last day of which anything is recorded, where that cuts them short.
    ends: date | None = None


async def simulate(settings: Settings, wish: Wish) -> None:
    """Print it. Raises `SimulateError` for what cannot be simulated."""
    begun = _typed_day(wish.since)
    if wish.person is not None and wish.everyone:
        raise SimulateError("Say --person or --everyone, not both.")
    if wish.zone is not None:
        _check_zone(wish.zone)
    async with opened(settings) as parts:
        await _simulate(parts, wish, begun)


async def _simulate(parts: Parts, wish: Wish, begun: date | None) -> None:
    now = parts.clock.now()
    async with parts.database.read() as tx:
        only = await meant(tx, parts.workspace_id, wish.person) if wish.person is not None else None
        known = only.time_zone if only is not None else None
        days = await _days(tx, parts.workspace_id, wish, begun, known or wish.zone, now)
    copied = await worlds.copied(
        parts.database,
        parts.workspace_id,
        days.since,
        days.until,
        coached=[only.id] if only is not None else None,
        now=now,
    )
    if not copied.coached:
        raise SimulateError(
            "Nothing that is recorded belongs to anybody; `coach owners` lists who is known."
        )
    level = Level(wish.level) if wish.level is not None else None
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("Simulating {task.fields[day]}"), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=(days.until - days.since).total_seconds(), day="…")

        def progress(at: datetime) -> None:
            done = (at - days.since).total_seconds()
            bar.update(task, completed=done, day=f"{at:%Y-%m-%d}")

        async with worlds.opened(
            parts, copied, level=level, zone=wish.zone, seed=wish.seed
        ) as made:
            course = await run(made, answers=wish.answers, seed=wish.seed, progress=progress)
    told = simulated.Told(course, made.people, made.unknown, days.since, days.until, parts.rules)
    notes = simulated.cannot_tell(told, days.ends)
    if wish.as_json:
        typer.echo(_array(simulated.rows(told)))
    elif only is not None:
        simulated.print_messages(told, only.id)
    else:
        simulated.print_days(told)
    if not wish.as_json:
        simulated.print_summary(told)
    for note in notes:
        typer.echo(note, err=wish.as_json)


def _array(rows: list[simulated.Json]) -> str:
    written = ",\n ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    return f"[\n {written}\n]" if rows else "[]"


def _typed_day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise SimulateError(
            f"--from {harmless(text)} is not a date; write it as 2026-11-01."
        ) from error


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SimulateError(
            f"--zone {harmless(name)} is no time zone; write one as Europe/Madrid."
        ) from error


async def _days(
    tx: Tx, workspace_id: str, wish: Wish, begun: date | None, zone: str | None, now: datetime
) -> Days:
    """From when to when; no further than anything is known."""
    here = zone_named(zone)
    span = await recorded.span(tx, workspace_id)
    if span is None:
        raise SimulateError(
            "Nothing is recorded yet: `coach import deals FILE.csv` takes over a CRM's export, and "
            "`coach connect native` links a CRM."
        )
    last = (now if span.goes_on else min(span.last, now)).astimezone(here).date()
    first = span.first.astimezone(here).date()
    today = now.astimezone(here).date()
    if begun is not None and begun > today:
        raise SimulateError(
            f"{words(DateWithYear(begun))} is yet to come: only the past can be looked at. "
            f"{_recorded(first, last)}"
        )
    begin = begun if begun is not None else last - timedelta(days=wish.days - 1)
    end = min(begin + timedelta(days=wish.days), last + timedelta(days=1))
    since = datetime.combine(begin, time.min, here).astimezone(UTC)
    until = min(datetime.combine(end, time.min, here).astimezone(UTC), now)
    # A quiet day within the record is one like any other: what waits is said on it.
    if since >= until or until <= span.first:
        asked = counted("the {count} day", "the {count} days", "count", count=wish.days)
        raise SimulateError(
            f"Nothing is recorded of {plain(asked)} from {words(DateWithYear(begin))} on. "
            f"{_recorded(first, _last(span, here))} Choose a day with --from."
        )
    short = end < begin + timedelta(days=wish.days)
    return Days(since, until, last if short else None)


def _last(span: Span, here: ZoneInfo) -> date:
    return span.last.astimezone(here).date()


def _recorded(first: date, last: date) -> str:
    return f"The record goes from {words(DateWithYear(first))} to {words(DateWithYear(last))}."
