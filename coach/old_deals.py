"""Open deals that are older than any was when it was decided: which they are, and their words."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from coach.calendar import local_date, start_of_day
from coach.models import Person
from coach.phrases import Phrase, counted

#: A deal that was moved on within so long is being worked on.
WORKED_ON = timedelta(days=30)

#: Fewer are seen to without a list.
FEW = 3


class OpenDeal(NamedTuple):
    """As much of an open deal as tells whether it lies still."""

    created_at: datetime | None
    #: When it came to its present stage, where anybody has told.
    moved_at: datetime | None


def borders(days: int, now: datetime, person: Person) -> tuple[datetime, datetime]:
    """Before when a deal was created, and until when it was last moved on, that is old and still.

    Older than so many days, as the person counts them wherever they read how old a deal is.
    """
    return start_of_day(local_date(now, person) - timedelta(days=days), person), now - WORKED_ON


def how_many(deals: Iterable[OpenDeal], days: int, now: datetime, person: Person) -> int:
    """How many of these are older than so many days, and lie still."""
    created_before, moved_by = borders(days, now, person)
    return sum(
        deal.created_at is not None
        and deal.created_at < created_before
        and (deal.moved_at is None or deal.moved_at <= moved_by)
        for deal in deals
    )


def said(count: int, of: int, days: int, closed: int, *, own: bool) -> Phrase:
    """How many of how many, and that no deal took longer: of their own alone, or of the team's.

    The first are as many as when it is read; of the closed ones it is said that they were counted.
    """
    if own:
        return counted(
            "{old} of your open deals ({all} in all) is older than {days} days; of your "
            "{closed} closed when this was counted none took longer. Close it, or start anew?",
            "{old} of your {all} open deals are older than {days} days; of your {closed} "
            "closed when this was counted none took longer. Close or restart them?",
            "old",
            old=count,
            all=of,
            days=days,
            closed=closed,
        )
    return counted(
        "{old} of your open deals ({all} in all) is older than {days} days; of your team's "
        "{closed} closed when this was counted none took longer. Close it, or start anew?",
        "{old} of your {all} open deals are older than {days} days; of your team's {closed} "
        "closed when this was counted none took longer. Close or restart them?",
        "old",
        old=count,
        all=of,
        days=days,
        closed=closed,
    )
