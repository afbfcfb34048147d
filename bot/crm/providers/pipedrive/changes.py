"""What the coach changes in Pipedrive: activities, notes, and the stage of a deal."""

import html
from typing import Any
from urllib.parse import quote

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Told, Writing
from bot.crm.providers.pipedrive.calling import is_gate, request, why_not
from bot.crm.providers.pipedrive.things import MARK, TYPES
from bot.crm.things import answered, inner, told_with
from coach.models import Verb
from coach.writes import (
    CompleteTask,
    CreateTask,
    DeleteTask,
    LogContact,
    MoveDeal,
    Outgoing,
    ReopenTask,
    RescheduleTask,
)

_ACTIVITIES = "/api/v2/activities"

#: What is logged is called by what it was.
_LOGGED = {verb: (type, f"{type.capitalize()} {MARK}") for type, verb in TYPES.items()}


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change as Pipedrive takes it; what would be made twice is not repeated by itself."""
    id = quote(outgoing.subject.id, safe="")
    match outgoing.write:
        case CreateTask() as new:
            made: dict[str, Any] = {"subject": new.title, "type": "task", "done": False}
            if new.due_date is not None:
                made["due_date"] = new.due_date.isoformat()
            if new.note:
                made["note"] = _as_html(new.note)
            made |= _number("deal_id", new.deal_id) | _with(new.contact_id) | _owner(outgoing)
            return request(account, "POST", _ACTIVITIES, made, repeatable=False)
        case CompleteTask():
            return request(account, "PATCH", f"{_ACTIVITIES}/{id}", {"done": True})
        case ReopenTask():
            return request(account, "PATCH", f"{_ACTIVITIES}/{id}", {"done": False})
        case RescheduleTask(due_date=due):
            return request(account, "PATCH", f"{_ACTIVITIES}/{id}", {"due_date": due.isoformat()})
        case DeleteTask():
            return request(account, "DELETE", f"{_ACTIVITIES}/{id}")
        case LogContact(verb=Verb.NOTE_LOGGED, contact_id=whom, note=said):
            content = f"Contacted {MARK}" + (f"<br>{_as_html(said)}" if said else "")
            note = {"content": content} | _number("person_id", whom)
            return request(account, "POST", "/api/v1/notes", note, repeatable=False)
        case LogContact(verb=verb, contact_id=whom, note=said):
            if verb not in _LOGGED:
                return None
            type, subject = _LOGGED[verb]
            day = outgoing.at.date().isoformat()
            done = {"subject": subject, "type": type, "done": True, "due_date": day}
            if said:
                done["note"] = _as_html(said)
            logged = done | _with(whom) | _owner(outgoing)
            return request(account, "POST", _ACTIVITIES, logged, repeatable=False)
        case MoveDeal():
            # Pipedrive knows stages by their numbers; without its list nothing can be said.
            stage = _number("stage_id", outgoing.stage.id if outgoing.stage else None)
            return request(account, "PATCH", f"/api/v2/deals/{id}", stage) if stage else None


def _as_html(text: str) -> str:
    """As Pipedrive takes the text of notes and activities."""
    return html.escape(text).replace("\n", "<br>")


def _number(name: str, id: str | None) -> dict[str, int]:
    return {name: int(id)} if id and id.isascii() and id.isdigit() and len(id) < 19 else {}


def _with(contact_id: str | None) -> dict[str, Any]:
    # The person of an activity can be read, but is written as the first of those who take part.
    person = _number("person_id", contact_id)
    return {"participants": [person | {"primary": True}]} if person else {}


def _owner(outgoing: Outgoing) -> dict[str, int]:
    return _number("owner_id", outgoing.owner.id if outgoing.owner else None)


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """What Pipedrive calls what was made, or why it did not make it."""
    if is_gate(answer):
        return Told(again="Pipedrive asked for a longer pause")
    return told_with(
        outgoing, answer, id=inner(answered(answer), "data", "id"), why=why_not(answer)
    )


WRITING = Writing(
    call, told, takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask})
)
