"""What happened to a thing, in a sentence that names it: “moved Acme renewal to Negotiation”."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from coach.models import DealStatus, Verb
from coach.phrases import DateWithYear, Phrase, Value, say
from coach.terms import VERBS

#: By field, how it was before and how it is after, in JSON values.
Changes = Mapping[str, Sequence[Any]]


def told(verb: Verb, thing: Value, changes: Changes) -> Phrase:
    """What happened to this thing, as far as the record of it tells."""
    match verb:
        case Verb.DEAL_STAGE_CHANGED if stage := _after(changes, "stage"):
            return say("moved {deal} to {stage}", deal=thing, stage=stage)
        case Verb.DEAL_CLOSED if _after(changes, "status") == DealStatus.WON:
            return say("won {deal}", deal=thing)
        case Verb.DEAL_CLOSED if _after(changes, "status") == DealStatus.LOST:
            return say("lost {deal}", deal=thing)
        case Verb.DEAL_CREATED:
            return say("new deal {deal}", deal=thing)
        case Verb.DEAL_REOPENED:
            return say("reopened {deal}", deal=thing)
        case Verb.TASK_CREATED:
            return say("new task {task}", task=thing)
        case Verb.TASK_COMPLETED:
            return say("completed {task}", task=thing)
        case Verb.TASK_RESCHEDULED if (day := _day(_after(changes, "due_date"))) is not None:
            return say("moved {task} to {date}", task=thing, date=DateWithYear(day))
        case Verb.CALL_LOGGED:
            return say("called {contact}", contact=thing)
        case Verb.EMAIL_LOGGED:
            return say("wrote to {contact}", contact=thing)
        case Verb.MEETING_BOOKED:
            return say("meeting with {contact}", contact=thing)
        case Verb.NOTE_LOGGED:
            return say("note on {contact}", contact=thing)
        case Verb.CONTACT_CREATED:
            return say("new contact {contact}", contact=thing)
        case _:
            return say("{what}: {thing}", what=VERBS[verb], thing=thing)


def _after(changes: Changes, name: str) -> str:
    pair = changes.get(name) or ()
    return str(pair[1]) if len(pair) == 2 and pair[1] is not None else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
