"""Teams that are made up, in columns: with nothing to find, or with something planted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from coach.arrays import Bools, Floats, Ints
from coach.columns import (
    DAY,
    HOUR,
    LOST,
    NEVER,
    OPEN,
    WON,
    Coded,
    Deals,
    History,
    Stays,
    Tasks,
    micros,
)
from coach.looking import look
from coach.models import Person
from coach.pattern import Pattern, load_patterns

NOW = micros(datetime(2026, 11, 23, 9, tzinfo=UTC))

PATTERNS = load_patterns()

#: Names of as many sources as there may be.
SOURCES = ("Referral", "Web", "Ads", "Fair", "Partner", "Call")

Random = np.random.Generator


def people(count: int) -> list[Person]:
    """So many, each in Madrid at the usual hours."""
    return [
        Person("w", f"p{place}", f"Person {place}", time_zone="Europe/Madrid")
        for place in range(count)
    ]


def coded(codes: Ints, names: Sequence[str]) -> Coded:
    """A column of codes."""
    return Coded(codes.astype(np.int64), tuple(names))


def decided(
    random: Random,
    count: int,
    *,
    sellers: int = 6,
    chance: float | Callable[[Deals], "np.ndarray"] = 0.25,
    days: int = 365,
    field: str = "source",
    names: Sequence[str] = SOURCES,
    lose: bool = True,
) -> History:
    """Decided deals over some time, of random owners and kinds, with some chance to be won."""
    created = NOW - random.integers(60 * DAY, days * DAY, count) // HOUR * HOUR + 7 * 60_000_000
    took = random.exponential(25 * DAY, count).astype(np.int64) + HOUR
    closed = np.minimum(created + took, NOW - HOUR)
    deals = Deals(
        created,
        closed,
        np.full(count, LOST),
        random.integers(0, sellers, count),
        random.lognormal(8, 1, count),
        np.where(random.random(count) < 0.8, created + _waits(random, count), NEVER),
        np.where(random.random(count) < 0.5, created + random.integers(0, 2 * DAY, count), NEVER),
        np.ones(count, dtype=np.bool_),
        {field: coded(random.integers(0, len(names), count), names)},
    )
    won = random.random(count) < (chance if isinstance(chance, float) else chance(deals))
    status = np.where(won, WON, LOST if lose else OPEN)
    closed = np.where(status == OPEN, NEVER, closed)
    return history(replace(deals, status=status, closed=closed), sellers=sellers)


def _waits(random: Random, count: int) -> Ints:
    return random.exponential(20 * HOUR, count).astype(np.int64)


def history(
    deals: Deals, *, sellers: int, stays: Stays | None = None, tasks: Tasks | None = None
) -> History:
    """A team with these columns."""
    none = np.zeros(0, dtype=np.int64)
    empty = Stays(Coded(none, ()), none, none, none.astype(np.bool_), none, none)
    return History(NOW, people(sellers), deals, stays or empty, tasks or Tasks(none, none, none))


def no_deals(sellers: int) -> Deals:
    """A team without any."""
    none = np.zeros(0, dtype=np.int64)
    return Deals(none, none, none, none, none.astype(float), none, none, none.astype(np.bool_), {})


def with_stays(random: Random, team: History, names: Sequence[str] = ("Proposal",)) -> History:
    """The same, each deal having stayed in one of the stages for some of its time."""
    deals = team.deals
    count = len(deals.created)
    length = (random.random(count) * np.maximum(deals.closed - deals.created, 0)).astype(np.int64)
    stage = coded(random.integers(0, len(names), count), names)
    stays = Stays(
        stage,
        deals.created,
        deals.created + length,
        deals.status == WON,
        deals.closed,
        deals.owner,
    )
    return replace(team, stays=stays.only(deals.status != OPEN))


def with_tasks(
    random: Random, team: History, each: int = 90, part: Callable[[Floats], Floats] | None = None
) -> History:
    """The same, each person having finished so many tasks at random working hours of 60 days.

    `part` may change the hours after work began at which they were finished.
    """
    sellers = len(team.people)
    days = np.asarray([day for day in range(1, 85) if (NOW // DAY - day + 3) % 7 < 5])
    day = NOW // DAY - random.choice(days, each * sellers)
    # Nine in Madrid is eight or seven in UTC: local days and their hours are what is meant.
    hour = random.random(each * sellers) * 9
    if part is not None:
        hour = part(hour)
    offset = np.where(day >= 20751, 1, 2)  # summer time ended on 2026-10-25
    completed = day * DAY + ((9 + hour - offset) * HOUR).astype(np.int64)
    created = completed - random.integers(1, 20, len(day)) * DAY
    owner = np.repeat(np.arange(sellers), each)
    return replace(team, tasks=Tasks(created, completed, owner))


def passing(team: History, *names: str) -> list[str]:
    """What passes of these patterns, or of all, as `pattern:group`."""
    patterns: Mapping[str, Pattern] = {name: PATTERNS[name] for name in names or sorted(PATTERNS)}
    return [f"{each.pattern}:{each.looked.group}" for each in look(patterns, team) if each.passed]


def chance_by_group(
    better: float, other: float, *, field: str = "source"
) -> Callable[[Deals], "np.ndarray"]:
    """A chance to be won that is another for the first of the sources, or of another field."""

    def chance(deals: Deals) -> "np.ndarray":
        is_better: Bools = deals.fields[field].codes == 0
        return np.where(is_better, better, other)

    return chance
