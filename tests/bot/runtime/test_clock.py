"""Tests of the clock that all processes on one database agree on."""

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.coaching import ticking
from bot.runtime.clock import WORTH_TELLING, MovableClock, SharedClock, SystemClock, correct
from coach.models import InsightState
from storage.database import Database
from tests.world import ANA, deliver, enrol, insights_of, running_parts, won

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


async def test_a_clock_that_is_set_for_a_moment_is_not_followed(postgresql_url: str) -> None:
    database, own, passed = Database(postgresql_url), MovableClock(), [0.0]
    clock = SharedClock(own, lambda: passed[0])
    try:
        await correct(clock, database)
        own.advance(timedelta(days=30))
        passed[0] = 30.0
        assert abs(clock.now() - datetime.now(UTC) - timedelta(seconds=30)) < CLOSE
        own.ahead = timedelta(seconds=30)
        assert abs(clock.now() - datetime.now(UTC) - timedelta(seconds=30)) < CLOSE
        # What it is set to for longer is measured, and put right.
        own.advance(timedelta(days=30))
        await correct(clock, database)
        assert abs(clock.now() - datetime.now(UTC)) < CLOSE
        # Time that passes while the machine sleeps is no such thing.
        own.advance(timedelta(days=2))
        passed[0] += timedelta(days=2).total_seconds()
        assert abs(clock.now() - datetime.now(UTC) - timedelta(days=2)) < CLOSE
    finally:
        await database.close()


async def test_what_is_due_does_not_run_out_by_a_clock_that_is_set_for_a_moment(
    postgresql_url: str,
) -> None:
    own = MovableClock()
    clock = SharedClock(own)
    async with running_parts(postgresql_url) as made:
        parts = replace(made, clock=clock)
        await correct(clock, parts.database)
        ana = await enrol(parts, ANA)
        await deliver(parts, {**won("D-1"), "timestamp": clock.now().isoformat()})
        own.advance(timedelta(days=30))
        await ticking.tick(parts)
        (insight,) = await insights_of(parts, ana)
        assert insight.state is InsightState.OPEN
        # Days that do pass count.
        await correct(clock, parts.database)
        await ticking.tick(replace(parts, clock=own))
        (insight,) = await insights_of(parts, ana)
        assert insight.state is InsightState.EXPIRED
