"""Clocks: the real one, and one that can be moved forward."""

from datetime import UTC, datetime, timedelta


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
