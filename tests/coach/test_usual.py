"""How long nine of ten won deals needed in a stage, open ones counted, and won leads for a word."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from coach.knowledge import USUAL_STAYS, Answered, Known, Place, Usual
from coach.models import Deal, Person, Settings
from coach.usual import ENOUGH, Stays, Wait, of_stage, usual_answer, usual_stay
from tests.coach.values import ANA, NOW

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)


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


# How soon leads were answered

#: Ten o'clock in Madrid, where she works from nine to six.
MONDAY = NOW

ENDLESS = timedelta(days=4000)


def waited(*took: timedelta, since: datetime = MONDAY, whose: str = ANA.id) -> list[Wait]:
    """Leads that came then and were first contacted so much later."""
    return [Wait(whose, since, since + each) for each in took]


def answer(waits: Sequence[Wait], person: Person = ANA) -> Answered | None:
    return usual_answer(waits, {person.id: person})


def test_nine_of_ten_leads_were_answered_within_so_much_working_time() -> None:
    quick = waited(*[5 * MINUTE] * 18)
    assert answer([*quick, *waited(HOUR, 3 * HOUR)]) == Answered(5, 20)
    assert answer([*quick, *waited(HOUR, 3 * HOUR, 4 * HOUR)]) == Answered(60, 21)
    assert answer(waited(*[90 * SECOND] * 20)) == Answered(2, 20)
    assert answer(quick) is None


def test_nights_and_days_off_are_no_waiting_time() -> None:
    # From Friday at half past five to Monday at half past nine.
    friday = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)
    over_a_weekend = waited(*[64 * HOUR] * 20, since=friday)
    assert answer(over_a_weekend) == Answered(60, 20)
    always = replace(ANA, settings=Settings(working_days=(1, 2, 3, 4, 5, 6, 7)))
    assert answer(over_a_weekend, always) == Answered(60 + 2 * 9 * 60, 20)
    # Who came in the night and was answered before work began has waited for a moment.
    night = datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert answer(waited(*[HOUR] * 20, since=night)) == Answered(1, 20)


def test_what_is_no_wait_or_not_known_does_not_count() -> None:
    twenty = waited(*[HOUR] * 20)
    for other in (timedelta(), -HOUR, 3 * DAY):
        assert answer([*twenty, *waited(other)]) == Answered(60, 20)
    assert answer([*twenty, *waited(5 * MINUTE, whose="nobody")]) == Answered(60, 20)


def test_who_has_waited_for_years_has_waited_for_as_long_as_counts() -> None:
    (at_most, for_ever) = (
        answer(waited(*[each] * 20)) for each in (90 * DAY + HOUR, ENDLESS + HOUR)
    )
    assert at_most == for_ever
