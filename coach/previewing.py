"""What a person's day looks like with what they have set, and what the next digest will hold."""

from datetime import date, datetime

from coach.calendar import (
    holiday_on,
    is_at_work,
    is_working_day,
    local_date,
    moment_on,
    next_work,
)
from coach.chain import silenced
from coach.models import Insight, Person
from coach.phrases import Phrase, TimeOfDay, counted, facts, say, together
from coach.thresholds import daily_cap
from coach.timetable import (
    brief_on,
    digest_now,
    digest_on,
    is_time_for_digest,
    next_brief,
    next_digest,
)
from coach.verdicts import Decided, Reason, Verdict

_ASIDE = say("What answers something you have just done comes at once, at any hour.")


def today(person: Person, now: datetime) -> Phrase:
    """What comes today, and from when on, with what is stored for this person."""
    silent = silenced(person, now)
    if silent in {Reason.CONSENT, Reason.DECLINED, Reason.UNMATCHED}:
        return say("The coach has not started: nothing comes before you turn it on.")
    if silent is Reason.OFF:
        return say("The coach is off: nothing comes before you turn it on.")
    if silent is Reason.PAUSED and person.paused_until is not None:
        return say(
            "You have paused the coach: nothing comes before {until}.", until=person.paused_until
        )
    told = _today(person, now)
    if person.dnd_until is not None and person.dnd_until > now:
        quiet = say(
            "Slack says that you are not to be disturbed: nothing comes before {until}.",
            until=person.dnd_until,
        )
        return together(told, quiet)
    return together(told, _ASIDE)


def _today(person: Person, now: datetime) -> Phrase:
    day = local_date(now, person)
    begins = next_work(now, person)
    if (name := holiday_on(day, person)) is not None:
        return say(
            "Today is a holiday ({name}): nothing comes before {begins}.", name=name, begins=begins
        )
    if not is_working_day(day, person):
        return say("Today is a day off: nothing comes before {begins}.", begins=begins)
    if not is_at_work(now, person) and local_date(begins, person) != day:
        return say("Work is over for today: nothing comes before {begins}.", begins=begins)
    ends = TimeOfDay(moment_on(day, person.settings.work_until, person))
    nothing = say("nothing after {time}", time=ends)
    coming = facts(_brief(person, day), _digest(person, day, now), _most(person), nothing)
    return say("Today: {coming}.", coming=coming)


def _brief(person: Person, day: date) -> Phrase:
    at = brief_on(day, person)
    return say("no brief") if at is None else say("brief at {time}", time=TimeOfDay(at))


def _digest(person: Person, day: date, now: datetime) -> Phrase:
    if (at := digest_on(day, person)) is not None:
        return say("digest at {time}", time=TimeOfDay(at))
    coming = next_digest(person, now)
    return say("no digest") if coming is None else say("next digest on {time}", time=coming)


def _most(person: Person) -> Phrase:
    count = daily_cap(person)
    return counted("at most {count} message", "at most {count} messages", "count", count=count)


def digest_after(person: Person, now: datetime) -> datetime | None:
    """When the next digest comes; `None` when none does, as things are now."""
    silent = silenced(person, now)
    if silent is Reason.PAUSED and person.paused_until is not None:
        return next_digest(person, person.paused_until)
    if silent:
        return None
    # That of today may be about to be made.
    return digest_now(person, now) if is_time_for_digest(person, now) else next_digest(person, now)


def waits_for_digest(person: Person, insight: Insight, decided: Decided, now: datetime) -> bool:
    """Whether an insight that was not said yet is put into the next digest, as things are now."""
    if decided.verdict is not Verdict.DIGEST:
        return False
    digest = digest_after(person, now)
    if digest is None or insight.expires_at <= digest:
        return False
    brief = next_brief(person, now)
    return not (decided.reason is Reason.CAP and brief is not None and brief < digest)
