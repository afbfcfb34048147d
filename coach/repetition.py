"""When the same thing may be said again: growing gaps after each dismissal, then silence."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from coach.models import About, Draft, PastInsight

#: How long to keep quiet after the first, second, … dismissal in a row for the same reason.
GAPS = (timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=14))


def past_of(rule: str, draft: Draft, at: datetime) -> PastInsight:
    """What was said just now, as rules see it from then on."""
    return PastInsight(
        rule, draft.subject, at, None, draft.about, draft.occasion, priority=draft.priority
    )


#: How often the same may be said in a week to somebody who does not answer it.
OFTEN, WEEK = 2, timedelta(days=7)


def is_said_enough(past: Sequence[PastInsight], subject: str, now: datetime) -> bool:
    """Whether somebody was told twice within a week of this and has not answered."""
    times = [at for each in past if each.subject == subject for at in each.unanswered_at]
    return sum(at > now - WEEK for at in times) >= OFTEN


def marked_lately(
    past: Sequence[PastInsight], mark: str, *, within: timedelta, now: datetime
) -> list[PastInsight]:
    """What was said so short a time ago of anything in the state that `mark` tells.

    What the person never got to see in its time was not said to them.
    """
    return [
        earlier
        for earlier in past
        if earlier.created_at > now - within
        and not earlier.missed
        and any(each.mark == mark for each in earlier.about)
    ]


def next_allowed(
    past: Sequence[PastInsight], *, gap: timedelta, about: Collection[About], now: datetime
) -> datetime | None:
    """From when the same may be said again; `None` means not until something changes.

    `past` is what was said for this reason, newest first; `gap` the rule's own least distance;
    `about` what it is about now. Each dismissal since the person last took action
    lengthens the distance (1, 3, 7, 14 days, both from dismissing and from what was said since);
    an insight that went by unanswered neither counts nor makes up for one. After one dismissal
    more, or at once when the person said that it is wrong, only a thing, or a mark of one, that was
    not there before opens it again. Action that was taken and changed nothing of it counts like a
    dismissal, the first like two: whoever has it in hand need not hear of it daily.
    """
    if not past:
        return now
    dismissals: list[datetime] = []
    known: set[About] = set()
    wrong = False
    in_hand = 0
    for earlier in past:
        if earlier.taken:
            if not set(earlier.about).issuperset(about):
                break
            in_hand += 1
            continue
        if in_hand:
            # What was sent away before they took it up is made up for.
            continue
        known.update(earlier.about)
        wrong |= earlier.wrong
        if earlier.dismissed_at is not None:
            dismissals.append(earlier.dismissed_at)
    if (wrong or len(dismissals) > len(GAPS)) and known.issuperset(about):
        return None
    if answers := len(dismissals) + in_hand + (in_hand > 0):
        gap = max(gap, GAPS[min(answers, len(GAPS)) - 1])
    return max([past[0].created_at, *dismissals[:1]]) + gap
