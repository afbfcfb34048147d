"""A person's own figures: what is open in which stage, what was won and lost, and from where.

Counted, not guessed: a share is said with the numbers it comes from and how sure it is.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from coach.calendar import local_date
from coach.chances import wilson
from coach.models import DealStatus, Person


class Span(StrEnum):
    """By what the past is counted."""

    WEEK = "week"
    MONTH = "month"

    @property
    def shown(self) -> int:
        """How many of them are shown, this one included."""
        return 8 if self is Span.WEEK else 6

    def begin(self, day: date) -> date:
        """The first day of the one that a day is in."""
        if self is Span.WEEK:
            return day - timedelta(days=day.weekday())
        return day.replace(day=1)

    def starts(self, today: date) -> list[date]:
        """The first days of those that are shown, oldest first."""
        first = self.begin(today)
        found = [first]
        while len(found) < self.shown:
            first = self.begin(first - timedelta(days=1))
            found.append(first)
        return found[::-1]


#: How far back deals count for where they came from.
SOURCES_SINCE = timedelta(days=365)

#: Of fewer decided deals a share tells nothing.
ENOUGH = 5

#: Amounts by currency, as the CRM names it.
Amounts = Mapping[str | None, Decimal]


@dataclass(frozen=True, slots=True)
class Closed:
    """A deal that was won or lost."""

    at: datetime
    status: DealStatus
    value: Decimal | None = None
    currency: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True)
class InStage:
    """The open deals of one stage."""

    stage: str | None
    count: int
    amounts: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class During:
    """What was won and lost in a week or month that began on this day."""

    begin: date
    won: int = 0
    lost: int = 0
    amounts: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FromSource:
    """How the decided deals from one source ended, and between which shares it likely lies."""

    source: str
    won: int
    decided: int

    @property
    def likely(self) -> tuple[float, float]:
        """From 0 to 1, with 95 % confidence (Wilson)."""
        return wilson(self.won, self.decided)


@dataclass(frozen=True, slots=True)
class Report:
    """All of it."""

    span: Span
    today: date
    stages: Sequence[InStage]
    #: Oldest first; the last is the one that runs.
    past: Sequence[During]
    sources: Sequence[FromSource]
    #: Whether any lost deal is known at all: without, no share can be told.
    knows_losses: bool


def report(
    span: Span,
    person: Person,
    now: datetime,
    stages: Sequence[InStage],
    closed: Iterable[Closed],
) -> Report:
    """Put a person's figures together; `closed` are the deals closed since `since(...)`."""
    today, every = local_date(now, person), list(closed)
    return Report(
        span,
        today,
        stages,
        during(span, span.starts(today), every, person),
        _sources(every, now - SOURCES_SINCE),
        any(each.status is DealStatus.LOST for each in every),
    )


def during(
    span: Span, begins: Sequence[date], closed: Iterable[Closed], person: Person
) -> list[During]:
    """What was won and lost in each of the weeks or months that began on these days."""
    amounts: dict[date, dict[str | None, Decimal]] = defaultdict(dict)
    counts: dict[date, Counter[DealStatus]] = defaultdict(Counter)
    for each in closed:
        begin = span.begin(local_date(each.at, person))
        counts[begin][each.status] += 1
        if each.status is DealStatus.WON and each.value is not None:
            sums = amounts[begin]
            sums[each.currency] = sums.get(each.currency, Decimal(0)) + each.value
    return [
        During(begin, counts[begin][DealStatus.WON], counts[begin][DealStatus.LOST], amounts[begin])
        for begin in begins
    ]


def since(span: Span, person: Person, now: datetime) -> datetime:
    """From when on closed deals are counted for any part of a report."""
    first = span.starts(local_date(now, person))[0]
    back = now - timedelta(days=(local_date(now, person) - first).days + 1)
    return min(back, now - SOURCES_SINCE)


def _sources(closed: Iterable[Closed], start: datetime) -> list[FromSource]:
    decided: Counter[str] = Counter()
    won: Counter[str] = Counter()
    for each in closed:
        if each.source and each.at >= start:
            decided[each.source] += 1
            won[each.source] += each.status is DealStatus.WON
    found = [
        FromSource(source, won[source], count)
        for source, count in decided.items()
        if count >= ENOUGH
    ]
    return sorted(found, key=lambda each: (-each.won / each.decided, -each.decided, each.source))
