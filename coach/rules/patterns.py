"""What the team's own figures show: at most one new thing a week, and a word when one is over.

The figures are worked out once a week for the whole team (`coach/patterns`), and only what has
passed every gate comes here. It is said to people who want to hear everything, once: what holds is
no news a second time. It is said as it was found, and its numbers stay those, so that nobody can
read a colleague's deal from the difference of two messages. When later deals no longer show it,
whoever was told hears that. It must never name or rank anybody, nor say what brings about what.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from coach.calendar import local_date, next_morning, start_of_day
from coach.knowledge import PATTERNS, FoundPattern
from coach.models import Draft, InsightType, Level, PastInsight, Person, Priority, Suggestion
from coach.old_deals import FEW, how_many, said
from coach.phrases import say
from coach.rule import PersonRule, TimeLook
from coach.truth import TRUE, Over, Standing, TruthLook, said_anew

#: On this weekday, or the first day of work after it: a week's beginning has enough of its own.
TUESDAY = 2

#: What was found is of use for so long.
LASTS = timedelta(days=14)

#: The pattern whose things are listed, to see to each.
OLD_DEALS = "open_too_long"


def next_time(person: Person, after: datetime) -> datetime:
    """As work begins on Tuesday, or on the next day of work."""
    day = local_date(after, person) - timedelta(days=7)
    while True:
        day += timedelta(days=(TUESDAY - day.isoweekday() - 1) % 7 + 1)
        at = next_morning(start_of_day(day, person), person)
        if at > after:
            return at


def evaluate(look: TimeLook) -> Draft | None:
    """What is over, of what they were told; else the surest thing they were not told yet."""
    found = look.known[PATTERNS]
    for each in found:
        if each.gone_at is not None and (told := _told(look.past, each)) is not None:
            return _taken_back(look, each, told)
    new = [
        draft
        for each in sorted(found, key=_first)
        if each.gone_at is None and not _was_said(look.past, each)
        if (draft := _draft(look.person, each, look.now)) is not None
    ]
    return new[0] if new else None


def _first(each: FoundPattern) -> tuple[bool, bool, float, str]:
    """A list to work off comes first, then what is one's own, then what is surest."""
    return each.pattern != OLD_DEALS, not each.own, each.chance, each.key


def _subject(each: FoundPattern) -> str:
    return f"pattern:{each.key}"


def _was_said(past: Sequence[PastInsight], each: FoundPattern) -> bool:
    """Whether it was put before them as it is now; what nobody got to see may come again."""
    return any(not earlier.missed for earlier in past if _tells(earlier, each))


def _tells(earlier: PastInsight, each: FoundPattern) -> bool:
    return earlier.subject == _subject(each) and earlier.occasion.startswith(
        each.found_at.isoformat()
    )


def _told(past: Sequence[PastInsight], each: FoundPattern) -> PastInsight | None:
    """How they were told of something that is over, if nothing has said so since."""
    told = [earlier for earlier in past if _tells(earlier, each)]
    over = (_subject(each), _over(each))
    if not told or any((earlier.subject, earlier.occasion) == over for earlier in past):
        return None
    first = told[0]
    # What they sent away, or never saw, they need not hear the end of; an open card has said it.
    quiet = first.dismissed_at is not None or first.missed or first.settled is not None
    return None if quiet else first


def _over(each: FoundPattern) -> str:
    return f"over {each.gone_at.isoformat() if each.gone_at else ''}"


def _taken_back(look: TimeLook, each: FoundPattern, told: PastInsight) -> Draft | None:
    return Draft(
        person_id=look.person.id,
        subject=_subject(each),
        occasion=_over(each),
        priority=Priority.LOW,
        message=say(
            "Taken back: later deals no longer show what you were told on {day}. It was: {said}",
            day=local_date(told.created_at, look.person),
            said=each.message,
        ),
        reason=say("What was said is tested again every week, and no longer passes."),
        suggestion=Suggestion("view_pattern", {"said": each.message, "over": True}),
        expires_at=look.now + LASTS,
    )


def _draft(person: Person, each: FoundPattern, now: datetime) -> Draft | None:
    """It as it was found; of old deals how many there are now, and nothing of a few."""
    draft = Draft(
        person_id=person.id,
        subject=_subject(each),
        # What nobody got to see may come once more.
        occasion=f"{each.found_at.isoformat()} on {local_date(now, person)}",
        priority=Priority.LOW,
        message=each.message,
        reason=say(
            "The two went together; figures do not tell whether one brings about the other."
        ),
        suggestion=Suggestion("view_pattern", {**each.figures, "said": each.message}),
        expires_at=now + LASTS,
    )
    if each.pattern != OLD_DEALS:
        return draft
    days = int(each.figures["days"])
    count = how_many(each.open_deals, days, now, person)
    if count < FEW:
        return None
    closed, own = int(each.figures["rest_n"]), bool(each.figures["own"])
    return replace(
        draft,
        message=said(count, len(each.open_deals), days, closed, own=own),
        reason=say("What is open for that long has so far come to no end by itself."),
        suggestion=Suggestion("view_old_deals", {"days": days, "count": count}),
    )


def still_true(look: TruthLook) -> Standing:
    """As long as it passes every week; of old deals, with how many there are now."""
    each = next(
        (one for one in look.known[PATTERNS] if _subject(one) == look.insight.subject), None
    )
    if look.insight.suggestion.params.get("over"):
        return TRUE
    if each is None:
        return Over(say("It can no longer be told from the figures."))
    if each.gone_at is not None:
        return Over(say("Taken back: later deals no longer show it."))
    if each.pattern != OLD_DEALS:
        return TRUE
    draft = _draft(look.person, each, look.now)
    if draft is None:
        return Over(say("Hardly any of your open deals is that old any more."))
    return said_anew(draft)


RULE = PersonRule(
    called=say("Patterns"),
    summary=say(
        "Once a week at most: what the team's own figures show, with counts; and when it no "
        "longer holds."
    ),
    level=Level.ACTIVE,
    next=next_time,
    evaluate=evaluate,
    still_true=still_true,
    shown=(PATTERNS,),
    type=InsightType.PATTERN,
)
