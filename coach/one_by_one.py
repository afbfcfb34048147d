"""How a rule of time speaks of each of its things by itself: a few a day, in growing gaps."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from coach.calendar import local_date, start_of_day
from coach.keys import subject_key
from coach.models import Contact, Deal, Draft, PastInsight, Priority, Subject, Task
from coach.repetition import WEEK, next_allowed
from coach.rule import TimeLook, Verdict
from coach.truth import Changed

T = TypeVar("T", Deal, Contact, Task)

#: What was left standing rests so long: nobody hears of the same two mornings running.
RESTS = timedelta(days=3)


def one_by_one(
    look: TimeLook,
    things: Sequence[T],
    draft_of: Callable[[T], Draft],
    *,
    gap: timedelta,
    a_day: int,
    is_same: Callable[[T, PastInsight], bool] = lambda thing, earlier: True,
) -> Verdict:
    """At most so many a day, what was spoken of least in a week first, else in this order.

    Each comes again after `gap` at the earliest, and later the more often it was sent away for the
    same reason: where `is_same` says that what was said then is not what is so now, that counts for
    nothing but the gap. In a summary of what was so before, which is made once, the day does not
    count.
    """
    today = local_date(look.now, look.person)
    tomorrow = start_of_day(today + timedelta(days=1), look.person)
    spoken_of = sum(local_date(said.created_at, look.person) == today for said in look.past)
    at_once = look.at_once
    gap, left = (timedelta(), at_once) if at_once else (gap, a_day - spoken_of)
    lately = Counter(each.subject for each in look.past if each.created_at > look.now - WEEK)
    if not at_once:
        things = sorted(things, key=lambda thing: lately[subject_key(thing)])
    drafts: list[Draft] = []
    later = {}
    waiting = False
    for thing in things:
        key = subject_key(thing)
        said = [earlier for earlier in look.past if earlier.subject == key]
        if said and (rested := _rested(said[0], gap)) > look.now:
            later[key] = rested
            continue
        draft = draft_of(thing)
        past = [earlier for earlier in said if is_same(thing, earlier)]
        allowed = next_allowed(past, gap=gap, about=draft.about, now=look.now)
        if allowed is None:
            later[key] = look.now + WEEK
        elif allowed > look.now:
            later[key] = allowed
        elif len(drafts) >= left:
            waiting = True
        else:
            later[key] = look.now + gap
            drafts.append(draft)
    return Verdict(drafts, again_at=tomorrow if waiting else None, later=later)


def drafted(
    look: TimeLook,
    thing: Subject,
    said: Changed,
    *,
    priority: Priority,
    lasts: timedelta,
    occasion: str = "",
) -> Draft:
    """What is said of a thing by itself, as an insight that lasts so long."""
    return Draft(
        person_id=look.person.id,
        subject=subject_key(thing),
        occasion=occasion or look.now.isoformat(),
        priority=priority,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=look.now + lasts,
        about=said.about,
    )


def _rested(said: PastInsight, gap: timedelta) -> datetime:
    """From when on the same may be said again; in a summary, where there is no gap, at once."""
    if gap and said.unanswered_at:
        return max(said.unanswered_at) + max(gap, RESTS)
    return said.created_at + gap
