"""A large deal went back to an earlier stage.

When: an open deal of the person's largest tenth comes to a stage that stands before the last one in
the CRM's own list. Why it helps: something has changed with a deal that weighs, and that is best
looked into while it is fresh. What it must not say: that it went back where only the names of the
stages make one think so, or that the deal is in danger; going back is often honest.
"""

from datetime import timedelta

from coach import settling
from coach.circumstances import in_largest_tenth
from coach.keys import about, subject_key
from coach.knowledge import LARGE_VALUE, MOVED_BACK, MovedBack
from coach.models import Deal, DealStatus, Draft, Level, Priority, Suggestion, Verb
from coach.phrases import Phrase, say
from coach.rule import ActionLook, ActionRule
from coach.truth import Changed, Over, Standing, TruthLook

#: For so long it is worth asking what has changed.
FRESH = timedelta(days=3)


def evaluate(look: ActionLook) -> Draft | None:
    """One question for each move back of a large deal."""
    deal = look.activity.deal
    if deal is None or deal.status is not DealStatus.OPEN or deal.stage_entered_at is None:
        return None
    move = look.known[MOVED_BACK].get(subject_key(deal))
    large = in_largest_tenth(deal, look.known[LARGE_VALUE])
    if move is None or large is None:
        return None
    said = _said(deal, move, large)
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        occasion=f"{deal.stage}@{deal.stage_entered_at.isoformat()}",
        priority=Priority.MEDIUM,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=look.told_at + FRESH,
        about=said.about,
    )


def still_true(look: TruthLook) -> Standing:
    """While the deal is where it went back to; its name and worth follow."""
    deal = look.only(Deal)
    if deal is None:
        return Over(settling.gone(look))
    is_there = about(deal, deal.stage_entered_at) in look.about
    if deal.status is not DealStatus.OPEN or not is_there or deal.person_id != look.person.id:
        return Over(settling.moved_on(look, deal))
    move = look.known[MOVED_BACK].get(subject_key(deal))
    if move is None:
        return Over(say("{deal} did not go back, says the CRM.", deal=deal.thing))
    large = in_largest_tenth(deal, look.known[LARGE_VALUE])
    return _said(deal, move, large or look.insight.reason)


def _said(deal: Deal, move: MovedBack, large: Phrase) -> Changed:
    return Changed(
        say(
            "{deal} went back from {before} to {stage}. What has changed?",
            deal=deal.thing,
            before=move.before,
            stage=move.stage,
        ),
        large,
        Suggestion(
            "create_task",
            {
                "connection_id": deal.connection_id,
                "title": say("Find out what {deal} needs now", deal=deal.thing),
                "priority": "high",
                "deal_id": deal.id,
                "contact_id": deal.contact_id,
            },
        ),
        (about(deal, deal.stage_entered_at),),
    )


RULE = ActionRule(
    called=say("Deals that went back"),
    summary=say("When one of your largest deals goes back to an earlier stage: ask why."),
    level=Level.BALANCED,
    verbs=frozenset({Verb.DEAL_STAGE_CHANGED}),
    evaluate=evaluate,
    still_true=still_true,
    shown=(LARGE_VALUE, MOVED_BACK),
)
