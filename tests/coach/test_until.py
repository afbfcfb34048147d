"""Until when is read as people type it, by their own clock, and what it cannot be is told."""

from datetime import UTC, datetime, timedelta

import pytest

from coach.models import Person
from coach.until import UntilError, read_until
from coach.wording import Voice, plain

ANA = Person("w", "p1", "Ana", time_zone="Europe/Madrid")
#: A Wednesday, eleven o'clock in Madrid.
NOW = datetime(2026, 11, 25, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def day(number: int, hour: int = 8, month: int = 11) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("2h", NOW + 2 * HOUR),
        ("for 1 hour", NOW + HOUR),
        ("for an hour", NOW + HOUR),
        ("a day", day(26)),
        ("  90  MIN ", NOW + 1.5 * HOUR),
        ("45m", NOW + 0.75 * HOUR),
        ("1d", day(26)),
        ("3 days", day(30)),
        ("2 weeks", day(9, month=12)),
        ("14:30", NOW.replace(hour=13, minute=30)),
        ("tomorrow", day(26)),
        ("until monday", day(30)),
        ("wed", day(2, month=12)),
        ("Next Thursday", day(26)),
        # Nobody works on it.
        ("saturday", day(30)),
        ("next week", day(30)),
        ("until 2026-12-05", day(7, month=12)),
        ("2026-12-04", day(4, month=12)),
    ],
)
def test_it_is_read_as_people_type_it(typed: str, until: datetime) -> None:
    assert read_until(typed, ANA, NOW) == until


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "I do not understand “”."),
        ("a while", "I do not understand “a while”."),
        ("ah", "I do not understand “ah”."),
        ("mo", "I do not understand “mo”."),
        ("-2h", "I do not understand “-2h”."),
        ("25:00", "I do not understand “25:00”."),
        ("2026-02-30", "I do not understand “2026-02-30”."),
        ("12/05/2026", "I do not understand “12/05/2026”."),
        ("0h", "That is past: Wed 25 Nov, 11:00."),
        ("0 days", "That is past"),
        ("10:59", "That is past: Wed 25 Nov, 10:59."),
        ("2026-11-25", "That is past: Wed 25 Nov, 09:00."),
        ("2020-01-01", "That is past"),
        ("9999h", "That is too far ahead. Until Fri, 26 Nov 2027 is possible."),
        ("9999 weeks", "That is too far ahead."),
        ("9999-12-31", "That is too far ahead."),
        ("2028-01-01", "That is too far ahead."),
    ],
)
def test_what_it_cannot_be_is_told(typed: str, told: str) -> None:
    with pytest.raises(UntilError) as error:
        read_until(typed, ANA, NOW)
    assert told in plain(error.value.said, Voice(time_zone=ANA.time_zone))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # The clocks go forward, and back, in the night to Sunday.
        (datetime(2026, 3, 27, 10, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)),
        (datetime(2026, 10, 23, 10, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)),
    ],
)
def test_nine_is_nine_whatever_the_clocks_do(now: datetime, until: datetime) -> None:
    for typed in ("monday", "3d", until.date().isoformat()):
        assert read_until(typed, ANA, now) == until
