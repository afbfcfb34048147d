"""A backlog: what was stuck, cold or late before the coach knew of it, or before a person started.

It is no news. It is told of once, in one summary, and is spoken of one by one only when something
happens to it. A list that is told of for the sake of something else counts it, and says so.
"""

from datetime import UTC, datetime, timedelta

from coach.calendar import is_at_work, local_date
from coach.models import Person
from coach.phrases import Phrase, counted, together
from coach.timetable import has_just_begun

#: How many things a summary shows.
LINES = 3

#: For so long a list stays in it unanswered: it is not told anew each day, as others are.
LASTS = timedelta(days=7)

#: What is brought in from elsewhere comes in pieces; after so long without one it is all there.
QUIET = timedelta(minutes=1)


def with_old(reason: Phrase, count: int, old: int) -> Phrase:
    """Why a list is told of; where only some of its `count` things are a backlog, how many."""
    if not 0 < old < count:
        return reason
    of_old = counted(
        "{old} of them was waiting before I came.",
        "{old} of them were waiting before I came.",
        "old",
        old=old,
    )
    return together(reason, of_old)


def whole_at(person: Person) -> datetime:
    """From when on somebody's backlog can be told of; long ago where there is none."""
    at, began = person.backlog_at, person.began_at
    if at is None:
        return datetime.min.replace(tzinfo=UTC)
    # Who has just pressed Start has had it there before.
    return at if began is not None and at <= began else at + QUIET


def is_time_for_summary(person: Person, now: datetime) -> bool:
    """Whether the summary of somebody's backlog is to be made now, if anything is to be in it."""
    if person.backlog_at is None or whole_at(person) > now:
        return False
    return has_just_begun(person, now) or is_at_work(now, person)


def adds_to_summary(person: Person, now: datetime) -> bool:
    """Whether a backlog that comes now goes into the summary of before: there is one a day."""
    made = person.backlog_made_at
    return made is not None and local_date(made, person) == local_date(now, person)
