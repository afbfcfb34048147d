"""Leads nobody has contacted for too long."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from coach import settling
from coach.backlogs import with_old
from coach.calendar import after_working_days
from coach.concern import is_hoped_for, is_lead
from coach.keys import about, subject_key
from coach.knowledge import DEALS_WITH, Known
from coach.models import (
    About,
    Contact,
    Deal,
    DealStatus,
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
)
from coach.phrases import Phrase, Series, counted, names, say, together
from coach.promising import days_silent, most_promising_first
from coach.repetition import next_allowed
from coach.rule import TimeLook, TimeRule, Verdict
from coach.terms import at_least_days, so_many_days
from coach.thresholds import stale_lead_days
from coach.truth import Over, Standing, TruthLook, said_anew

GAP = timedelta(hours=24)

#: How many leads are named; the others are counted.
NAMED = 3

#: How many leads are shown on demand, and remembered, to tell whether anything has changed.
LISTED, MARKS = 100, 1000


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a lead becomes stale; never when it is no lead, was won or lost, or was deleted."""
    if not is_lead(subject) or subject.silent_since is None:
        return None
    if not is_hoped_for(subject, known[DEALS_WITH].get(subject_key(subject))):
        return None
    return after_working_days(subject.silent_since, stale_lead_days(person), person)


def is_another_dealing(before: Subject | None, after: Subject) -> bool:
    """Whether a deal was decided with somebody else than before, or otherwise, or is no more.

    Or it is a new one: with whom all were lost is hoped for again.
    """
    return _is_new(before, after) or _decided(before) != _decided(after)


def _is_new(before: Subject | None, after: Subject) -> bool:
    if before is not None or not isinstance(after, Deal) or after.deleted:
        return False
    return after.contact_id is not None


def _decided(deal: Subject | None) -> tuple[str, DealStatus] | None:
    if not isinstance(deal, Deal) or deal.deleted or deal.status is DealStatus.OPEN:
        return None
    return None if deal.contact_id is None else (deal.contact_id, deal.status)


def evaluate(look: TimeLook) -> Verdict:
    """One insight for all stale leads of a person, the most promising first, once in 24 hours."""
    leads = _in_order(look.due, look.known, look.now)
    allowed = next_allowed(look.said, gap=GAP, about=_marked(leads), now=look.now)
    if allowed is None or not leads:
        # Until another one goes cold.
        return Verdict()
    if allowed > look.now:
        return Verdict(again_at=allowed)
    draft = _draft(look, leads)
    return Verdict([draft], again_at=look.now + GAP)


def still_true(look: TruthLook) -> Standing:
    """While any of the leads waits for a word; those named and their number follow."""
    leads = _in_order(look.left, look.known, look.now)
    if not leads:
        return Over(settling.cold_no_more(look))
    return said_anew(_draft(look, leads))


def _in_order(subjects: Sequence[Subject], known: Known, now: datetime) -> list[Contact]:
    leads = [each for each in subjects if isinstance(each, Contact) and each.silent_since]
    return most_promising_first(leads, now, known[DEALS_WITH])


def _marked(leads: list[Contact]) -> tuple[About, ...]:
    # One who was contacted and went quiet again is news.
    return tuple(about(lead, lead.silent_since) for lead in leads)[:MARKS]


def _draft(look: TimeLook | TruthLook, leads: list[Contact]) -> Draft:
    person, count, now = look.person, look.count, look.now
    silences = [days_silent(lead, now, person) for lead in leads]
    least = min(silences)
    alike = count == len(leads) and least == max(silences)
    return Draft(
        person_id=person.id,
        subject=f"person:{person.id}",
        occasion=now.isoformat(timespec="seconds"),
        priority=Priority.HIGH,
        message=counted(
            "Warm lead going cold: {leads} hasn't been contacted in {silence}.",
            "Warm leads going cold: {leads} haven't been contacted in {silence}.",
            "count",
            leads=names([lead.thing for lead in leads], NAMED, count),
            count=count,
            silence=so_many_days(least) if alike else at_least_days(least),
        ),
        reason=with_old(_reason(person, leads, now), count, look.old),
        suggestion=Suggestion(
            "view_stale_leads",
            {
                "contacts": [[lead.connection_id, lead.id] for lead in leads[:LISTED]],
                "count": count,
            },
        ),
        expires_at=now + GAP,
        about=_marked(leads),
    )


def _reason(person: Person, leads: list[Contact], now: datetime) -> Phrase:
    limit = counted(
        "Your limit is {days} working day without a call, mail, meeting or note.",
        "Your limit is {days} working days without a call, mail, meeting or note.",
        "days",
        days=stale_lead_days(person),
    )
    if len(leads) == 1:
        return limit
    each = [
        _silent(lead, days) for lead in leads[:NAMED] for days in (days_silent(lead, now, person),)
    ]
    return together(say("Silent: {leads}.", leads=Series(tuple(each))), limit)


def _silent(lead: Contact, days: int) -> Phrase:
    if not lead.company or lead.company.casefold() in lead.name.casefold():
        return say("{lead} for {silence}", lead=lead.thing, silence=so_many_days(days))
    return say(
        "{lead} of {company} for {silence}",
        lead=lead.thing,
        company=lead.company,
        silence=so_many_days(days),
    )


RULE = TimeRule(
    called=say("Leads going cold"),
    summary=say("Leads without contact for your number of working days."),
    level=Level.MINIMAL,
    kind=SubjectKind.CONTACT,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    setting="stale_lead_days",
    counts=lambda count: counted(
        "{count} lead gone cold", "{count} leads gone cold", "count", count=count
    ),
    knows=(DEALS_WITH,),
    asks_of=is_lead,
    latest_first=True,
    lists=True,
    moved_by=frozenset({SubjectKind.DEAL}),
    moved_when=is_another_dealing,
)
