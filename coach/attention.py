"""When, if at all, an insight may reach its person, and as what: decided here and nowhere else.

For one person at a time, from values; each decision keeps its reason.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coach.backlogs import adds_to_summary, is_time_for_summary, whole_at
from coach.bulk import in_bulk
from coach.calendar import (
    after_working_days,
    is_at_work,
    local_date,
    next_morning,
    next_work,
    start_of_day,
)
from coach.chain import FRESH, comes_with_brief, is_after, is_at_it, silenced, standing
from coach.history import Past
from coach.models import (
    Enrolment,
    Insight,
    InsightState,
    InsightType,
    MessageState,
    Person,
    SubjectKind,
)
from coach.thresholds import daily_cap
from coach.timetable import (
    BRIEF_LINES,
    adds_to_brief,
    digest_now,
    digest_to_come,
    has_just_begun,
    is_time_for_brief,
    is_time_for_digest,
    next_brief,
    next_digest,
)
from coach.verdicts import IN_BRIEF, IN_SUMMARY, SAID, TURN, Decided, Reason, Verdict
from coach.waiting import Waiting, most_important, on_their_way

#: After an unanswered card, the next one waits so long.
APART = timedelta(seconds=60)

#: What waits for the rules to look is decided about again so soon.
SOON = timedelta(seconds=5)

#: What is in a digest can be answered for so many working days after it: a weekly one comes as
#: the week ends.
IN_DIGEST = 2

#: What answers something done, and is of use for so long, is of use in a digest too.
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided for one person."""

    #: By fingerprint.
    insights: dict[str, Decided]
    #: When this person must be looked at again though nothing has happened; `None`: never.
    again_at: datetime | None = None
    #: Whether they must be asked first whether they want to be coached at all.
    ask: bool = False
    #: What the brief is to be made of now, in its order; empty: no brief is made.
    brief: tuple[str, ...] = ()
    #: The same of the digest.
    digest: tuple[str, ...] = ()
    #: The same of the summary of what was so before the coach knew of it.
    backlog: tuple[str, ...] = ()
    #: What is to last until then, so that it is in the digest it waits for.
    lasts: dict[str, datetime] = field(default_factory=dict)
    #: Rules of which they are to be asked whether to go on; until they say so, these are silent.
    ask_about: tuple[str, ...] = ()


_NOTHING_PAST = Past()


def decide(
    person: Person,
    waiting: Sequence[Waiting],
    now: datetime,
    past: Past = _NOTHING_PAST,
    *,
    looked: bool = True,
) -> Decision:
    """Decide on all open insights of one person together.

    At most one is sent by a card at a time; what time brings goes together, in the brief. It is
    not made yet where not all rules have `looked` at their person this morning.
    """
    bulk = in_bulk(waiting)
    anew = is_time_for_brief(person, now) and not adds_to_brief(person, now)
    decided: dict[str, Decided] = {}
    ready: list[Waiting] = []
    for each in waiting:
        # What stands in the brief of before is left to the one of now, but for what is to be known
        # and not done: of that one morning hears.
        again = anew and _is_in_brief(each, now) and each.type is not InsightType.PATTERN
        found = standing(person, each, past, now, bulk=each.fingerprint in bulk, again=again)
        if found is None:
            ready.append(each)
        else:
            decided[each.fingerprint] = found
    in_order = most_important(waiting)
    room = daily_cap(person) - past.today - on_their_way(waiting)
    backlog = _backlog(person, in_order, decided, now, room)
    room -= bool(backlog) and not adds_to_summary(person, now)
    brief = _brief(person, in_order, decided, now, room) if looked else ()
    if anew and _is_said_today(person, waiting, brief, now):
        # No brief takes the place of the one before: what stands there still does.
        brief = ()
        decided |= {each.fingerprint: SAID for each in waiting if _is_in_brief(each, now)}
    if behind := _asked_for_behind(person, waiting, brief, now):
        # What they asked for does not come behind a button: it comes by itself after the brief.
        brief = tuple(print_ for print_ in brief if print_ not in behind)
        ready += [each for each in waiting if each.fingerprint in behind]
    room -= bool(brief) and not adds_to_brief(person, now)
    if room - digest_to_come(person, now) <= 0:
        # One message of the day is the digest's: what is too much for the day waits for it.
        decided |= {each.fingerprint: Decided(Verdict.DIGEST, Reason.CAP) for each in ready}
        ready = []
    digest = _digest(person, in_order, decided, past, now, room)
    lasting = _lasting(person, waiting, decided, now, digest)
    for print_ in (*backlog, *brief, *digest):
        decided[print_] = TURN
    decided |= _in_turn(ready, waiting, now)
    again_at = _again_at(person, decided, now)
    return Decision(
        decided,
        again_at if looked else now + SOON,
        _ask(person, waiting, decided, now),
        brief,
        digest,
        backlog,
        lasting,
        _tired(person, waiting, past, now),
    )


