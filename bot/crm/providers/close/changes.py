"""What the coach changes in Close: tasks, calls and notes, and the status of an opportunity."""

from typing import Any
from urllib.parse import quote

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Told, Writing
from bot.crm.providers.close.calling import request, why_not
from bot.crm.providers.close.things import MARK
from bot.crm.things import answered, told_with
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

#: What is no call is logged as a note: a mail would be sent, and meetings come from calendars.
_NOTES = {
    Verb.NOTE_LOGGED: f"Contacted {MARK}",
    Verb.EMAIL_LOGGED: f"Email {MARK}",
    Verb.MEETING_BOOKED: f"Meeting {MARK}",
}


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change as Close takes it; what would be made twice is not repeated by itself."""
    id = quote(outgoing.subject.id, safe="")
    match outgoing.write:
        case CreateTask(contact_id=None):
            # A task hangs on a lead.
            return None
        case CreateTask() as new:
            text = f"{new.title}\n\n{new.note}" if new.note else new.title
            made: dict[str, Any] = {"_type": "lead", "lead_id": new.contact_id, "text": text}
            if new.due_date is not None:
                made["date"] = new.due_date.isoformat()
            if outgoing.owner and outgoing.owner.id:
                made["assigned_to"] = outgoing.owner.id
            return request(account, "POST", "/task/", made, repeatable=False)
        case CompleteTask():
            return request(account, "PUT", f"/task/{id}/", {"is_complete": True})
        case ReopenTask():
            return request(account, "PUT", f"/task/{id}/", {"is_complete": False})
        case RescheduleTask(due_date=due):
            return request(account, "PUT", f"/task/{id}/", {"date": due.isoformat()})
        case DeleteTask():
            return request(account, "DELETE", f"/task/{id}/")
        case LogContact(verb=Verb.CALL_LOGGED, contact_id=lead, note=said):
            call = {
                "lead_id": lead,
                "direction": "outbound",
                "status": "completed",
                "note": _with(f"Call {MARK}", said),
            }
            return request(account, "POST", "/activity/call/", call, repeatable=False)
        case LogContact(verb=verb, contact_id=lead, note=said):
            if verb not in _NOTES:
                return None
            note = {"lead_id": lead, "note": _with(_NOTES[verb], said)}
            return request(account, "POST", "/activity/note/", note, repeatable=False)
        case MoveDeal():
            if outgoing.stage is None:
                return None
            return request(account, "PUT", f"/opportunity/{id}/", {"status_id": outgoing.stage.id})


def _with(word: str, said: str | None) -> str:
    return f"{word}\n\n{said}" if said else word


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """What Close calls what was made, or why it did not make it."""
    return told_with(outgoing, answer, id=answered(answer).get("id"), why=why_not(answer))


WRITING = Writing(
    call, told, takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask})
)
