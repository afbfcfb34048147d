"""Clocks: the machine's own, one that follows the database's, and one that can be moved forward."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from coach.ports import Clock
from storage.columns import UtcDateTime
from storage.database import Database

log = logging.getLogger(__name__)

#: How often the offset is measured anew, in seconds.
EVERY = 60.0

#: Measurements of which the one with the shortest way there and back counts.
TRIES = 3

#: An offset that is worth a line in the log.
WORTH_TELLING = timedelta(seconds=2)


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)


class MovableClock(SystemClock):
    """The machine's time, moved forward on request: for the playground."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        """The present instant as far as the coach is concerned."""
        return super().now() + self.ahead

    def advance(self, by: timedelta) -> None:
        """Let time pass. Raises `ValueError` for a step back."""
        if by < timedelta():
            raise ValueError("time only goes forward")
        self.ahead += by


#: A clock that goes ahead, or back, by more than this between two measurements was set.
SET = timedelta(minutes=5)


def steady() -> float:
    """Seconds that pass, whatever the machine's clock is set to, and while it sleeps too."""
    with_sleep: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if with_sleep is None else time.clock_gettime(with_sleep)


class SharedClock:
    """The time all processes on one database agree on: this machine's, put right by PostgreSQL's.

    A clock that is set meanwhile, be it for a moment, is not followed before it was measured again:
    nothing runs out because of it. Until it was first corrected, and on SQLite, whose processes
    share a machine, it is the machine's own: nobody is there who knows better, and a jump may well
    be the one by which it is put right.
    """

    def __init__(self, own: Clock, passing: Callable[[], float] = steady) -> None:
        self._own, self._passing = own, passing
        self.offset = timedelta()
        #: What the machine's clock showed when it was measured, and the seconds passed by then.
        self._measured: tuple[datetime, float] | None = None

    def now(self) -> datetime:
        """The present instant by the database's clock."""
        return self._unset(self._own.now()) + self.offset

    def _unset(self, own: datetime) -> datetime:
        """What the machine's clock would show if nobody had set it since it was measured."""
        if self._measured is None:
            return own
        shown, passed = self._measured
        expected = shown + timedelta(seconds=self._passing() - passed)
        return expected if abs(own - expected) > SET else own

    def seconds(self) -> float:
        """The same in seconds since 1970."""
        return self.now().timestamp()

    async def correct(self, database: Database) -> None:
        """Measure how far the database's clock is ahead of the machine's."""
        if database.is_sqlite:
            return
        measured: list[tuple[float, timedelta]] = []
        async with database.read() as tx:
            for _ in range(TRIES):
                begun, before = time.monotonic(), self._own.now()
                theirs = (await tx.execute(_DATABASE_NOW)).scalar_one()
                took = time.monotonic() - begun
                # It was asked in the middle of the way there and back, as far as anyone can tell.
                measured.append((took, theirs - before - timedelta(seconds=took / 2)))
        _, offset = min(measured, key=lambda each: each[0])
        if abs(offset - self.offset) >= WORTH_TELLING:
            log.warning(
                "this machine's clock is %.1f s %s the database's: the database's counts",
                abs(offset).total_seconds(),
                "behind" if offset > timedelta() else "ahead of",
            )
        self.offset = offset
        self._measured = self._own.now(), self._passing()


_DATABASE_NOW = select(func.clock_timestamp(type_=UtcDateTime))


async def correct(clock: Clock, database: Database) -> None:
    """Put a clock right that follows the database's; any other stays as it is."""
    if isinstance(clock, SharedClock):
        await clock.correct(database)
