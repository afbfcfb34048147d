"""How much of what is coming in may be in hand at once."""

from collections.abc import Iterator
from contextlib import contextmanager


class FullError(Exception):
    """No more can be taken in for now."""


class Share:
    """What one request takes of a room."""

    def __init__(self, room: "Room") -> None:
        self._room = room
        self.bytes = 0
        self.is_whole = False

    def take(self, size: int) -> None:
        """Take so many bytes more, which have just come. Raises `FullError`."""
        if self._room.bytes + size > self._room.most_bytes:
            raise FullError
        self._room.bytes += size
        self.bytes += size

    def whole(self) -> None:
        """Its body has come: from now on it is in hand. Raises `FullError`."""
        if self._room.in_hand >= self._room.most_requests:
            raise FullError
        self._room.in_hand += 1
        self.is_whole = True


class Room:
    """Room for requests, until they are answered.

    What counts is what has come, not what a request says is to come: whoever only holds the door
    open takes nothing from those who come in.
    """

    def __init__(self, most_requests: int, most_bytes: int) -> None:
        self.most_requests = most_requests
        self.most_bytes = most_bytes
        #: How many requests are in hand, and how many bytes have come of all.
        self.in_hand = 0
        self.bytes = 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """The share of one more request; it is free again afterwards."""
        share = Share(self)
        try:
            yield share
        finally:
            self.bytes -= share.bytes
            self.in_hand -= share.is_whole
