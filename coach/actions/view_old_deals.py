"""Show open deals that are older than any was when it was decided, to close or move each."""

from collections.abc import Mapping
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.phrases import Phrase, say
from coach.presenting import SHOWN, deal_item, done_outcome, left_in_crm
from coach.screens import Element, Note, Screen


def promise(params: Mapping[str, Any]) -> Phrase:
    """What pressing the button will do."""
    if int(params.get("count") or 0) > SHOWN:
        return say(
            "Take Action lists the {count} oldest, to close each or move it forward.", count=SHOWN
        )
    return say("Take Action lists them, to close each or move it forward.")


def screen(view: ActionView) -> Screen:
    """The deals as the CRM has them now, oldest first."""
    deals = view.deals
    elements: list[Element] = [
        deal_item(deal, view, view.ways.get(deal.id, ())) for deal in deals[:SHOWN]
    ]
    if (left := len(deals) + view.more - SHOWN) > 0:
        elements.append(left_in_crm(left))
    if not deals:
        elements.append(Note(say("None of your open deals is that old any more. Well done!")))
    return Screen(say("Deals open for too long"), None, elements)


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """Everything was done by the controls; the card says what."""
    return Submission([], done_outcome(view, say("You looked through these deals.")))


ACTION = Action(promise, Shows.OLD_DEALS, screen, submit, lists=True)
