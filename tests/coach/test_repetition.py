"""Tests of repeating oneself: growing gaps after each dismissal, then silence."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from coach.models import About, PastInsight, SubjectKind
from coach.repetition import GAPS, next_allowed
from tests.coach.values import NOW

DAY = timedelta(days=1)


def earlier(
    days_ago: float,
    *,
    dismissed: float | None = None,
    taken: bool = False,
    wrong: bool = False,
    about: Sequence[str] = ("a",),
) -> PastInsight:
    """Something said so many days ago and dismissed so many days ago."""
    at = None if dismissed is None else NOW - dismissed * DAY
    of = things(about)
    return PastInsight("rule", "s", NOW - days_ago * DAY, at, of, "o", taken, wrong=wrong)


def things(named: Sequence[str]) -> tuple[About, ...]:
    """Deals of these names."""
    return tuple(About(SubjectKind.DEAL, "c1", name) for name in named)


def days_from_now(*past: PastInsight, gap: timedelta = DAY, about: Sequence[str] = ("a",)) -> float:
    """In how many days the same may be said again; endless for not until something changes."""
    allowed = next_allowed(past, gap=gap, about=things(about), now=NOW)
    return float("inf") if allowed is None else (allowed - NOW) / DAY


def dismissed_in_a_row(count: int) -> list[PastInsight]:
    """The newest was said and dismissed just now."""
    return [earlier(20 * index, dismissed=20 * index) for index in range(count)]


def test_what_was_never_said_may_be_said_now() -> None:
    assert days_from_now() == 0


@pytest.mark.parametrize("hours", [12, 24])
def test_without_a_dismissal_the_rules_own_distance_counts_from_saying(hours: int) -> None:
    assert days_from_now(earlier(0.25), gap=timedelta(hours=hours)) == hours / 24 - 0.25


@pytest.mark.parametrize(("dismissals", "days"), [(1, 1), (2, 3), (3, 7), (4, 14)])
def test_each_dismissal_in_a_row_lengthens_the_gap(dismissals: int, days: int) -> None:
    assert days_from_now(*dismissed_in_a_row(dismissals)) == days


def test_the_gap_counts_from_dismissing_not_from_saying() -> None:
    assert days_from_now(earlier(2, dismissed=0.5)) == 0.5


def test_one_dismissal_more_brings_silence() -> None:
    assert days_from_now(*dismissed_in_a_row(len(GAPS) + 1)) == float("inf")


def test_silence_ends_when_something_is_there_that_was_not_before() -> None:
    past = dismissed_in_a_row(len(GAPS) + 1)
    assert days_from_now(*past, about=("a", "b")) == 14
    past = [earlier(20, dismissed=20, about=("a", "b")), *past]
    assert days_from_now(*past, about=("b",)) == float("inf")


def test_silence_holds_when_there_is_only_less() -> None:
    past = [earlier(1, dismissed=1, about=("a", "b", "c")), *dismissed_in_a_row(5)]
    assert days_from_now(*past, about=("c",)) == float("inf")


def test_taking_action_makes_up_for_earlier_dismissals() -> None:
    assert days_from_now(earlier(0, taken=True), *dismissed_in_a_row(4)) == 3
    past = [earlier(0, dismissed=0), earlier(1, taken=True), *dismissed_in_a_row(4)]
    assert days_from_now(*past) == 7


def test_whatever_the_answers_are_they_lengthen_the_gap_together() -> None:
    past = [
        earlier(day, taken=True) if day % 2 else earlier(day, dismissed=day) for day in range(6)
    ]
    assert days_from_now(*past) == 14
    assert days_from_now(*past[1:]) == 13


@pytest.mark.parametrize(("times", "days"), [(1, 3), (2, 7), (3, 14), (4, 14), (9, 14)])
def test_action_that_changes_nothing_lengthens_the_gap_and_never_ends_in_silence(
    times: int, days: int
) -> None:
    past = [earlier(20 * index, taken=True) for index in range(times)]
    assert days_from_now(*past) == days
    assert days_from_now(earlier(0.5), *past[1:]) == ({1: 1, 2: 3, 3: 7}.get(times, 14) - 0.5)


def test_action_on_what_is_over_by_now_lengthens_nothing() -> None:
    past = [earlier(20 * index, taken=True) for index in range(4)]
    assert days_from_now(*past, about=("a", "b")) == 1
    past = [earlier(0, taken=True, about=("a", "b")), earlier(9, taken=True, about=("c",))]
    assert days_from_now(*past, about=("b",)) == 3


def test_going_by_unanswered_does_not_make_up_for_earlier_dismissals() -> None:
    past = [earlier(0.5), earlier(10, dismissed=10), earlier(20, dismissed=20)]
    assert days_from_now(*past) == 2.5
    assert days_from_now(earlier(0.5), *dismissed_in_a_row(5)) == float("inf")


def test_what_was_last_said_in_vain_is_no_news_a_second_time() -> None:
    past = [earlier(20, about=("a", "b")), *dismissed_in_a_row(5)]
    assert days_from_now(*past, about=("a", "b")) == float("inf")
    assert days_from_now(*past, about=("c",)) < float("inf")


def test_the_rules_own_distance_holds_where_it_is_the_longer_one() -> None:
    assert days_from_now(earlier(0, dismissed=0), gap=5 * DAY) == 5


def test_what_was_called_wrong_is_silent_at_once_until_something_changes() -> None:
    assert days_from_now(earlier(9, dismissed=9, wrong=True)) == float("inf")
    assert days_from_now(earlier(9, dismissed=9, wrong=True), about=("b",)) <= 0
    # What was said since then, of something else, does not end that.
    past = [earlier(5, about=("b",)), earlier(9, dismissed=9, wrong=True)]
    assert days_from_now(*past, about=("a", "b")) == float("inf")
