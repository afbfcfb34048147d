"""Tests of working days: weekends, time zones, changes of the clock, and the inverse."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach import calendar
from coach.calendar import (
    INSTANT,
    after_working_days,
    after_working_time,
    local_date,
    start_of_day,
    working_dates_between,
    working_days_between,
    working_time,
)
from coach.models import Person
from tests.coach.values import ANA, setting

ZONES = [
    "Europe/Madrid",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "UTC",
]

moments = st.datetimes(
    # Samoa left out a whole day in December 2011; nobody has done so since.
    datetime(2012, 2, 1),  # noqa: DTZ001 - hypothesis wants bounds without a zone
    datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
weeks = st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True).map(
    lambda days: tuple(sorted(days))
)
numbers = st.integers(0, 60)


@st.composite
def somebody(draw: st.DrawFn) -> Person:
    """A person with some time zone and some week."""
    return replace(setting(working_days=draw(weeks)), time_zone=draw(st.sampled_from(ZONES)))


def madrid(*parts: int) -> datetime:
    """A moment by the clocks of Madrid."""
    year, month, day, *time = parts
    hour, minute = (*time, 0, 0)[:2]
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Europe/Madrid"))


def test_thursday_at_ten_has_waited_two_working_days_on_monday_at_ten() -> None:
    assert after_working_days(madrid(2026, 11, 19, 10), 2, ANA) == madrid(2026, 11, 23, 10)


def test_what_happens_on_a_saturday_begins_to_wait_on_monday() -> None:
    assert after_working_days(madrid(2026, 11, 21, 15), 1, ANA) == madrid(2026, 11, 24)


def test_five_working_days_are_a_week() -> None:
    assert after_working_days(madrid(2026, 11, 18, 9, 30), 5, ANA) == madrid(2026, 11, 25, 9, 30)


def test_a_week_of_one_working_day_makes_days_of_weeks() -> None:
    mondays = setting(working_days=(1,))
    assert after_working_days(madrid(2026, 11, 9, 8), 2, mondays) == madrid(2026, 11, 23, 8)


def test_a_week_without_a_working_day_counts_as_monday_to_friday() -> None:
    never = setting(working_days=())
    assert after_working_days(madrid(2026, 11, 20, 8), 1, never) == madrid(2026, 11, 23, 8)


def test_a_day_that_is_none_of_the_week_is_said_at_once_and_not_looked_for() -> None:
    # It was looked for to the end of the calendar, and took the rules of everybody along.
    for days in ((9,), (1, 9), (0,)):
        with pytest.raises(ValueError, match=r"numbered from 1 to 7, not [09]\."):
            after_working_days(madrid(2026, 11, 20, 8), 1, setting(working_days=days))


def test_the_clock_time_stays_when_the_clocks_change_in_between() -> None:
    # The night from Saturday the 24th to Sunday the 25th of October 2026 has an hour more.
    since = madrid(2026, 10, 23, 10)
    assert after_working_days(since, 1, ANA) == madrid(2026, 10, 26, 10)
    assert after_working_days(since, 1, ANA) - since == timedelta(days=3, hours=1)


def test_days_are_those_of_the_persons_wall() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert local_date(late, ANA) == date(2026, 11, 23)
    assert local_date(late, replace(ANA, time_zone="America/New_York")) == date(2026, 11, 22)


def test_two_people_in_two_zones_become_ripe_at_two_times() -> None:
    since = datetime(2026, 11, 20, 23, 30, tzinfo=UTC)  # Saturday in Madrid, Friday in New York
    in_new_york = replace(ANA, time_zone="America/New_York")
    assert after_working_days(since, 1, ANA) == madrid(2026, 11, 24)
    assert after_working_days(since, 1, in_new_york) == since + timedelta(days=3)


@pytest.mark.parametrize(
    "name",
    [None, "", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "a\x00b", "\ud800"],
)
def test_a_time_zone_nobody_knows_is_utc(name: str | None) -> None:
    assert calendar.zone(name) == ZoneInfo("UTC")


def test_the_day_begins_at_the_first_instant_there_is() -> None:
    # In Cairo midnight of the 24th of April 2026 was skipped: the day began at one o'clock.
    in_cairo = replace(ANA, time_zone="Africa/Cairo")
    start = start_of_day(date(2026, 4, 24), in_cairo)
    assert local_date(start, in_cairo) == date(2026, 4, 24)
    assert local_date(start - INSTANT, in_cairo) == date(2026, 4, 23)


def test_working_dates_are_counted_as_days_are() -> None:
    since = madrid(2026, 11, 19, 17)
    # A Thursday; the weekend between is none.
    assert [
        working_dates_between(since, madrid(2026, 11, day, 8), ANA) for day in (19, 20, 21, 23, 30)
    ] == [0, 1, 1, 2, 7]
    assert working_dates_between(since, since - timedelta(days=3), ANA) == 0
    on_holidays = setting(holidays="ES")
    assert working_dates_between(madrid(2026, 12, 24), madrid(2026, 12, 28), on_holidays) == 1


def test_working_days_between_are_whole_ones() -> None:
    since = madrid(2026, 11, 19, 10)
    assert working_days_between(since, madrid(2026, 11, 20, 9, 59), ANA) == 0
    assert working_days_between(since, madrid(2026, 11, 20, 10), ANA) == 1
    assert working_days_between(since, madrid(2026, 11, 23, 9, 59), ANA) == 1
    assert working_days_between(since, madrid(2026, 12, 3, 10), ANA) == 10


def test_no_day_has_passed_before_it_began() -> None:
    assert working_days_between(madrid(2026, 11, 20), madrid(2026, 11, 2), ANA) == 0


@given(somebody(), moments, st.timedeltas(timedelta(), timedelta(days=40)), numbers)
def test_what_happened_later_ripens_no_earlier(
    person: Person, since: datetime, later: timedelta, days: int
) -> None:
    assert after_working_days(since, days, person) <= after_working_days(
        since + later, days, person
    )


@given(somebody(), moments, numbers)
def test_one_day_more_is_later(person: Person, since: datetime, days: int) -> None:
    first = after_working_days(since, days, person)
    assert since <= first < after_working_days(since, days + 1, person)


@given(somebody(), moments, st.timedeltas(timedelta(), timedelta(days=200)))
def test_the_count_between_is_the_number_of_days_that_have_passed(
    person: Person, since: datetime, later: timedelta
) -> None:
    until = since + later
    count = working_days_between(since, until, person)
    assert count == 0 or after_working_days(since, count, person) <= until
    assert until < after_working_days(since, count + 1, person)


@given(somebody(), moments, numbers)
def test_ripening_falls_on_a_working_day(person: Person, since: datetime, days: int) -> None:
    ripe = after_working_days(since, days, person)
    assert local_date(ripe, person).isoweekday() in person.settings.working_days


# Working time


def test_working_time_is_the_hours_at_work() -> None:
    # From Friday afternoon to Monday morning.
    friday, monday = madrid(2026, 11, 20, 17), madrid(2026, 11, 23, 11)
    assert working_time(friday, monday, ANA) == timedelta(hours=1 + 2)
    assert working_time(monday, friday, ANA) == timedelta()
    assert working_time(madrid(2026, 11, 23, 3), madrid(2026, 11, 23, 8), ANA) == timedelta()
    assert working_time(madrid(2026, 11, 23, 10), madrid(2026, 11, 23, 12), ANA) == timedelta(
        hours=2
    )


@pytest.mark.parametrize("hours", [0.5, 1, 2, 9, 9.5, 30])
def test_after_working_time_so_much_of_it_has_passed(hours: float) -> None:
    length, never = timedelta(hours=hours), madrid(2027, 1, 1)
    for since in (madrid(2026, 11, 20, 17), madrid(2026, 11, 21, 12), madrid(2026, 11, 24, 3)):
        at = after_working_time(since, length, ANA, before=never)
        assert at is not None
        assert working_time(since, at, ANA) == length
        assert working_time(since, at - timedelta(minutes=1), ANA) < length
        assert after_working_time(since, length, ANA, before=at) is None


def test_a_holiday_and_a_week_without_hours_hold_no_working_time() -> None:
    since, until = madrid(2026, 12, 7, 9), madrid(2026, 12, 8, 18)
    spanish = replace(ANA, settings=replace(ANA.settings, holidays="ES"))
    assert working_time(since, until, ANA) == timedelta(hours=18)
    # The eighth is one.
    assert working_time(since, until, spanish) == timedelta(hours=9)
    none = replace(ANA, settings=replace(ANA.settings, work_until=ANA.settings.work_from))
    assert after_working_time(since, timedelta(minutes=1), none, before=until) is None
