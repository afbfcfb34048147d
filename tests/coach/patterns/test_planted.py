"""What each pattern is there to find, it finds in most teams where it is so."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from coach.columns import DAY, HOUR, LOST, NEVER, OPEN, WON, Deals, History
from coach.looking import look
from coach.pattern import Held, Scope
from tests.coach.patterns.made import (
    NOW,
    PATTERNS,
    SOURCES,
    Random,
    chance_by_group,
    coded,
    decided,
    passing,
    with_stays,
    with_tasks,
)

SEEDS = 50

#: A real difference is found this often at least.
POWER = 0.8


def by_source(random: Random) -> History:
    return decided(random, 360, chance=chance_by_group(0.5, 0.2))


def by_product(random: Random) -> History:
    chance = chance_by_group(0.5, 0.2, field="product")
    return decided(random, 360, chance=chance, field="product")


def by_sector(random: Random) -> History:
    chance = chance_by_group(0.1, 0.45, field="sector")
    return decided(random, 480, chance=chance, field="sector")


def where_only_wins_are_told(random: Random) -> History:
    return decided(random, 480, chance=chance_by_group(0.5, 0.2), lose=False)


def by_first_response(random: Random) -> History:
    def chance(deals: Deals) -> np.ndarray:
        soon = (deals.contacted != NEVER) & (deals.contacted - deals.created < 8 * HOUR)
        return np.where(soon, 0.5, 0.2)

    return decided(random, 500, chance=chance)


def by_follow_up(random: Random) -> History:
    def chance(deals: Deals) -> np.ndarray:
        soon = (deals.followed != NEVER) & (deals.followed - deals.created < DAY)
        return np.where(soon, 0.45, 0.2)

    return decided(random, 300, chance=chance)


def by_size(random: Random) -> History:
    team = decided(random, 400)
    deals = team.deals
    large = deals.value > np.quantile(deals.value, 0.66)
    took = (deals.closed - deals.created) * np.where(large, 3, 1)
    closed = deals.created + took
    return replace(
        team,
        deals=replace(
            deals,
            closed=np.where(closed > NOW, NEVER, closed),
            status=np.where(closed > NOW, OPEN, deals.status),
        ),
    )


def by_stay(random: Random) -> History:
    team = with_stays(random, decided(random, 400, chance=0.5))
    stays = team.stays
    length = stays.left - stays.entered
    long = length > np.quantile(length, 0.75)
    won = random.random(len(long)) < np.where(long, 0.2, 0.55)
    return replace(team, stays=replace(stays, won=won))


def by_time_of_day(random: Random) -> History:
    def mostly_in_the_morning(hour: np.ndarray) -> np.ndarray:
        return np.where(random.random(len(hour)) < 0.5, hour / 3, hour)

    return with_tasks(random, decided(random, 60, sellers=1), part=mostly_in_the_morning)


def forgotten(random: Random) -> History:
    team = decided(random, 400)
    deals = team.deals
    old = random.random(400) < 0.2
    created = np.where(old, NOW - 300 * DAY - random.integers(0, 60 * DAY, 400), deals.created)
    status = np.where(old, OPEN, deals.status)
    closed = np.where(old, NEVER, np.minimum(deals.closed, deals.created + 90 * DAY))
    return replace(team, deals=replace(deals, created=created, status=status, closed=closed))


@pytest.mark.parametrize(
    ("planted", "name", "group"),
    [
        (by_source, "won_by_source", "Referral"),
        (by_product, "won_by_product", SOURCES[0]),
        (by_sector, "won_by_sector", SOURCES[0]),
        (where_only_wins_are_told, "won_by_source", "Referral"),
        (by_first_response, "first_response", "within 8 h"),
        (by_follow_up, "follow_up_in_a_day", "won"),
        (by_size, "size_and_time", "large"),
        (by_stay, "long_in_stage", "Proposal"),
        (by_time_of_day, "time_of_tasks", "09:00–12:00"),
        (forgotten, "open_too_long", ""),
    ],
)
def test_what_is_planted_is_found(
    planted: Callable[[Random], History], name: str, group: str
) -> None:
    found = sum(
        f"{name}:{group}" in passing(planted(np.random.default_rng(seed)), name)
        for seed in range(SEEDS)
    )
    assert found >= POWER * SEEDS


def test_how_long_deals_take_is_told_as_it_is_and_not_as_the_decided_ones_alone_show() -> None:
    random = np.random.default_rng(0)
    created = NOW - random.integers(0, 150 * DAY, 3000)
    closed = created + random.exponential(60 / np.log(2) * DAY, 3000).astype(np.int64)
    late = closed > NOW
    team = decided(random, 3000)
    deals = replace(
        team.deals,
        created=created,
        closed=np.where(late, NEVER, closed),
        status=np.where(late, OPEN, np.where(random.random(3000) < 0.5, WON, LOST)),
    )
    (found,) = look({"time": PATTERNS["time_to_decide"]}, replace(team, deals=deals))[:1]
    assert found.passed
    assert found.looked.numbers["half"] == pytest.approx(60, abs=5)
    assert found.looked.numbers["decided"] < 45


def test_of_two_kinds_the_other_side_of_the_same_is_not_told() -> None:
    def better(deals: Deals) -> np.ndarray:
        return np.where(deals.fields["source"].codes == 0, 0.2, 0.55)

    team = decided(np.random.default_rng(1), 400, chance=better, names=("Web", "Referral"))
    found = look({"won_by_source": PATTERNS["won_by_source"]}, team)
    held = {each.looked.group: each.held_by for each in found if each.owner is None}
    assert held == {"Referral": None, "Web": Held.EFFECT}


def test_a_source_is_not_worse_for_there_being_a_better_one() -> None:
    team = decided(np.random.default_rng(7), 4000, chance=chance_by_group(0.7, 0.2), sellers=8)
    found = look({"won_by_source": PATTERNS["won_by_source"]}, team)
    held = {each.looked.group: each.held_by for each in found if each.owner is None}
    assert held == dict.fromkeys(SOURCES, Held.EFFECT) | {SOURCES[0]: None}


def test_two_sources_that_are_better_are_both_told() -> None:
    def better(deals: Deals) -> np.ndarray:
        return np.choose(np.minimum(deals.fields["source"].codes, 2), [0.7, 0.6, 0.2])

    team = decided(np.random.default_rng(7), 4000, chance=better, sellers=8)
    found = look({"won_by_source": PATTERNS["won_by_source"]}, team)
    passed = {each.looked.group for each in found if each.owner is None and each.passed}
    assert passed == set(SOURCES[:2])


def test_what_is_so_in_one_stage_and_in_another_is_told_of_both() -> None:
    """The deals of one stage, however many, are no part of the rest of another."""
    random = np.random.default_rng(3)
    stays = with_stays(random, decided(random, 3000, chance=0.5, sellers=8), ("Talks",)).stays
    length = stays.left - stays.entered
    chance = np.where(length > np.quantile(length, 0.75), 0.1, 0.6)
    count = len(length)
    stages = coded(np.where(random.random(count) < 0.85, 0, 1), ("Talks", "Offer"))
    stays = replace(stays, won=random.random(count) < chance, stage=stages)
    team = replace(decided(random, 60, sellers=8), stays=stays)
    found = look({"long_in_stage": PATTERNS["long_in_stage"]}, team)
    held = {each.looked.group: each.held_by for each in found if each.owner is None}
    assert held == {"Talks": None, "Offer": None}


def test_each_is_counted_by_the_clock_of_its_own_person() -> None:
    """What is counted of a team is what is counted of each of them."""
    zones = ("Europe/Madrid", "Asia/Tokyo", "America/New_York")
    team = decided(np.random.default_rng(2), 600)
    people = [
        replace(
            person,
            time_zone=zones[place % 3],
            settings=replace(person.settings, holidays="ES" if place % 2 else None),
        )
        for place, person in enumerate(team.people)
    ]
    team = replace(team, people=people)
    response = PATTERNS["first_response"]
    whole = response.look(Scope(team, team))
    own = [response.look(Scope(team, its, owner)) for owner, its in team.by_owner().items()]
    for place, looked in enumerate(whole):
        assert looked.n == sum(each[place].n for each in own)
        assert looked.k == sum(each[place].k for each in own)
