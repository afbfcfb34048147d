"""What small bodies said when they came in, until the worker comes to them in the same process."""

from bot.crm.provider import Reading

#: How many are kept, and of bodies of how many bytes at most: a few megabytes in all.
MOST = 500
SMALL = 8_192


class Readings:
    """A short memory, so that a body is not read twice within moments.

    Nothing depends on it: what is not in it is read from the stored body.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Reading] = {}

    @property
    def size(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def keep(self, delivery_id: str, size: int, reading: Reading) -> None:
        """Keep what a body of that size says."""
        if size > SMALL:
            return
        if len(self._kept) >= MOST:
            # The worker is far behind, or another process has worked them off.
            self._kept.clear()
        self._kept[delivery_id] = reading

    def take(self, delivery_id: str) -> Reading | None:
        """What was kept of a delivery; it is given once."""
        return self._kept.pop(delivery_id, None)
