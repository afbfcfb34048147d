"""Pauses between tries."""

from datetime import timedelta

import pytest

from bot.runtime.backoff import LONGEST, backoff, retry_after


def least(_: int) -> bytes:
    return b"\x00"


def most(_: int) -> bytes:
    return b"\xff"


def test_the_pause_doubles_from_two_seconds_up_to_six_hours() -> None:
    pauses = [backoff(attempt, least).total_seconds() for attempt in range(1, 8)]
    assert pauses == [2, 4, 8, 16, 32, 64, 128]
    assert backoff(30, least) == backoff(10**9, least) == LONGEST
    assert backoff(0, least) == timedelta(seconds=2)


def test_a_random_part_keeps_many_from_coming_back_at_once() -> None:
    assert backoff(3, least) < backoff(3, most) < backoff(3, least) * 1.25


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("1", 1), (" 30 ", 30), ("99999999", LONGEST.total_seconds())],
)
def test_what_is_asked_for_is_given_within_reason(header: str, seconds: float) -> None:
    assert retry_after(header) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "0", "-1", "soon", "1.5", "\u00b2", "9" * 50])
def test_what_is_no_number_of_seconds_asks_for_nothing(header: str | None) -> None:
    assert retry_after(header) is None
