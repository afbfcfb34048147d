"""A deal was created: plan the follow-up within a day."""

from datetime import timedelta

from coach.keys import about, subject_key
from coach.models import DealStatus, Draft, Level, Priority, Suggestion, Verb
from coach.phrases import say
from coach.rule import ActionLook, ActionRule


def evaluate(look: ActionLook) -> Draft | None:
    """One tip for each new open deal.

    It makes no claim about how much a follow-up helps: that may only be said with the team's own
    figures and counts.
    """
    deal = look.activity.deal
    if deal is None or deal.status is not DealStatus.OPEN:
        return None
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        occasion="created",
        priority=Priority.LOW,
        message=say("Tip: add a follow-up task within 24 hours for {deal}.", deal=deal.thing),
        reason=say("A new deal has no next step until you give it one."),
        suggestion=Suggestion(
            "create_task",
            {
                "connection_id": deal.connection_id,
                "title": say("Follow up on {deal}", deal=deal.thing),
                "priority": "high",
                "deal_id": deal.id,
                "contact_id": deal.contact_id,
            },
        ),
        expires_at=look.now + timedelta(hours=24),
        about=(about(deal),),
    )


RULE = ActionRule(
    summary="When you create a deal: plan a follow-up within 24 hours.",
    level=Level.ACTIVE,
    verbs=frozenset({Verb.DEAL_CREATED}),
    evaluate=evaluate,
)
