"""A deal was won: ask the happy client for a referral."""

from datetime import timedelta

from coach import settling
from coach.keys import about, subject_key
from coach.knowledge import TASKS_OF_DEALS
from coach.models import (
    Deal,
    DealStatus,
    Draft,
    Level,
    Priority,
    SubjectKind,
    Suggestion,
    Verb,
)
from coach.phrases import say
from coach.rule import ActionLook, ActionRule
from coach.truth import TRUE, Over, Standing, TruthLook


def evaluate(look: ActionLook) -> Draft | None:
    """One insight for each time a deal is won; a lost deal says nothing."""
    deal, contact = look.activity.deal, look.activity.contact
    if deal is None or deal.status is not DealStatus.WON:
        return None
    # A bare id is nobody one could ask.
    known = contact and not contact.deleted and (contact.name_given or contact.email)
    client = contact.thing if contact and known else say("the client")
    closed = deal.closed_at or look.activity.occurred_at
    params = {
        "connection_id": deal.connection_id,
        "title": say("Ask {contact} for referral", contact=client),
        "priority": "high",
        "deal_id": deal.id,
        "contact_id": deal.contact_id,
    }
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        # A deal that is reopened and won again is a new occasion; an echo of the same win is not.
        occasion=closed.date().isoformat(),
        priority=Priority.HIGH,
        message=say(
            "Great close! This is the perfect moment to ask {contact} for a referral "
            "while they're happy.",
            contact=client,
        ),
        reason=say("You just won {deal}.", deal=deal.thing),
        suggestion=Suggestion("create_task", params),
        expires_at=look.told_at + timedelta(days=3),
        about=(about(deal),),
    )


def still_true(look: TruthLook) -> Standing:
    """While the deal is won and no task asks for a referral."""
    deal = look.only(Deal)
    if deal is None:
        return Over(settling.gone(look))
    if deal.status is not DealStatus.WON:
        return Over(say("{deal} is not won any more.", deal=deal.thing))
    for task in look.known[TASKS_OF_DEALS].get(subject_key(deal), ()):
        # Nothing but its title tells what a task is for.
        if "referral" in task.title.casefold():
            return Over(settling.planned(look, task))
    return TRUE


RULE = ActionRule(
    summary="When you win a deal: ask the client for a referral.",
    level=Level.MINIMAL,
    verbs=frozenset({Verb.DEAL_CLOSED}),
    evaluate=evaluate,
    still_true=still_true,
    knows=(TASKS_OF_DEALS,),
    moved_by=frozenset({SubjectKind.TASK}),
)
