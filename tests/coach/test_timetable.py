"""When the brief and the digest come."""

from datetime import date, time

import pytest

from coach.calendar import moment_on
from coach.models import Often
from coach.timetable import digest_on
from tests.coach.values import setting

MONDAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("start", "end", "at"),
    [
        (time(9), time(18), time(17)),
        # Never before work has begun, nor when it is over.
        (time(17, 30), time(18), time(17, 30)),
        (time(0, 10), time(0, 40), time(0, 10)),
        (time(0), time(1, 30), time(0, 30)),
    ],
)
def test_unless_chosen_the_digest_comes_an_hour_before_the_end(
    start: time, end: time, at: time
) -> None:
    ana = setting(work_from=start, work_until=end, digest=Often.DAILY)
    assert digest_on(MONDAY, ana) == moment_on(MONDAY, at, ana)
