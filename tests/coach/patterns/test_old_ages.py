"""A deal is as old in the pattern as on the card that says how long it has been open."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from coach.calendar import days_between
from coach.columns import LOST, NEVER, OPEN, micros
from coach.models import Person
from coach.old_deals import OpenDeal, how_many
from coach.pattern import Scope
from tests.coach.patterns.made import PATTERNS, Random, decided, history

#: A summer in which no clocks change.
BEGIN, NOW = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 9, 15, 7, 20, tzinfo=UTC)


def some(random: Random, count: int, *, since: datetime, until: datetime) -> list[datetime]:
    """Instants at any hour, in order."""
    minutes = np.sort(random.integers(0, (until - since) // timedelta(minutes=1), count))
    return [since + timedelta(minutes=int(each)) for each in minutes]


@pytest.mark.parametrize("time_zone", ["America/Los_Angeles", "Europe/Madrid", "Asia/Tokyo"])
@pytest.mark.parametrize("seed", range(5))
def test_a_deal_is_as_old_as_its_person_counts_days(time_zone: str, seed: int) -> None:
    random = np.random.default_rng(seed)
    reader = Person("w", "p0", "Ana", time_zone=time_zone)
    opened = some(random, 400, since=BEGIN, until=NOW)
    began = some(random, 200, since=BEGIN, until=NOW - timedelta(days=70))
    ended = [each + timedelta(minutes=int(random.integers(60, 60 * 24 * 60))) for each in began]
    made = decided(random, 600, sellers=1).deals
    deals = replace(
        made,
        created=np.asarray([micros(each) for each in (*opened, *began)]),
        closed=np.asarray([NEVER] * len(opened) + [micros(each) for each in ended]),
        status=np.asarray([OPEN] * len(opened) + [LOST] * len(ended)),
    )
    team = replace(history(deals, sellers=1), now=micros(NOW), people=[reader])
    (found,) = PATTERNS["open_too_long"].look(Scope(team, team, 0))
    longest = max(days_between(*both, reader) for both in zip(began, ended, strict=True))
    assert found.numbers["days"] == longest
    older = sum(days_between(each, NOW, reader) > longest for each in opened)
    assert found.k == older
    still = [OpenDeal(each, None) for each in opened]
    assert how_many(still, longest, NOW, reader) == older


def test_what_took_most_hours_is_not_always_what_took_most_days() -> None:
    reader = Person("w", "p0", "Ana", time_zone="Europe/Madrid")
    # From half past midnight on, and from eleven at night on: ten midnights, and eleven.
    began = [datetime(2026, 6, day, 22, 30, tzinfo=UTC) - hours for day, hours in _LATE]
    ended = [began[0] + timedelta(days=10, hours=22), began[1] + timedelta(days=10, hours=3)]
    assert [days_between(*both, reader) for both in zip(began, ended, strict=True)] == [10, 11]
    deals = replace(
        decided(np.random.default_rng(0), 3, sellers=1).deals,
        created=np.asarray([micros(each) for each in (*began, BEGIN)]),
        closed=np.asarray([*(micros(each) for each in ended), NEVER]),
        status=np.asarray([LOST, LOST, OPEN]),
    )
    team = replace(history(deals, sellers=1), now=micros(NOW), people=[reader])
    (found,) = PATTERNS["open_too_long"].look(Scope(team, team, 0))
    assert found.numbers["days"] == 11


#: Days of June, and how long before half past midnight in Madrid.
_LATE = ((1, timedelta()), (1, timedelta(minutes=90)))
