"""A deal was created: plan the follow-up within a day."""

from datetime import timedelta

from coach import settling
from coach.keys import about, subject_key
from coach.knowledge import FOLLOW_UPS_SHOWN, TASKS_OF_DEALS
from coach.models import (
    Deal,
    DealStatus,
    Draft,
    Level,
    Priority,
    SubjectKind,
    Suggestion,
    TaskStatus,
    Verb,
)
from coach.phrases import Phrase, say, together
from coach.rule import ActionLook, ActionRule
from coach.truth import Changed, Over, Standing, TruthLook

#: What is planned within so long after a deal was created is planned in time.
IN_TIME = timedelta(hours=24)


def evaluate(look: ActionLook) -> Draft | None:
    """One tip for each new open deal.

    How much a follow-up helps is said by the team's own figures and counts, or not at all.
    """
    deal = look.activity.deal
    if deal is None or deal.status is not DealStatus.OPEN:
        return None
    said = _said(deal, look.known[FOLLOW_UPS_SHOWN], in_time=True)
    return Draft(
        person_id=look.person.id,
        subject=subject_key(deal),
        occasion="created",
        priority=Priority.LOW,
        message=said.message,
        reason=said.reason,
        suggestion=said.suggestion,
        expires_at=look.told_at + IN_TIME,
        about=said.about,
    )


def still_true(look: TruthLook) -> Standing:
    """While the deal is open and the person's, and nothing is planned for it; its name follows."""
    deal = look.only(Deal)
    if deal is None:
        return Over(settling.gone(look))
    if deal.status is not DealStatus.OPEN:
        return Over(settling.moved_on(look, deal))
    if deal.person_id not in {None, look.person.id}:
        return Over(settling.handed_on(deal))
    for task in look.known[TASKS_OF_DEALS].get(subject_key(deal), ()):
        if task.status is TaskStatus.PENDING:
            return Over(settling.planned(look, task))
    shown = look.known[FOLLOW_UPS_SHOWN]
    return _said(deal, shown, in_time=look.now < look.insight.created_at + IN_TIME)


def _said(deal: Deal, shown: Phrase | None, *, in_time: bool) -> Changed:
    reason = say("A new deal has no next step until you give it one.")
    return Changed(
        say("Tip: add a follow-up task within 24 hours for {deal}.", deal=deal.thing)
        if in_time
        else say("Tip: {deal} still has no next step. Add a follow-up task.", deal=deal.thing),
        together(reason, shown) if shown is not None else reason,
        Suggestion(
            "create_task",
            {
                "connection_id": deal.connection_id,
                "title": say("Follow up on {deal}", deal=deal.thing),
                "priority": "high",
                "deal_id": deal.id,
                "contact_id": deal.contact_id,
                "mail": "next_step",
            },
        ),
        (about(deal),),
    )


RULE = ActionRule(
    called=say("Follow-ups"),
    summary=say("When you create a deal: plan a follow-up within 24 hours."),
    level=Level.ACTIVE,
    verbs=frozenset({Verb.DEAL_CREATED}),
    evaluate=evaluate,
    still_true=still_true,
    shown=(FOLLOW_UPS_SHOWN,),
    knows=(TASKS_OF_DEALS,),
    moved_by=frozenset({SubjectKind.TASK}),
)
