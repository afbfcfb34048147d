"""The pace at which one person is spoken to."""

from datetime import datetime, timedelta

#: After an unanswered card, the next one waits so long.
APART = timedelta(seconds=60)


def next_turn(now: datetime, last_unanswered: datetime | None) -> datetime:
    """From when a person may get another card; `last_unanswered` is when the newest one came."""
    return now if last_unanswered is None else max(now, last_unanswered + APART)
