"""A deal was won: ask the happy client for a referral."""

from datetime import timedelta

from coach.keys import about, subject_key
from coach.models import DealStatus, Draft, Level, Priority, Suggestion, Verb
from coach.phrases import say
from coach.rule import ActionLook, ActionRule


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
        expires_at=look.now + timedelta(days=3),
        about=(about(deal),),
    )


RULE = ActionRule(
    summary="When you win a deal: ask the client for a referral.",
    level=Level.MINIMAL,
    verbs=frozenset({Verb.DEAL_CLOSED}),
    evaluate=evaluate,
)
