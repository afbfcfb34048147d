"""Tests of the order in which things are worth a word."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations

from coach.knowledge import Dealings
from coach.models import Contact, Deal, DealStatus
from coach.promising import days_silent, largest_first, most_promising_first
from tests.coach.values import ANA, ANN, NOW, WON

DAY = timedelta(days=1)

OPEN = replace(WON, status=DealStatus.OPEN, value=None, expected_close_date=None)


def deal(id: str, days: int, value: int | None = None, closes_in: int | None = None) -> Deal:
    """A deal that came to its stage so many days ago."""
    closes = None if closes_in is None else NOW.date() + closes_in * DAY
    amount = None if value is None else Decimal(value)
    entered = NOW - days * DAY
    return replace(OPEN, id=id, value=amount, stage_entered_at=entered, expected_close_date=closes)


def contact(id: str, days: int | None) -> Contact:
    """A contact nobody was in touch with for so many days."""
    return replace(ANN, id=id, silent_since=None if days is None else NOW - days * DAY)


def test_deals_alive_of_late_come_first_then_larger_then_nearer_ones() -> None:
    expected = [
        deal("large", 25, 900),
        deal("near", 25, 90, 5),
        deal("far", 5, 90, 50),
        deal("long past", 5, 90, -500),
        deal("whenever", 5, 90),
        deal("later", 6, 90),
        deal("worthless", 2),
        deal("two months", 60, 10_000),
        deal("dead", 400, 1_000_000, 1),
    ]
    for found in (expected[::-1], expected[4:] + expected[:4]):
        order = most_promising_first(found, NOW, {})
        assert [each.id for each in order] == [each.id for each in expected]


def test_contacts_go_by_the_deals_there_are_with_them() -> None:
    expected = [
        contact("large", 20),
        contact("near", 20),
        contact("fresh", 9),
        contact("quiet", 20),
        contact("dead", 700),
        contact("never", None),
    ]
    soon = NOW.date() + 3 * DAY
    dealings = {
        "contact:c1:large": Dealings(value=50.0),
        "contact:c1:near": Dealings(closes=soon),
        "contact:c1:dead": Dealings(value=9e9),
    }
    for found in permutations(expected):
        order = most_promising_first(found, NOW, dealings)
        assert [each.id for each in order] == [each.id for each in expected]


def test_of_those_alike_in_all_the_order_is_steady() -> None:
    found = [deal("B", 5), deal("A", 5)]
    assert [each.id for each in most_promising_first(found, NOW, {})] == ["A", "B"]


def test_silence_is_counted_in_days_of_the_calendar() -> None:
    assert days_silent(contact("C", 9), NOW, ANA) == 9
    # Ten in the evening in Madrid, eleven hours ago.
    last = replace(ANN, last_contacted_at=NOW - timedelta(hours=12))
    assert days_silent(last, NOW, ANA) == 1
    assert days_silent(ANN, NOW, ANA) == 0


def test_the_largest_come_first_within_their_currency() -> None:
    def worth(id: str, value: int | None, currency: str) -> Deal:
        return replace(deal(id, 5, value), currency=currency)

    expected = [
        worth("a", 9_000, "EUR"),
        worth("b", 1_000_000, "JPY"),
        worth("c", 8_000, "EUR"),
        worth("d", 999_999, "JPY"),
        worth("e", None, "EUR"),
    ]
    for found in permutations(expected):
        order = [each.id for each in largest_first(found, NOW)]
        assert [id for id in order if id in "ace"] == ["a", "c", "e"]
        assert [id for id in order if id in "bd"] == ["b", "d"]
        assert order.index("a") < order.index("d")
        assert order.index("b") < order.index("c")
        assert order[-1] == "e"
