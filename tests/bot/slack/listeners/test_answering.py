"""What goes wrong is told, or done anew where the database alone was in the way."""

import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from bot.runtime.parts import Parts
from bot.slack.listeners.answering import TIMES, attempt
from coach.phrases import Phrase


def in_the_way() -> OperationalError:
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    error.sqlite_errorname = "SQLITE_BUSY"
    return OperationalError("UPDATE people", {}, error)


@pytest.mark.parametrize(
    ("error", "times", "tries"),
    [
        (in_the_way(), 2, 3),
        (in_the_way(), TIMES, TIMES),
        # Slack may have done what it did not answer: a second time it would be there twice.
        (TimeoutError(), 1, 1),
        (ValueError("no such thing"), 1, 1),
    ],
)
async def test_what_the_database_kept_from_being_done_is_done_anew_and_nothing_else(
    sqlite_parts: Parts, error: Exception, times: int, tries: int
) -> None:
    made: list[int] = []

    async def work() -> str:
        made.append(1)
        if len(made) <= times:
            raise error
        return "done"

    said = await attempt(sqlite_parts, "a press", work)
    assert len(made) == tries
    assert said == "done" if tries > times else isinstance(said, Phrase)
