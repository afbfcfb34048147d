"""Leads nobody has contacted for too long."""

from datetime import datetime, timedelta

from coach.calendar import after_working_days
from coach.keys import about
from coach.knowledge import Known
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
from coach.rule import TimeLook, TimeRule, Verdict
from coach.thresholds import stale_lead_days

GAP = timedelta(hours=24)

#: How many leads are named; the others are counted.
NAMED = 3

#: How many leads are shown on demand, and remembered, to tell whether anything has changed.
LISTED, MARKS = 100, 1000


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a lead becomes stale; never when it is no lead or was deleted."""
    if not isinstance(subject, Contact) or subject.deleted or not subject.is_lead:
        return None
    if subject.silent_since is None:
        return None
    return after_working_days(subject.silent_since, stale_lead_days(person), person)


def evaluate(look: TimeLook) -> Verdict:
    """One insight for all stale leads of a person, longest silent first, once in 24 hours."""
    leads = sorted(
        (lead for lead in look.due if isinstance(lead, Contact) and lead.silent_since),
        key=lambda lead: (lead.silent_since, lead.id),
    )
    # One who was contacted and went quiet again is news.
    seen = tuple(about(lead, lead.silent_since) for lead in leads)[:MARKS]
    allowed = next_allowed(look.past, gap=GAP, about=seen, now=look.now)
    if allowed is None or not leads:
        # Until another one goes cold.
        return Verdict()
    if allowed > look.now:
        return Verdict(again_at=allowed)
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
            leads=names([lead.thing for lead in leads], NAMED, look.count),
            count=look.count,
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
        about=seen,
    )
    return Verdict([draft], again_at=look.now + GAP)


RULE = TimeRule(
    summary="Leads without contact for your number of working days.",
    level=Level.MINIMAL,
    kind=SubjectKind.CONTACT,
    due=due,
    evaluate=evaluate,
    setting="stale_lead_days",
)
