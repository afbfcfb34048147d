"""One playground at a time on one folder: two would write over each other's memory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from coach.errors import CoachError


class NotAloneError(CoachError):
    """Another playground is running on this folder."""


@contextmanager
def alone(folder: Path) -> Iterator[TextIO]:
    """Have the folder to oneself. Raises `NotAloneError`.

    What is written into the file is read by whoever comes next. It lies beside the folder, which
    `--fresh` removes. The system lets go of it when the process ends, however that comes.
    """
    file = folder.with_suffix(".running")
    with file.open("a+", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held.seek(0)
            where = held.read().strip()
            raise NotAloneError(
                f"A playground is running already{f' at {where}' if where else ''}. Open that "
                "page, or end it with Ctrl-C where it was started."
            ) from None
        held.truncate(0)
        yield held
        held.truncate(0)


def tell(held: TextIO, url: str) -> None:
    """Say to whoever comes next where the page is."""
    held.truncate(0)
    held.write(url)
    held.flush()
