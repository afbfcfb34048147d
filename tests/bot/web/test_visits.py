"""Whoever comes too often is counted by themselves, and what is kept in mind is bounded."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.web.visits import Visits, address_of

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_so_often_and_no_more_until_the_first_is_long_ago() -> None:
    visits = Visits(2, 10 * MINUTE)
    assert [visits.may("a", NOW + n * MINUTE) for n in range(3)] == [True, True, False]
    assert visits.may("b", NOW)
    # What was refused did not count.
    assert [visits.may("a", NOW + n * MINUTE) for n in (10, 10, 11)] == [True, False, True]


def test_of_however_many_only_the_latest_are_kept() -> None:
    visits = Visits(1, MINUTE, kept=3)
    for who in "abcd":
        assert visits.may(who, NOW)
    assert not visits.may("d", NOW)
    assert visits.may("a", NOW)


@pytest.mark.parametrize(
    ("host", "one"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("testclient", "testclient"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_network_of_ipv6_is_one_visitor(host: str | None, one: str) -> None:
    assert address_of(host) == one


def test_a_larger_network_is_one_too() -> None:
    assert address_of("2001:db8:1:2::3", 48) == address_of("2001:db8:1:ffff::4", 48)
    assert address_of("2001:db8:1::3", 48) != address_of("2001:db8:2::3", 48)
    assert address_of("192.0.2.7", 48) == "192.0.2.7"
