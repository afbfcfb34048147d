"""Show one deal and let the person move it to another stage."""

from collections.abc import Mapping
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.errors import UnknownSubjectError
from coach.models import DealStatus
from coach.phrases import Phrase, say
from coach.presenting import contact_item, deal_item, done_outcome
from coach.screens import Element, Note, Screen
from coach.staying import learned


def promise(params: Mapping[str, Any]) -> Phrase:
    """What pressing the button will do."""
    return say("Take Action shows the deal, to move its stage or log a contact.")


def screen(view: ActionView) -> Screen:
    """The deal as the CRM has it now, with its contact."""
    if view.deal is None or view.deal.deleted:
        raise UnknownSubjectError(say("This deal is no longer in the CRM. Dismiss the insight."))
    elements: list[Element] = [deal_item(view.deal, view)]
    usual = view.limit.usual if view.limit is not None else None
    if usual is not None and view.deal.stage and view.deal.status is DealStatus.OPEN:
        elements.append(Note(learned(usual, view.deal.stage)))
    if view.contact and not view.contact.deleted:
        elements += [Note(say("Its contact:")), contact_item(view.contact, view)]
    return Screen(say("Move the deal forward"), say("Done"), elements)


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """Everything was done by the controls; the card says what."""
    return Submission([], done_outcome(view, say("You looked at the deal.")))


ACTION = Action(promise, Shows.DEAL, screen, submit)
