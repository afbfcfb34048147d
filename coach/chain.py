"""The steps of attention with one insight by itself, in their order, each with its reason.

`coach.attention` asks them of all that a person has open, and decides about these together.
"""

from datetime import datetime, timedelta

from coach.calendar import local_date, next_work
from coach.history import TO_DIGEST, Mute, Past
from coach.models import Enrolment, InsightType, Level, MessageState, Person, Priority
from coach.muting import mute_of, names_of
from coach.repetition import OFTEN
from coach.timetable import (
    BEGINNING,
    SAME_BRIEF,
    brief_from,
    brief_on,
    has_just_begun,
    is_time_for_brief,
)
from coach.verdicts import IN_BRIEF, IN_SUMMARY, SAID, TURN, Decided, Reason, Verdict
from coach.waiting import Waiting

#: An answer to what somebody has just done finds them at it for so long, at any hour.
FRESH = timedelta(minutes=15)


def silenced(person: Person, now: datetime) -> Reason | None:
    """Why nothing may be sent to this person at all, if so: what no message of advice gets past."""
    if person.slack_user_id is None:
        return Reason.UNMATCHED
    if person.enrolment is Enrolment.DECLINED:
        return Reason.DECLINED
    if person.enrolment is not Enrolment.STARTED:
        return Reason.CONSENT
    if not person.settings.enabled:
        return Reason.OFF
    return Reason.PAUSED if is_after(person.paused_until, now) else None


def admits(level: Level, priority: Priority) -> bool:
    """Whether a person at this level is interrupted by an insight of this priority."""
    return priority + level > Priority.HIGH


def is_after(until: datetime | None, now: datetime) -> bool:
    """Whether something that lasts until then, if at all, still does."""
    return until is not None and until > now


def standing(
    person: Person, each: Waiting, past: Past, now: datetime, *, bulk: bool, again: bool
) -> Decided | None:
    """The verdict on an insight that has nothing to do with the others; `None`: it may be said."""
    if each.expires_at <= now:
        return Decided(Verdict.DROP, Reason.EXPIRED)
    if each.stands and not again:
        return SAID
    if each.message is MessageState.SENDING:
        return TURN
    if (mute := _muted(each, past, now)) is not None:
        return Decided(Verdict.HOLD, Reason.MUTED, mute.until)
    if is_after(each.snoozed_until, now):
        return Decided(Verdict.HOLD, Reason.SNOOZED, each.snoozed_until)
    if (
        each.message is MessageState.DUE
        and each.shown_by == "digest"
        and silenced(person, now) is None
    ):
        # Why it was put there has not changed, and no reason to take it back while it is tried.
        return _still_due(person, each, now)
    if each.snoozed_until is not None and not each.stands:
        return _asked_for(person, each, now)
    # Before all that leads into the digest: there it would be said once more. A backlog was not
    # said before, whatever was said of its rule.
    if not each.backlog and past.unanswered.get((each.rule, each.subject), 0) >= OFTEN:
        return Decided(Verdict.HOLD, Reason.REPEATED)
    # Nobody is asked to be coached for the sake of what would not interrupt them.
    if not admits(person.settings.level, each.priority) and not each.backlog:
        return Decided(Verdict.DIGEST, Reason.BELOW_LEVEL)
    if (silent := silenced(person, now)) is not None:
        until = person.paused_until if silent is Reason.PAUSED else None
        return Decided(Verdict.HOLD, silent, until)
    if each.message is MessageState.FAILED:
        return Decided(Verdict.HOLD, Reason.REFUSED)
    if past.not_relevant.get(each.rule, 0) >= TO_DIGEST:
        return Decided(Verdict.DIGEST, Reason.NOT_RELEVANT)
    if each.rule in past.stepped_back:
        return Decided(Verdict.DIGEST, Reason.UNANSWERED)
    if bulk:
        return Decided(Verdict.DIGEST, Reason.BULK)
    if each.message is MessageState.DUE and each.shown_by != "card":
        return _still_due(person, each, now)
    if again:
        return IN_BRIEF
    if each.backlog:
        return IN_SUMMARY
    if _is_for_the_brief(person, each):
        return IN_BRIEF if person.settings.brief else Decided(Verdict.DIGEST, Reason.NO_BRIEF)
    if each.fresh_until is not None and each.fresh_until <= now:
        return Decided(Verdict.DIGEST, Reason.LATE)
    return _at_this_moment(person, each, now)


def _asked_for(person: Person, each: Waiting, now: datetime) -> Decided | None:
    """The verdict on what was put off until now: they want to hear of it, however often it came."""
    if not admits(person.settings.level, each.priority):
        return Decided(Verdict.DIGEST, Reason.BELOW_LEVEL)
    if (silent := silenced(person, now)) is not None:
        until = person.paused_until if silent is Reason.PAUSED else None
        return Decided(Verdict.HOLD, silent, until)
    if each.message is MessageState.FAILED:
        return Decided(Verdict.HOLD, Reason.REFUSED)
    if each.message is MessageState.DUE and each.shown_by != "card":
        return _still_due(person, each, now)
    if comes_with_brief(person, each, now):
        return IN_BRIEF
    return _at_this_moment(person, each, now)


def comes_with_brief(person: Person, each: Waiting, now: datetime) -> bool:
    """Whether it was put off until the brief that is made now, or was a moment ago: one message.

    What was put off until an hour after that comes then, by itself.
    """
    since = brief_from(person, now)
    if each.snoozed_until is None or since is None or not is_time_for_brief(person, now):
        return False
    return each.snoozed_until <= since


def _still_due(person: Person, each: Waiting, now: datetime) -> Decided:
    """The verdict on what a brief or digest, on its way to Slack, is to show."""
    if is_after(person.dnd_until, now):
        return Decided(Verdict.HOLD, Reason.DISTURBED, person.dnd_until)
    if (work := next_work(now, person)) > now and not has_just_begun(person, now):
        return Decided(Verdict.HOLD, Reason.HOURS, work)
    return TURN


def _at_this_moment(person: Person, each: Waiting, now: datetime) -> Decided | None:
    """Whether the person can be interrupted just now."""
    if is_after(each.not_before, now):
        return Decided(Verdict.HOLD, Reason.TROUBLE, each.not_before)
    if is_after(person.dnd_until, now):
        return Decided(Verdict.HOLD, Reason.DISTURBED, person.dnd_until)
    if not is_at_it(each, now) and (work := next_work(now, person)) > now:
        return Decided(Verdict.HOLD, Reason.HOURS, work)
    return None


def is_at_it(each: Waiting, now: datetime) -> bool:
    """Whether its person is at it just now: it answers what they did, or they wanted it now."""
    if each.snoozed_until is not None:
        return now - FRESH < each.snoozed_until <= now
    return each.own_act and each.created_at + FRESH > now


def _is_for_the_brief(person: Person, each: Waiting) -> bool:
    """What time alone brings comes together, but for whoever wants everything as it comes."""
    if each.type is InsightType.ACTION:
        return False
    if person.settings.level < Level.ACTIVE:
        return True
    # What is there as their day begins comes together even so.
    since = brief_on(local_date(each.created_at, person), person)
    began = person.began_at
    return (since is not None and each.created_at < since + SAME_BRIEF) or (
        began is not None and began <= each.created_at < began + BEGINNING
    )


def _muted(each: Waiting, past: Past, now: datetime) -> Mute | None:
    if not past.mutes:
        return None
    return mute_of(names_of(each.rule, each.type, each.subject, each.about), past.mutes, now)
