"""A deal was won: ask the happy client for a referral.

How much that matters goes by the deal: one that is worth less than a fifth of the middle one of the
person's own won deals in its currency is of low priority, and waits for the digest.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from coach import settling
from coach.calendar import local_date
from coach.keys import about, subject_key
from coach.knowledge import TASKS_OF_DEALS, USUAL_WIN
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Draft,
    Level,
    Person,
    Priority,
    SubjectKind,
    Suggestion,
    Verb,
)
from coach.phrases import Phrase, Thing, say
from coach.repetition import marked_lately
from coach.rule import ActionLook, ActionRule
from coach.truth import TRUE, Changed, Over, Standing, TruthLook

#: For so long a seller is not to ask the same client again, however many deals they win.
ONCE = timedelta(days=90)

#: A deal of less than this part of what the person usually wins is a small one.
SMALL = 0.2

#: From so many days on after a win it is no close any more to congratulate on.
LATER = timedelta(days=2)


def evaluate(look: ActionLook) -> Draft | None:
    """One insight for a client of whom a deal was won; a lost deal says nothing."""
    deal, contact = look.activity.deal, look.activity.contact
    if deal is None or deal.status is not DealStatus.WON or _was_asked(look, deal):
        return None
    closed = deal.closed_at or look.activity.occurred_at
    said = _said(look.person, deal, contact, closed, look.now)
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        # A deal that is reopened and won again is a new occasion; an echo of the same win is not.
        occasion=closed.date().isoformat(),
        priority=Priority.LOW if _is_small(deal, look.known[USUAL_WIN]) else Priority.HIGH,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=look.told_at + timedelta(days=3),
        about=said.about,
    )


def _is_small(deal: Deal, usual: Mapping[str, float]) -> bool:
    """Whether it is surely small for who has won it; what nobody knows the worth of is not."""
    middle = usual.get(deal.currency or "")
    return middle is not None and deal.value is not None and float(deal.value) < SMALL * middle


def _was_asked(look: ActionLook, deal: Deal) -> bool:
    """Whether the person was lately told to ask this client, and had reason to."""
    lately = marked_lately(look.past, _client(deal), within=ONCE, now=look.now)
    # What was settled without a task had come undone: the deal was won no more, or gone.
    return any(each.settled is None or settling.by_task(each.settled) for each in lately)


def _client(deal: Deal) -> str:
    """In one word whom the deal is with: the contact, else the company; unknown, it is another."""
    if deal.contact_id is not None:
        return f"contact:{deal.connection_id}:{deal.contact_id}"
    if deal.account and (account := " ".join(deal.account.casefold().split())):
        return f"account:{deal.connection_id}:{account}"
    return subject_key(deal)


def still_true(look: TruthLook) -> Standing:
    """While the deal is won and no task asks for a referral; names follow."""
    deal = look.only(Deal)
    if deal is None:
        return Over(settling.gone(look))
    if deal.status is not DealStatus.WON:
        return Over(say("{deal} is not won any more.", deal=deal.thing))
    for task in look.known[TASKS_OF_DEALS].get(subject_key(deal), ()):
        # Nothing but its title tells what a task is for.
        if "referral" in task.title.casefold():
            return Over(settling.planned(look, task))
    if not any(each.mark for each in look.about):
        # Kept before it was remembered which client it was about.
        return TRUE
    closed = deal.closed_at or look.insight.created_at
    return _said(look.person, deal, look.only(Contact), closed, look.now)


def _said(
    person: Person, deal: Deal, contact: Contact | None, closed: datetime, now: datetime
) -> Changed:
    known = contact if contact is not None and _can_be_asked(contact, deal) else None
    client = known.thing if known else _unnamed(deal)
    fresh = local_date(now, person) - local_date(closed, person) < LATER
    return Changed(
        say(
            "Great close! This is the perfect moment to ask {contact} for a referral "
            "while they're happy.",
            contact=client,
        )
        if fresh
        else say("Ask {contact} for a referral while your win is remembered.", contact=client),
        say("You won {deal} on {date}.", deal=deal.thing, date=local_date(closed, person)),
        Suggestion(
            "create_task",
            {
                "connection_id": deal.connection_id,
                "title": say("Ask {contact} for referral", contact=client),
                "priority": "high",
                "deal_id": deal.id,
                "contact_id": deal.contact_id,
                "mail": "referral",
            },
        ),
        (about(deal, _client(deal)), *((about(known),) if known else ())),
    )


def _unnamed(deal: Deal) -> Phrase:
    """The client of whom no name is known, told apart from those of other deals."""
    if deal.account and (account := " ".join(deal.account.split())):
        return say("your contact at {account}", account=Thing(account))
    return say("the client of {deal}", deal=deal.thing)


def _can_be_asked(contact: Contact, deal: Deal) -> bool:
    # A bare id is nobody one could ask, and the deal may be somebody else's by now.
    if contact.deleted or deal.contact_id not in {None, contact.id}:
        return False
    return bool(contact.name_given or contact.email)


RULE = ActionRule(
    called=say("Referrals"),
    summary=say("When you win a deal: ask the client for a referral."),
    level=Level.MINIMAL,
    verbs=frozenset({Verb.DEAL_CLOSED}),
    evaluate=evaluate,
    still_true=still_true,
    shown=(USUAL_WIN,),
    knows=(TASKS_OF_DEALS,),
    recalls=lambda activity: _client(activity.deal) if activity.deal else None,
    moved_by=frozenset({SubjectKind.TASK}),
)
