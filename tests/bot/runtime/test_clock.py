"""Tests of the clock that all processes on one database agree on."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from bot.runtime.clock import WORTH_TELLING, MovableClock, SharedClock, SystemClock, correct
from storage.database import Database

CLOSE = timedelta(seconds=1)


@pytest.mark.parametrize("wrong", [timedelta(days=1), -timedelta(seconds=61), timedelta()])
async def test_a_clock_that_is_wrong_is_put_right_by_postgresql(
    postgresql_url: str, wrong: timedelta
) -> None:
    database = Database(postgresql_url)
    clock = SharedClock(MovableClock(wrong))
    try:
        assert abs(clock.now() - datetime.now(UTC) - wrong) < CLOSE
        await correct(clock, database)
        assert abs(clock.now() - datetime.now(UTC)) < CLOSE
        assert abs(clock.seconds() - datetime.now(UTC).timestamp()) < CLOSE.total_seconds()
        # A machine's clock that is set right is followed.
        own = MovableClock(wrong + timedelta(hours=1))
        clock = SharedClock(own)
        await correct(clock, database)
        await correct(clock, database)
        assert abs(clock.now() - datetime.now(UTC)) < CLOSE
    finally:
        await database.close()


async def test_a_clock_that_is_wrong_is_told_of_once(
    postgresql_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(postgresql_url)
    clock = SharedClock(MovableClock(2 * WORTH_TELLING))
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                await correct(clock, database)
    finally:
        await database.close()
    assert [each.getMessage() for each in caplog.records] == [
        "this machine's clock is 4.0 s ahead of the database's: the database's counts"
    ]


async def test_on_sqlite_it_is_the_machines_own_and_any_other_clock_stays_as_it_is(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)
    clock, moved = SharedClock(SystemClock()), MovableClock(timedelta(days=1))
    try:
        await correct(clock, database)
        await correct(moved, database)
    finally:
        await database.close()
    assert clock.offset == timedelta()
    assert moved.ahead == timedelta(days=1)
