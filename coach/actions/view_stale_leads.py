"""Show leads that wait for a word and let the person log what they did about each."""

from collections.abc import Mapping
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.errors import UnknownSubjectError
from coach.phrases import Phrase, say
from coach.presenting import SHOWN, contact_item, done_outcome, left_in_crm
from coach.screens import Element, Screen


def promise(params: Mapping[str, Any]) -> Phrase:
    """What pressing the button will do."""
    count = int(params.get("count") or 0)
    if params.get("new") or count == 1:
        return say("Take Action shows the lead, to log a call, mail or meeting.")
    if count > SHOWN:
        return say(
            "Take Action lists the {count} most promising, to log a call, mail or meeting.",
            count=SHOWN,
        )
    return say("Take Action lists these leads, to log a call, mail or meeting.")


def screen(view: ActionView) -> Screen:
    """The leads as the CRM has them now, in the order of the card; of very many the true number."""
    leads = [lead for lead in view.contacts if not lead.deleted]
    if not leads:
        raise UnknownSubjectError(
            say("None of these leads is in the CRM any more. Dismiss the insight.")
        )
    elements: list[Element] = [contact_item(lead, view) for lead in leads[:SHOWN]]
    given = len(view.params.get("contacts") or leads)
    unlisted = int(view.params.get("count") or given) - given
    if (left := len(leads) + unlisted - SHOWN) > 0:
        elements.append(left_in_crm(left))
    title = say("A new lead") if view.params.get("new") else say("Leads going cold")
    return Screen(title, None, elements)


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """Everything was done by the controls; the card says what."""
    return Submission([], done_outcome(view, say("You looked through these leads.")))


ACTION = Action(promise, Shows.CONTACTS, screen, submit, lists=True)
