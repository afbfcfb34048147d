"""A team's week in figures: what it won and lost together, beside a usual week of its own.

It is told of five people at least, and of none of them: nobody is named, compared or ranked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median_low

from coach.calendar import local_date, next_work, start_of_day
from coach.models import Person
from coach.phrases import Money, Phrase, Value, counted, facts, say
from coach.report import Amounts, Closed, During, Span, during

#: So many weeks before show what is usual, and so few show nothing.
BEFORE, LEAST = 8, 4

#: So long after its time the week is told of still; after that it is no news.
LATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usual:
    """The middle of the weeks before."""

    weeks: int
    won: int
    lost: int
    amounts: Amounts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TeamWeek:
    """A week that is over, and how it stands now."""

    week: During
    #: Nothing where too few weeks are known.
    usual: Usual | None
    open: int
    open_amounts: Amounts
    #: How many people's work it is.
    people: int

    @property
    def last_day(self) -> date:
        """Its Sunday."""
        return self.week.begin + timedelta(days=6)


def monday_of(moment: datetime, person: Person) -> date:
    """The day on which the week began that a moment is in, by this person's clock."""
    return Span.WEEK.begin(local_date(moment, person))


def told_at(moment: datetime, person: Person) -> datetime:
    """When the week that runs is to be told of: as work begins in the one after it."""
    return next_work(start_of_day(monday_of(moment, person) + timedelta(days=7), person), person)


def span(now: datetime, person: Person) -> tuple[datetime, datetime]:
    """From when until when the week before was."""
    monday = monday_of(now, person)
    return start_of_day(monday - timedelta(days=7), person), start_of_day(monday, person)


def since(now: datetime, person: Person) -> datetime:
    """From when on closed deals are counted for any of it."""
    monday = monday_of(now, person)
    return start_of_day(monday - timedelta(weeks=BEFORE + 1), person)


def team_week(
    closed: Iterable[Closed],
    open_: int,
    open_amounts: Amounts,
    people: int,
    now: datetime,
    person: Person,
) -> TeamWeek:
    """The figures of the week before; by the clock of this person."""
    monday = monday_of(now, person)
    begins = [monday - timedelta(weeks=back) for back in range(BEFORE + 1, 0, -1)]
    weeks = during(Span.WEEK, begins, closed, person)
    return TeamWeek(weeks[-1], _usual(weeks[:-1]), open_, open_amounts, people)


def _usual(before: Sequence[During]) -> Usual | None:
    """What is usual; weeks before the first in which anything was closed are not known of."""
    first = next((place for place, each in enumerate(before) if each.won or each.lost), len(before))
    known = before[first:]
    if len(known) < LEAST:
        return None
    currencies = {currency for each in known for currency in each.amounts}
    amounts: Mapping[str | None, Decimal] = {
        currency: middle
        for currency in currencies
        if (middle := median_low([each.amounts.get(currency, Decimal(0)) for each in known]))
    }
    return Usual(
        len(known),
        median_low([each.won for each in known]),
        median_low([each.lost for each in known]),
        amounts,
    )


def title(week: TeamWeek) -> Phrase:
    """Which week it is."""
    return say("The team's week, {first} to {last}", first=week.week.begin, last=week.last_day)


def lines(week: TeamWeek, *, amounts: bool) -> list[Phrase]:
    """What is told of it, with or without what it is worth."""
    its, usual = week.week, week.usual
    won = _deals(its.won, its.amounts if amounts else {})
    lost = _deals(its.lost, {})
    open_ = _deals(week.open, week.open_amounts if amounts else {})
    if usual is None:
        return [
            say("Won: {told}.", told=won),
            say("Lost: {told}.", told=lost),
            say("Open now: {told}.", told=open_),
        ]
    usually = _deals(usual.won, usual.amounts if amounts else {})
    return [
        say("Won: {told}. In a usual week: {usual}.", told=won, usual=usually),
        say("Lost: {told}. In a usual week: {usual}.", told=lost, usual=_deals(usual.lost, {})),
        say("Open now: {told}.", told=open_),
    ]


def counted_of(week: TeamWeek) -> Phrase:
    """Of whom it is counted, and beside what."""
    if week.usual is None:
        return say(
            "The work of {count} people together; nobody is named or ranked.", count=week.people
        )
    return say(
        "The work of {count} people together; nobody is named or ranked. A usual week is the "
        "middle of the {weeks} weeks before.",
        count=week.people,
        weeks=week.usual.weeks,
    )


def _deals(count: int, amounts: Amounts) -> Value:
    if not count:
        return say("none")
    told = counted("{count} deal", "{count} deals", "count", count=count)
    ordered = sorted(amounts.items(), key=lambda each: (-each[1], each[0] or ""))
    worth = [Money(amount, currency) for currency, amount in ordered if amount]
    return facts(told, *worth)
