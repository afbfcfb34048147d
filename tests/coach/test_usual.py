"""How long nine of ten won deals needed in a stage, with those that are open still counted."""

import random
from collections.abc import Sequence
from fractions import Fraction

import pytest

from coach.knowledge import USUAL_STAYS, Known, Place, Usual
from coach.models import Deal
from coach.usual import ENOUGH, Stays, of_stage, usual_stay


def won(*days: int) -> list[Stays]:
    """Deals that were won, after so many days each."""
    return [Stays(each, won=1) for each in days]


def redistributed(stays: Sequence[tuple[int, str]]) -> int:
    """The same figure by another way: an open deal's weight goes to all who stayed longer (Efron).

    In fractions, deal by deal; of one day those who left go first.
    """
    order = sorted(stays, key=lambda each: (each[0], each[1] == "open"))
    weight = [Fraction(1)] * len(order)
    for place, (_, how) in enumerate(order):
        after = len(order) - place - 1
        if how == "open" and after:
            for later in range(place + 1, len(order)):
                weight[later] += weight[place] / after
    by_day = [(days, w) for (days, how), w in zip(order, weight, strict=True) if how == "won"]
    total, so_far = sum(w for _, w in by_day), Fraction(0)
    for days, w in by_day:
        so_far += w
        if so_far >= total * Fraction(9, 10):
            return max(days, 1)
    raise AssertionError


def test_nine_of_ten_had_left_by_then() -> None:
    assert usual_stay(won(*range(1, 21))) == Usual(18, 20)
    assert usual_stay(won(*range(1, 101))) == Usual(90, 100)


def test_fewer_than_twenty_say_nothing_whatever_else_there_is() -> None:
    assert usual_stay(won(*range(ENOUGH - 1))) is None
    assert usual_stay([*won(*range(ENOUGH - 1)), Stays(5, lost=500, open=500)]) is None
    assert usual_stay([]) is None
    assert usual_stay([Stays(40, open=1000)]) is None


def test_deals_that_are_open_and_old_make_it_longer_and_young_ones_do_not() -> None:
    closed = won(*range(1, 41))
    assert usual_stay(closed) == Usual(36, 40)
    # They may be won quickly still: nothing is known of them beyond their first days.
    assert usual_stay([*closed, Stays(0, open=1000)]) == Usual(36, 40)
    middling = usual_stay([*closed, Stays(25, open=60)])
    assert middling is not None
    assert middling.days > 36


def test_those_that_never_leave_do_not_hide_when_the_others_did() -> None:
    """Open far beyond any that was won: they may never be, and are no reason to wait."""
    assert usual_stay([*won(*range(1, 41)), Stays(900, open=60)]) == Usual(36, 40)


def test_lost_deals_make_it_neither_longer_nor_shorter_by_themselves() -> None:
    assert usual_stay([*won(*range(1, 41)), *(Stays(day, lost=3) for day in range(60))]) == Usual(
        36, 40
    )


def test_one_giant_decides_nothing() -> None:
    assert usual_stay(won(*range(1, 40), 4000)) == Usual(36, 40)


def test_what_is_over_on_the_same_day_is_within_one_day() -> None:
    assert usual_stay([Stays(0, won=50)]) == Usual(1, 50)


def test_a_stay_that_ended_before_it_began_is_one_of_no_days() -> None:
    assert usual_stay([Stays(-30, won=30)]) == Usual(1, 30)


@pytest.mark.parametrize("seed", range(40))
def test_it_is_what_another_way_to_count_gives(seed: int) -> None:
    chance = random.Random(seed)
    deals = [
        (chance.randrange(30), chance.choices(("won", "lost", "open"), (5, 2, 3))[0])
        for _ in range(chance.randrange(60, 160))
    ]
    stays = [Stays(days, **{how: 1}) for days, how in deals]
    found = usual_stay(stays)
    assert found is not None
    assert found.days == redistributed(deals)
    chance.shuffle(stays)
    assert usual_stay(stays) == found


def test_at_least_nine_of_ten_have_left_by_then() -> None:
    """The sentence is true of the very deals that it counts, open ones or not."""
    chance = random.Random(1)
    for _ in range(200):
        stays = [
            Stays(chance.randrange(60), **{chance.choice(("won", "won", "lost", "open")): 1})
            for _ in range(80)
        ]
        found = usual_stay(stays)
        assert found is not None
        by_then = sum(each.won for each in stays if each.days <= found.days)
        assert by_then * 10 >= found.deals * 9


def test_it_is_known_of_a_stage_in_its_pipeline_and_connection() -> None:
    known = Known({USUAL_STAYS.name: {Place("c1", "", "Proposal"): Usual(41, 37)}})
    assert of_stage(Deal("c1", "D-1", stage="Proposal"), known) == Usual(41, 37)
    for other in (
        Deal("c2", "D-1", stage="Proposal"),
        Deal("c1", "D-1", stage="Proposal", pipeline="Renewals"),
        Deal("c1", "D-1", stage="Demo"),
        Deal("c1", "D-1"),
    ):
        assert of_stage(other, known) is None