def aged(person: Person, waiting: Sequence[Waiting], now: datetime) -> list[str]:
    """What stands in Slack since an earlier day: it may say how many days something is old."""
    today = local_date(now, person)
    return [
        each.fingerprint
        for each in waiting
        if each.stands
        and each.expires_at > now
        and local_date(each.as_of or each.created_at, person) < today
    ]


def _is_in_brief(each: Waiting, now: datetime) -> bool:
    """Whether it stands in a brief, to be answered there."""
    return each.stands and each.shown_by == "brief" and each.expires_at > now


def _asked_for_behind(
    person: Person, waiting: Sequence[Waiting], brief: Sequence[str], now: datetime
) -> set[str]:
    """What of a brief was put off until now and would be out of sight in it."""
    asked_for = {each.fingerprint for each in waiting if comes_with_brief(person, each, now)}
    if asked_for.isdisjoint(brief):
        return set()
    known = {each.fingerprint: each for each in waiting}
    adds = adds_to_brief(person, now)
    there = [each.fingerprint for each in waiting if adds and _is_in_brief(each, now)]
    # As it is drawn: by priority, and what is there already before its equals.
    lines = sorted(
        {**dict.fromkeys(there), **dict.fromkeys(brief)}, key=lambda print_: -known[print_].priority
    )
    return asked_for.intersection(brief).intersection(lines[BRIEF_LINES:])


def _is_said_today(
    person: Person, waiting: Sequence[Waiting], brief: Sequence[str], now: datetime
) -> bool:
    """Whether today's brief, which stands, holds all that is to be in a new one."""
    today = local_date(now, person)
    there = {
        each.fingerprint
        for each in waiting
        if each.behind or _is_in_brief(each, now)
        if each.shown_by == "brief"
        if each.sent_at is not None and local_date(each.sent_at, person) == today
    }
    return there.issuperset(brief)


def _lasting(
    person: Person,
    waiting: Sequence[Waiting],
    decided: Mapping[str, Decided],
    now: datetime,
    made: Collection[str],
) -> dict[str, datetime]:
    """Until when what waits for a digest, or is in the one `made`, is to last: it is in one."""
    lasting: dict[str, datetime] = {}
    for each in waiting:
        if (verdict := decided.get(each.fingerprint)) is None:
            continue
        # What is in a digest stands there as long as the rest of it, whatever it is about.
        is_made = each.fingerprint in made
        if not is_made and not _is_for_later(each, verdict):
            continue
        digest = now if is_made else next_digest(person, each.told_at or each.created_at)
        if digest is None:
            continue
        # It can be answered for some days, but is in no second one.
        end = after_working_days(digest, IN_DIGEST, person)
        end = min(next_digest(person, digest) or end, end)
        if each.expires_at < end:
            lasting[each.fingerprint] = end
    return lasting


#: What begins the subject of an insight about one thing.
_THINGS = frozenset(SubjectKind)


def _is_for_later(each: Waiting, decided: Decided) -> bool:
    """Whether it is worth a line days later: what is over within hours is for its moment."""
    if decided.verdict is not Verdict.DIGEST:
        return False
    if each.type is not InsightType.ACTION:
        # A list is counted anew each day; of one thing nothing more is said until then.
        return each.subject.partition(":")[0] in _THINGS
    told_at = each.told_at or each.created_at
    return decided.reason is Reason.BULK or each.expires_at - told_at >= A_DAY


def _ask(
    person: Person, waiting: Sequence[Waiting], decided: Mapping[str, Decided], now: datetime
) -> bool:
    """Whether to ask somebody new, for the sake of what they would be told, and at this hour."""
    if person.enrolment is not Enrolment.NEW:
        return False
    held = [each for each in waiting if decided[each.fingerprint].reason is Reason.CONSENT]
    return any(is_at_it(each, now) for each in held) or bool(held and is_at_work(now, person))


def _tired(
    person: Person, waiting: Sequence[Waiting], past: Past, now: datetime
) -> tuple[str, ...]:
    """Kinds that went unanswered in digest after digest, at the time of the next."""
    if not past.tired or digest_now(person, now) is None or silenced(person, now):
        return ()
    muted = {mute.what for mute in past.mutes if mute.until is None or mute.until > now}
    kinds = {each.rule for each in waiting} & past.tired
    return tuple(sorted(rule for rule in kinds if f"rule:{rule}" not in muted))


