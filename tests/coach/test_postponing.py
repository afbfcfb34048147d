"""Until when something is put off: by the person's own clock, on days on which they work."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from coach import postponing
from coach.errors import SettingError
from coach.models import Person, Settings
from coach.wording import Voice, plain

ANA = Person("w", "p1", "Ana", time_zone="Europe/Madrid")
NEW_YORKER = Person("w", "p2", "Chris", time_zone="America/New_York")
#: A Monday, ten o'clock in Madrid.
MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)


def at(*given: int) -> datetime:
    return datetime(*given, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_an_hour_is_an_hour_whatever_the_clocks_do() -> None:
    for now in (MONDAY, at(2026, 3, 29, 0, 30), at(2026, 10, 25, 0, 30)):
        assert postponing.in_an_hour(ANA, now) == now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("person", "now", "until"),
    [
        (ANA, MONDAY, at(2026, 11, 24, 8)),
        # Friday evening, and in the night before Saturday: their next day of work is Monday.
        (ANA, at(2026, 11, 27, 18), at(2026, 11, 30, 8)),
        (ANA, at(2026, 11, 27, 23, 30), at(2026, 11, 30, 8)),
        # Shortly after midnight where they are it is tomorrow's morning that is meant.
        (ANA, at(2026, 11, 23, 23, 30), at(2026, 11, 25, 8)),
        # The clocks go forward, and back, in the night to Sunday: nine is nine.
        (ANA, at(2026, 3, 27, 9), at(2026, 3, 30, 7)),
        (ANA, at(2026, 10, 23, 9), at(2026, 10, 26, 8)),
        (NEW_YORKER, at(2026, 3, 6, 15), at(2026, 3, 9, 13)),
        (NEW_YORKER, at(2026, 10, 30, 15), at(2026, 11, 2, 14)),
    ],
)
def test_tomorrow_is_when_their_next_day_of_work_begins(
    person: Person, now: datetime, until: datetime
) -> None:
    assert postponing.tomorrow(person, now) == until


def test_their_own_hours_days_and_holidays_count() -> None:
    settings = Settings(working_days=(2, 4), work_from=time(7, 30), holidays="ES")
    person = replace(ANA, settings=settings)
    assert postponing.tomorrow(person, MONDAY) == at(2026, 11, 24, 6, 30)
    # Tuesday, 8 December is a holiday in Spain.
    assert postponing.next_week(person, at(2026, 12, 2, 9)) == date(2026, 12, 10)


def test_the_morning_of_a_day_that_was_named_is_that_one_until_it_is_past() -> None:
    monday = date(2026, 11, 30)
    for now in (at(2026, 11, 27, 18), at(2026, 11, 29, 23, 30), at(2026, 11, 30, 7, 59)):
        assert postponing.on_morning(monday, ANA, now) == at(2026, 11, 30, 8)
    assert postponing.on_morning(monday, ANA, at(2026, 11, 30, 8)) == at(2026, 12, 1, 8)


@pytest.mark.parametrize("day", range(23, 30))
def test_next_week_begins_on_its_first_day_of_work_whatever_day_it_is(day: int) -> None:
    assert postponing.next_week(ANA, at(2026, 11, day, 12)) == date(2026, 11, 30)


def test_a_chosen_day_begins_with_their_work_or_on_the_next_day_of_it() -> None:
    assert postponing.on_day("2026-11-25", ANA, MONDAY) == at(2026, 11, 25, 8)
    assert postponing.on_day("2026-11-28", ANA, MONDAY) == at(2026, 11, 30, 8)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, "Choose a day."),
        ("soon", "Choose a day."),
        ("2026-11-22", "Choose a day to come; today is no such day."),
        ("2026-11-23", "Choose a day to come; today is no such day."),
        ("2036-11-23", "Choose a day until Wed, 24 Nov 2027."),
    ],
)
def test_a_day_that_cannot_be_meant_is_told_at_its_field(given: str | None, told: str) -> None:
    with pytest.raises(SettingError) as error:
        postponing.on_day(given, ANA, MONDAY)
    assert (error.value.setting, plain(error.value.said, Voice())) == ("day", told)


def test_what_is_put_off_is_open_a_working_day_longer_and_never_shorter_than_before() -> None:
    friday = at(2026, 11, 27, 16)
    assert postponing.lasts(friday, MONDAY, ANA) == at(2026, 11, 30, 16)
    assert postponing.lasts(friday, at(2026, 12, 24), ANA) == at(2026, 12, 24)
