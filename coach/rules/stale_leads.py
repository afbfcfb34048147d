"""Leads nobody has contacted for too long."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from coach import settling
from coach.calendar import after_working_days
from coach.keys import about
from coach.knowledge import Known
from coach.models import (
    About,
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
from coach.truth import Over, Standing, TruthLook, said_anew

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
    leads = _longest_first(look.due)
    allowed = next_allowed(look.past, gap=GAP, about=_marked(leads), now=look.now)
    if allowed is None or not leads:
        # Until another one goes cold.
        return Verdict()
    if allowed > look.now:
        return Verdict(again_at=allowed)
    draft = _draft(look.person, leads, look.count, look.now)
    return Verdict([draft], again_at=look.now + GAP)


def still_true(look: TruthLook) -> Standing:
    """While any of the leads waits for a word; those named and their number follow."""
    leads = _longest_first(look.left)
    if not leads:
        return Over(settling.cold_no_more(look))
    return said_anew(_draft(look.person, leads, look.count, look.now))


def _longest_first(subjects: Iterable[Subject]) -> list[Contact]:
    leads = [each for each in subjects if isinstance(each, Contact) and each.silent_since]
    return sorted(leads, key=lambda lead: (lead.silent_since, lead.id))


def _marked(leads: list[Contact]) -> tuple[About, ...]:
    # One who was contacted and went quiet again is news.
    return tuple(about(lead, lead.silent_since) for lead in leads)[:MARKS]


def _draft(person: Person, leads: list[Contact], count: int, now: datetime) -> Draft:
    days = stale_lead_days(person)
    return Draft(
        person_id=person.id,
        subject=f"person:{person.id}",
        occasion=now.isoformat(timespec="seconds"),
        priority=Priority.HIGH,
        message=counted(
            "Warm leads going cold: {leads} hasn't been contacted in {days}+ days.",
            "Warm leads going cold: {leads} haven't been contacted in {days}+ days.",
            "count",
            leads=names([lead.thing for lead in leads], NAMED, count),
            count=count,
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
        expires_at=now + GAP,
        about=_marked(leads),
    )


RULE = TimeRule(
    summary="Leads without contact for your number of working days.",
    level=Level.MINIMAL,
    kind=SubjectKind.CONTACT,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    setting="stale_lead_days",
)
