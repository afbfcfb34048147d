"""A deal was lost: write down why, and ask again after three months.

When: within two weeks of a loss for which the CRM has no reason, once; and once more in the month
that begins ninety days after a loss, whether the client is to be spoken to again. Why it helps: a
reason that is written down while it is fresh is what the next deal can learn from, and much of what
is lost is lost to a bad moment. Off until somebody wants it: where losses are many, it would ask
about each. What it must not say: whose fault it was, a reason that nobody has given, or that the
client would buy now.
"""

from datetime import datetime, timedelta

from coach import settling
from coach.calendar import local_date
from coach.keys import about, subject_key
from coach.knowledge import CONTACTS_OF_DEALS, TASKS_OF_DEALS, Known
from coach.models import (
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
    TaskStatus,
)
from coach.one_by_one import one_by_one
from coach.phrases import DateWithYear, Phrase, say
from coach.rule import TimeLook, TimeRule, Verdict
from coach.truth import Changed, Over, Standing, TruthLook

#: For so long after a loss its reason is fresh.
FRESH = timedelta(days=14)

#: After so long the client may be spoken to again, and for so long it is said.
AGAIN, FOR = timedelta(days=90), timedelta(days=30)

GAP = timedelta(days=60)

A_DAY = 1

#: What is not asked any more; a change of the deal brings it back.
NEVER = timedelta(days=3650)


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """From the loss on where its reason is to be given, else ninety days later."""
    if not isinstance(subject, Deal) or subject.deleted or subject.status is not DealStatus.LOST:
        return None
    if subject.closed_at is None:
        return None
    return subject.closed_at if subject.lost_reason is None else subject.closed_at + AGAIN


def evaluate(look: TimeLook) -> Verdict:
    """One a day; of what was lost before the coach knew of it there is no word."""
    if look.at_once is not None:
        return Verdict()
    deals = [each for each in look.due if isinstance(each, Deal) and each.closed_at is not None]
    asked = [deal for deal in deals if _asks(deal, look.now) is not None]
    verdict = one_by_one(
        look,
        sorted(asked, key=lambda deal: deal.closed_at or look.now, reverse=True),
        lambda deal: _draft(look, deal),
        gap=GAP,
        a_day=A_DAY,
        # Whether it was asked for its reason does not matter three months later.
        is_same=lambda deal, earlier: about(deal, _asks(deal, look.now)) in earlier.about,
    )
    later = {}
    for deal in deals:
        lost = deal.closed_at or look.now
        if _asks(deal, look.now) is None:
            ends = lost + AGAIN
            later[subject_key(deal)] = ends if ends > look.now else look.now + NEVER
    # What was asked once is asked the other thing when its time has come.
    for draft, deal in ((draft, deal) for draft in verdict.drafts for deal in asked):
        if draft.subject == subject_key(deal):
            lost = deal.closed_at or look.now
            later[draft.subject] = max(lost + AGAIN, look.now + GAP)
    return Verdict(verdict.drafts, verdict.again_at, {**verdict.later, **later})


def _asks(deal: Deal, now: datetime) -> str | None:
    """What is to be asked of a lost deal now: its reason, or whether to speak again."""
    if deal.closed_at is None:
        return None
    if deal.lost_reason is None and now < deal.closed_at + FRESH:
        return "reason"
    return "again" if deal.closed_at + AGAIN <= now < deal.closed_at + AGAIN + FOR else None


def still_true(look: TruthLook) -> Standing:
    """While it is lost, and what was asked is not answered."""
    deal = look.only(Deal)
    if deal is None:
        return Over(settling.gone(look))
    if deal.status is not DealStatus.LOST:
        return Over(say("{deal} is not lost any more.", deal=deal.thing))
    if deal.person_id != look.person.id:
        return Over(settling.handed_on(deal))
    mark = next((each.mark for each in look.about if each.mark), "")
    if mark == "reason" and deal.lost_reason is not None:
        return Over(
            say("{deal}: the reason is “{reason}”.", deal=deal.thing, reason=deal.lost_reason)
        )
    for task in look.known[TASKS_OF_DEALS].get(subject_key(deal), ()):
        if task.status is TaskStatus.PENDING and mark == "again":
            return Over(settling.planned(look, task))
    return _said(look.person, look.known, deal, mark, look.now)


def _draft(look: TimeLook, deal: Deal) -> Draft:
    mark = _asks(deal, look.now) or ""
    said = _said(look.person, look.known, deal, mark, look.now)
    lost = deal.closed_at or look.now
    ends = lost + FRESH if mark == "reason" else lost + AGAIN + FOR
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        occasion=f"{mark} of {lost.isoformat()}",
        priority=Priority.MEDIUM,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=ends,
        about=said.about,
    )


def _said(person: Person, known: Known, deal: Deal, mark: str, now: datetime) -> Changed:
    lost_on = DateWithYear(local_date(deal.closed_at or now, person))
    contact = known[CONTACTS_OF_DEALS].get(subject_key(deal))
    things = (about(deal, mark), *((about(contact),) if contact else ()))
    if mark == "reason":
        return Changed(
            say("{deal} was lost on {date}. What was the reason?", deal=deal.thing, date=lost_on),
            say("Written down while it is fresh, it is what the next deal can learn from."),
            _task(deal, say("Write down why {deal} was lost", deal=deal.thing)),
            things,
        )
    return Changed(
        say(
            "{deal} was lost on {date}. Is it time to speak with them again?",
            deal=deal.thing,
            date=lost_on,
        ),
        say("The reason then: {reason}.", reason=deal.lost_reason)
        if deal.lost_reason
        else say("No reason was written down."),
        _task(deal, say("Speak with {contact} again", contact=_client(deal, contact))),
        things,
    )


def _client(deal: Deal, contact: Contact | None) -> Phrase:
    if contact is not None and (contact.name_given or contact.email):
        return say("{contact}", contact=contact.thing)
    return say("the client of {deal}", deal=deal.thing)


def _task(deal: Deal, title: Phrase) -> Suggestion:
    return Suggestion(
        "create_task",
        {
            "connection_id": deal.connection_id,
            "title": title,
            "priority": "low",
            "deal_id": deal.id,
            "contact_id": deal.contact_id,
        },
    )


RULE = TimeRule(
    called=say("Lost deals"),
    summary=say("A lost deal: its reason while fresh, and again after 90 days."),
    level=Level.BALANCED,
    kind=SubjectKind.DEAL,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    shown=(CONTACTS_OF_DEALS, TASKS_OF_DEALS),
    latest_first=True,
    switch="lost_deal_learning",
)
