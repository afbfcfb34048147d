"""Show leads that have gone quiet and let the person log what they did about each."""

from collections.abc import Mapping
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.errors import UnknownSubjectError
from coach.models import say
from coach.presenting import SHOWN, contact_item, done_outcome, longest_first
from coach.screens import Element, Note, Screen


def promise(params: Mapping[str, Any]) -> str:
    """What pressing the button will do."""
    return "Take Action lists these leads, to log a call, mail or meeting."


def screen(view: ActionView) -> Screen:
    """The leads as the CRM has them now, longest silent first."""
    leads = [lead for lead in longest_first(view.contacts) if not lead.deleted]
    if not leads:
        raise UnknownSubjectError(
            "None of these leads is in the CRM any more. Dismiss the insight."
        )
    elements: list[Element] = [contact_item(lead, view) for lead in leads[:SHOWN]]
    if len(leads) > SHOWN:
        elements.append(Note(say(f"… and {len(leads) - SHOWN} more in your CRM.")))
    return Screen("Leads going cold", "Done", elements)


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """Everything was done by the controls; the card says what."""
    return Submission([], done_outcome(view, "You looked through these leads."))


ACTION = Action(promise, Shows.CONTACTS, screen, submit)
