"""A new lead waits longer for the first word than those did that the team has won.

When: nobody was in touch with a new lead within the time in which nine of ten leads that were won
had been contacted; once a lead, and not any more once it counts as cold. Why it helps: who asks has
the question now. What it must not say: a figure that is not the team's own, or that an answer in
time wins; where too few leads were won to tell, it says nothing.
"""

from datetime import datetime, timedelta

from coach import settling
from coach.calendar import after_working_days, after_working_time
from coach.concern import is_hoped_for, is_lead
from coach.keys import about, subject_key
from coach.knowledge import DEALS_WITH, USUAL_ANSWER, Answered, Known
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
from coach.one_by_one import one_by_one
from coach.phrases import Phrase, counted, say
from coach.rule import TimeLook, TimeRule, Verdict
from coach.thresholds import stale_lead_days
from coach.truth import Changed, Over, Standing, TruthLook

#: A lead is spoken of once; then it is one among those that go cold.
GAP = timedelta(days=60)

#: How many of one person's leads are spoken of in a day.
A_DAY = 2

_HOUR = 60


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """When a lead has waited for too long; never once anybody was in touch, or it is no lead."""
    usual = known[USUAL_ANSWER]
    if usual is None or not is_lead(subject):
        return None
    if subject.created_at is None or subject.last_contacted_at is not None:
        return None
    if not is_hoped_for(subject, known[DEALS_WITH].get(subject_key(subject))):
        return None
    # By their working hours, as it was learned: nobody waits for a word in the night.
    return after_working_time(
        subject.created_at,
        timedelta(minutes=usual.minutes),
        person,
        before=_cold_at(subject.created_at, person),
    )


def _cold_at(created: datetime, person: Person) -> datetime:
    return after_working_days(created, stale_lead_days(person), person)


def evaluate(look: TimeLook) -> Verdict:
    """The newest first, at most two a person a day; of what was so before there is no word."""
    usual = look.known[USUAL_ANSWER]
    if usual is None or look.at_once is not None:
        return Verdict()
    leads = [each for each in look.due if isinstance(each, Contact) and each.created_at]
    new = [each for each in leads if look.now < _cold_at(each.created_at or look.now, look.person)]
    verdict = one_by_one(
        look,
        sorted(new, key=lambda lead: lead.created_at or look.now, reverse=True),
        lambda lead: _draft(look, lead, usual),
        gap=GAP,
        a_day=A_DAY,
    )
    # The others are among those that go cold.
    cold = {subject_key(lead): look.now + GAP for lead in leads if lead not in new}
    return Verdict(verdict.drafts, verdict.again_at, {**cold, **verdict.later})


def still_true(look: TruthLook) -> Standing:
    """While nobody was in touch and it has not gone cold."""
    usual = look.known[USUAL_ANSWER]
    for lead in look.left:
        if usual is not None and isinstance(lead, Contact) and lead.created_at is not None:
            return _said(lead, lead.created_at, usual)
    its = look.only(Contact)
    if its is None:
        return Over(settling.gone(look))
    if its.last_contacted_at is not None:
        if look.is_ours([its]):
            return Over(say("Contacted: {leads}.", leads=its.thing))
        return Over(say("Contacted, says the CRM: {leads}.", leads=its.thing))
    return Over(say("{lead} does not wait for your first word any more.", lead=its.thing))


def _draft(look: TimeLook, lead: Contact, usual: Answered) -> Draft:
    created = lead.created_at or look.now
    said = _said(lead, created, usual)
    return Draft(
        person_id=look.person.id,
        subject=subject_key(lead),
        occasion="first response",
        priority=Priority.HIGH,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=_cold_at(created, look.person),
        about=said.about,
    )


def _said(lead: Contact, created: datetime, usual: Answered) -> Changed:
    return Changed(
        say(
            "{lead} is new since {time} and waits for a first word.", lead=lead.thing, time=created
        ),
        _so_soon(usual),
        Suggestion("view_stale_leads", {"contacts": [[lead.connection_id, lead.id]], "new": True}),
        (about(lead),),
    )


def _so_soon(usual: Answered) -> Phrase:
    """How soon the team's won leads were contacted, in the unit that suits it."""
    if usual.minutes < 2 * _HOUR:
        return counted(
            "9 of 10 leads your team won were first contacted within {time} working minute "
            "({leads} leads).",
            "9 of 10 leads your team won were first contacted within {time} working minutes "
            "({leads} leads).",
            "time",
            time=usual.minutes,
            leads=usual.leads,
        )
    return counted(
        "9 of 10 leads your team won were first contacted within {time} working hour ({leads} "
        "leads).",
        "9 of 10 leads your team won were first contacted within {time} working hours ({leads} "
        "leads).",
        "time",
        time=-(-usual.minutes // _HOUR),
        leads=usual.leads,
    )


RULE = TimeRule(
    called=say("First words"),
    summary=say("New leads that wait longer for a first word than those your team won."),
    level=Level.BALANCED,
    kind=SubjectKind.CONTACT,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    setting="stale_lead_days",
    knows=(USUAL_ANSWER, DEALS_WITH),
    asks_of=is_lead,
    latest_first=True,
)
