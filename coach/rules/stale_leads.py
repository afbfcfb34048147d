"""Leads nobody has contacted for too long."""

from datetime import datetime, timedelta

from coach.calendar import after_working_days, before_working_days
from coach.engine import TimeLook, TimeRule, Verdict, subject_key
from coach.models import (
    Contact,
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
)
from coach.phrases import counted, names
from coach.repetition import next_allowed
from coach.thresholds import stale_lead_days

GAP = timedelta(hours=24)

#: How many leads are named; the others are counted.
NAMED = 3

#: How many leads are shown on demand, and remembered, to tell whether anything has changed.
LISTED, MARKS = 100, 1000


def cutoff(now: datetime, person: Person) -> datetime:
    """Leads silent since then or longer are stale."""
    return before_working_days(now, stale_lead_days(person), person)


def ripe_at(subject: Subject, person: Person) -> datetime | None:
    """When a lead becomes stale; never when it is no lead or was deleted."""
    if not isinstance(subject, Contact) or subject.deleted or not subject.is_lead:
        return None
    if subject.silent_since is None:
        return None
    return after_working_days(subject.silent_since, stale_lead_days(person), person)


def evaluate(look: TimeLook) -> Verdict:
    """One insight for all stale leads of a person, longest silent first, once in 24 hours."""
    leads = sorted(
        (lead for lead in look.ripe if isinstance(lead, Contact) and lead.silent_since),
        key=lambda lead: (lead.silent_since, lead.id),
    )
    # One who was contacted and went quiet again is news.
    about = tuple(f"{subject_key(lead)}@{lead.silent_since}" for lead in leads)[:MARKS]
    allowed = next_allowed(look.past, gap=GAP, about=about, now=look.now)
    if allowed is None:
        return Verdict(again_at=look.now + GAP)
    if not leads or allowed > look.now:
        return Verdict(again_at=max(allowed, look.now + timedelta(minutes=1)))
    days = stale_lead_days(look.person)
    draft = Draft(
        person_id=look.person.id,
        subject=f"person:{look.person.id}",
        occasion=look.now.isoformat(timespec="seconds"),
        priority=Priority.HIGH,
        message=counted(
            "Warm leads going cold: {leads} hasn't been contacted in {days}+ days.",
            "Warm leads going cold: {leads} haven't been contacted in {days}+ days.",
            "count",
            leads=names([lead.thing for lead in leads], NAMED),
            count=len(leads),
            days=days,
        ),
        reason=counted(
            "Your limit is {days} working day without a call, mail, meeting or note.",
            "Your limit is {days} working days without a call, mail, meeting or note.",
            "days",
            days=days,
        ),
        suggestion=Suggestion(
            "view_stale_leads",
            {"contacts": [[lead.connection_id, lead.id] for lead in leads[:LISTED]]},
        ),
        expires_at=look.now + GAP,
        about=about,
    )
    return Verdict([draft], again_at=look.now + GAP)


RULE = TimeRule(
    summary="Leads without contact for your number of working days.",
    level=Level.MINIMAL,
    kind=SubjectKind.CONTACT,
    since="silent_since",
    cutoff=cutoff,
    ripe_at=ripe_at,
    evaluate=evaluate,
)