def _again_at(person: Person, decided: Mapping[str, Decided], now: datetime) -> datetime | None:
    again: list[datetime | None] = [each.until for each in decided.values()]
    if person.enrolment is Enrolment.NEW and any(
        each.reason is Reason.CONSENT for each in decided.values()
    ):
        again.append(next_work(now, person))
    if decided:
        # What belongs into a brief or digest waits for it too.
        again.append(person.dnd_until)
    if any(each.verdict is Verdict.NOW for each in decided.values()):
        # Of what stands there, or will in a moment, days are told as they pass.
        again.append(start_of_day(local_date(now, person) + timedelta(days=1), person))
    if any(each == IN_BRIEF for each in decided.values()):
        again.append(next_brief(person, now))
    if person.backlog_at is not None and any(each == IN_SUMMARY for each in decided.values()):
        again.append(next_work(max(now, whole_at(person)), person))
    if any(each.reason is Reason.CAP for each in decided.values()):
        # What is too much for today has its turn when the next day of work begins.
        tomorrow = start_of_day(local_date(now, person) + timedelta(days=1), person)
        again.append(next_morning(tomorrow, person))
    if any(each.verdict is Verdict.DIGEST for each in decided.values()):
        again.append(next_digest(person, now))
    return min((at for at in again if at is not None and at > now), default=None)


def still_wanted(person: Person, insight: Insight, now: datetime) -> bool:
    """Whether what was decided still holds when the message has its turn, a moment later."""
    return (
        insight.state is InsightState.OPEN
        and insight.expires_at > now
        and not insight.is_put_off(now)
        and silenced(person, now) is None
    )


def takes_its_place(person: Person, anew: Waiting, past: Past, now: datetime) -> bool:
    """Whether what is found out anew is to be said now, and so takes the place of the same.

    What stands in a digest stays there until its person answers it, or is told of it elsewhere.
    """
    found = standing(person, anew, past, now, bulk=False, again=False)
    if found == IN_BRIEF:
        return is_time_for_brief(person, now)
    return found is None or (found == IN_SUMMARY and is_time_for_summary(person, now))


def may_come(person: Person, insights: Sequence[Insight], now: datetime, *, alone: bool) -> bool:
    """Whether a message about these may come at this hour, however long it has been on its way.

    `alone`: a card, which may answer what its person has just done, or wanted to hear of now.
    """
    if is_at_work(now, person) or has_just_begun(person, now):
        return True
    since = now - FRESH
    moments = [max(each.created_at, each.snoozed_until or each.created_at) for each in insights]
    return alone and any(since < moment <= now for moment in moments)


def _backlog(
    person: Person,
    in_order: Sequence[Waiting],
    decided: Mapping[str, Decided],
    now: datetime,
    room: int,
) -> tuple[str, ...]:
    """What the summary of a backlog is made of, if it is its time."""
    if not is_time_for_summary(person, now) or is_after(person.dnd_until, now):
        return ()
    if room <= 0 and not adds_to_summary(person, now):
        return ()
    return _those(in_order, decided, IN_SUMMARY, now)


def _brief(
    person: Person,
    in_order: Sequence[Waiting],
    decided: Mapping[str, Decided],
    now: datetime,
    room: int,
) -> tuple[str, ...]:
    """What the brief is made of, if it is its time."""
    if not person.settings.brief or silenced(person, now):
        return ()
    if room <= 0 and not adds_to_brief(person, now):
        return ()
    if is_after(person.dnd_until, now) or not is_time_for_brief(person, now):
        return ()
    return _those(in_order, decided, IN_BRIEF, now)


def _those(
    in_order: Sequence[Waiting], decided: Mapping[str, Decided], as_: Decided, now: datetime
) -> tuple[str, ...]:
    return tuple(
        each.fingerprint
        for each in in_order
        if decided.get(each.fingerprint) == as_ and not is_after(each.not_before, now)
    )


def _digest(
    person: Person,
    in_order: Sequence[Waiting],
    decided: Mapping[str, Decided],
    past: Past,
    now: datetime,
    room: int,
) -> tuple[str, ...]:
    """What the digest is made of, if it is its time."""
    if room <= 0 or not is_time_for_digest(person, now) or silenced(person, now):
        return ()
    if is_after(person.dnd_until, now):
        return ()
    return tuple(
        each.fingerprint
        for each in in_order
        if each.rule not in past.tired
        if each.fingerprint in decided and decided[each.fingerprint].verdict is Verdict.DIGEST
    )


def _in_turn(
    ready: Sequence[Waiting],
    waiting: Sequence[Waiting],
    now: datetime,
) -> dict[str, Decided]:
    """The most important first; the others wait until it is said."""
    held = Decided(Verdict.HOLD, Reason.PACE)
    if any(each.message is MessageState.SENDING for each in waiting):
        # What becomes of it has this person looked at again.
        return {each.fingerprint: held for each in ready}
    unanswered = [
        each.sent_at
        for each in waiting
        if each.stands and each.sent_at is not None and each.expires_at > now
    ]
    free_at = max(unanswered, default=None)
    if free_at is not None and free_at + APART > now:
        held = Decided(Verdict.HOLD, Reason.PACE, free_at + APART)
        return {each.fingerprint: held for each in ready}
    decided = {each.fingerprint: held for each in ready}
    if ready:
        decided[most_important(ready)[0].fingerprint] = TURN
    return decided
