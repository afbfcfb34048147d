"""What a simulation has shown, for the terminal: by person and day, every decision, and in sum."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.coaching.pattern_turns import RULE
from bot.simulating import counting
from bot.simulating.running import Course, Decision, Said
from bot.simulating.world import Unknown
from bot.terminal.harmless import harmless
from bot.terminal.showing.listing import words
from coach.calendar import local_date, zone
from coach.history import STEP_BACK
from coach.models import Person
from coach.phrases import DateWithYear, TimeOfDay, counted, say, verbatim
from coach.rule import Rule
from coach.verdicts import Reason
from coach.wording import Voice, plain
from storage.database import chunks

Json = dict[str, Any]

#: How wide a table may be where there is no edge at which a row would have to be folded.
WIDE = 250

#: What names and totals take of the width, and each day.
NAMES, DAY = 42, 4

#: So many days stand side by side at most.
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be printed."""

    course: Course
    people: Mapping[str, Person]
    unknown: Unknown
    since: datetime
    until: datetime
    rules: Mapping[str, Rule]


def rows(told: Told) -> list[Json]:
    """Every decision as JSON values, in the order of time."""
    return [_row(each) for each in told.course.decisions]


def _row(each: Decision) -> Json:
    person = each.person
    return {
        "person": person.email or person.name,
        "at": each.at.astimezone(zone(person.time_zone)).isoformat(),
        "rule": each.rule,
        "subject": each.subject,
        "outcome": each.outcome.value,
        "reason": each.reason.value,
        "message": plain(each.words, _voice(person)),
        "by": each.by.kind if each.by else None,
    }


def _voice(person: Person) -> Voice:
    return Voice(time_zone=person.time_zone)


def print_days(told: Told) -> None:
    """How many messages each person got on each day."""
    counts = counting.counted(told.course, told.people.values(), told.since, told.until)
    persons = sorted(told.people.values(), key=lambda each: (each.name, each.id))
    days = sorted({day for its in counts.by_day.values() for day in its})
    console = _console()
    each = max(min((console.width - NAMES) // DAY, MOST_DAYS), 5)
    months = groupby(days, key=lambda day: (day.year, day.month))
    for some in [some for _, month in months for some in chunks(list(month), each)]:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column(f"{some[0]:%Y-%m}", overflow="fold")
        for day in some:
            table.add_column(f"{day.day}", justify="right")
        table.add_column("all", justify="right")
        for person in persons:
            its = counts.by_day[person.id]
            cells = [_cell(its, day) for day in some]
            total = sum(its.get(day, 0) for day in some)
            table.add_row(Text(harmless(person.name)), *cells, str(total))
        console.print(table)


def _cell(its: Mapping[date, int], day: date) -> str:
    if day not in its:
        return ""
    return str(its[day]) if its[day] else "·"


def print_messages(told: Told, person_id: str) -> None:
    """One person's messages, each with what it said."""
    person = told.people[person_id]
    lines: dict[str, list[str]] = defaultdict(list)
    for each in told.course.decisions:
        if each.by is not None:
            lines[each.by.id].append(plain(each.words, _voice(person)))
    table = Table("day", "time", "as", "what", box=None, pad_edge=False)
    before: date | None = None
    for said in told.course.said:
        day = local_date(said.at, person)
        table.add_row(
            words(DateWithYear(day)) if day != before else "",
            plain(verbatim(TimeOfDay(said.at)), _voice(person)),
            said.kind,
            Text(harmless_lines(lines[said.id]) if lines[said.id] else _asked(told, said)),
        )
        before = day
    if told.course.said:
        _console().print(table)


def harmless_lines(lines: Sequence[str]) -> str:
    """Lines below each other, each harmless."""
    return "\n".join(map(harmless, lines))


def _asked(told: Told, said: Said) -> str:
    kind = said.id.rpartition(":")[2]
    called = told.rules[kind].called if kind in told.rules else verbatim(kind)
    return plain(say("Go on with “{called}”?", called=called))


def print_summary(told: Told) -> None:
    """All in a few lines."""
    counts = counting.counted(told.course, told.people.values(), told.since, told.until)
    a_day = counts.a_day
    first = local_date(told.since, _anybody(told))
    last = local_date(told.until - timedelta(microseconds=1), _anybody(told))
    messages = counted("{count} message", "{count} messages", "count", count=counts.total)
    to = counted("{count} person", "{count} people", "count", count=len(told.people))
    typer.echo(
        f"{plain(messages)} to {plain(to)} from {words(DateWithYear(first))} "
        f"to {words(DateWithYear(last))}. Messages a person a day: median "
        f"{counting.percentile(a_day, 50)}, 90th percentile {counting.percentile(a_day, 90)}, "
        f"most {a_day[-1] if a_day else 0}, counting days of work and days with a message."
    )
    kinds = Counter(each.kind for each in told.course.said)
    if kinds:
        named = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        by_week = ", ".join(map(str, counts.by_week))
        typer.echo(f"By kind: {named}. Week by week: {by_week}.")


def _anybody(told: Told) -> Person:
    return next(iter(told.people.values()))


def cannot_tell(told: Told, ends: date | None) -> list[str]:
    """What the record does not tell, in sentences."""
    patterns = any(each.rule == RULE for each in told.course.decisions)
    notes = list(_cannot_tell(told.unknown, ends, patterns=patterns))
    if any(each.reason is Reason.UNANSWERED for each in told.course.decisions):
        notes.insert(
            0,
            f"What went unanswered on {STEP_BACK} days stepped back into the digest; what comes "
            "more often does so sooner, and so a higher level can bring less of a kind than a "
            "lower one.",
        )
    return notes


def _cannot_tell(unknown: Unknown, ends: date | None, *, patterns: bool) -> Iterator[str]:
    if ends is not None:
        yield f"The record ends on {words(DateWithYear(ends))}, and so does this."
    if unknown.stage or unknown.age:
        yield (
            f"Of {unknown.open:,} deals that were open at the beginning, the record does not tell "
            f"the stage of {unknown.stage:,}, and since when {unknown.age:,} were in theirs: "
            "nothing is said of an age that is not known."
        )
    if unknown.made:
        yield (
            f"Of {unknown.made:,} deals, contacts or tasks nobody tells when they were made: they "
            "are there from when they were first told of."
        )
    if unknown.value:
        yield "No open deal has a value in the CRM: what one is worth is known from its close on."
    if unknown.silence:
        yield (
            f"Of {unknown.silence:,} contacts only the last time somebody was in touch is known, "
            "and it lies in these days or after: nothing is said of their silence before it."
        )
    if unknown.hours:
        yield (
            f"{unknown.hours:,} of the {unknown.happened:,} things that happened have a day and no "
            "time: they are spread over the working hours of whoever did them."
        )
    if patterns:
        yield (
            "Patterns are looked for each week in all that was decided by then, with values and "
            "owners as they are today."
        )
    yield (
        "Names and whatever else no change is recorded of are taken as they are today, and so are "
        "people's settings. Nobody is in Do Not Disturb. Answers change nothing in the CRM, where "
        "all happens as it did."
    )


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)
