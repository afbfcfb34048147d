"""What matters most comes first, by one order."""

from datetime import timedelta
from itertools import permutations

from coach.importance import Worth, most_important_first
from coach.models import Priority
from coach.waiting import Waiting, most_important
from tests.coach.values import NOW

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
HIGH, MEDIUM = Priority.HIGH, Priority.MEDIUM


def one(
    id: str, worth: Worth | None = None, *, priority: Priority = MEDIUM, ago: int = 0, rank: int = 0
) -> Waiting:
    made = NOW - ago * SECOND
    return Waiting(id, priority, made, NOW + HOUR, rank=rank, worth=worth)


def test_the_larger_sum_comes_first_and_what_nobody_has_put_a_number_to_last() -> None:
    expected = [
        one("urgent", priority=HIGH, ago=9),
        one("large", Worth("EUR", 28_500), ago=9),
        one("small", Worth("EUR", 4_200), ago=1),
        one("free", Worth("EUR", 0)),
        one("newer"),
        one("second", ago=5, rank=0),
        one("third", ago=5, rank=1),
    ]
    for found in permutations(expected):
        assert most_important(found) == expected


def test_amounts_of_several_currencies_are_not_compared() -> None:
    expected = [
        one("yen", Worth("JPY", 1_000_000), ago=1),
        one("euro", Worth("EUR", 9_000), ago=2),
        # The second of each, whatever it would be in the other.
        one("less in euro", Worth("EUR", 8_999)),
        one("less in yen", Worth("JPY", 999_999), ago=2),
        one("least in yen", Worth("JPY", 90)),
    ]
    for found in permutations(expected):
        assert most_important(found) == expected


def test_of_another_priority_money_is_no_measure() -> None:
    worth = {"a": Worth("EUR", 1), "b": Worth("EUR", 9), "c": Worth("EUR", 8)}
    found = most_important_first([one("a"), one("b", priority=HIGH), one("c")], worth)
    assert [each.fingerprint for each in found] == ["b", "c", "a"]
