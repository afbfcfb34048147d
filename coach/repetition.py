"""When the same thing may be said again: growing gaps after each dismissal, then silence."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from coach.models import PastInsight

#: How long to keep quiet after the first, second, … dismissal in a row for the same reason.
GAPS = (timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=14))


def next_allowed(
    past: Sequence[PastInsight], *, gap: timedelta, about: Collection[str], now: datetime
) -> datetime | None:
    """From when the same may be said again; `None` means not until something changes.

    `past` is what was said for this reason, newest first; `gap` the rule's own least distance;
    `about` the ids concerned now. Each dismissal in a row lengthens the gap (1, 3, 7, 14 days from
    dismissing); after one more, only an id that was not there before opens it again.
    """
    if not past:
        return now
    dismissals: list[datetime] = []
    known: set[str] = set()
    for earlier in past:
        if earlier.dismissed_at is None:
            break
        dismissals.append(earlier.dismissed_at)
        known.update(earlier.about)
    allowed = past[0].created_at + gap
    if not dismissals:
        return allowed
    if len(dismissals) > len(GAPS):
        return None if set(about) <= known else allowed
    return max(allowed, dismissals[0] + GAPS[len(dismissals) - 1])
