"""What the coach changes in Attio: tasks, notes, and the stage of a deal."""

from datetime import date
from typing import Any
from urllib.parse import quote

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Told, Writing
from bot.crm.providers.attio.calling import DEALS, PEOPLE, list_of, request, why_not
from bot.crm.providers.attio.things import MARK
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

#: Attio has no calls or mails to be entered: they are logged as notes.
_NOTES = {
    Verb.NOTE_LOGGED: f"Contacted {MARK}",
    Verb.CALL_LOGGED: f"Call {MARK}",
    Verb.EMAIL_LOGGED: f"Email {MARK}",
    Verb.MEETING_BOOKED: f"Meeting {MARK}",
}


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change as Attio takes it; what would be made twice is not repeated by itself."""
    id = quote(outgoing.subject.id, safe="")
    match outgoing.write:
        case CreateTask() as new:
            made: dict[str, Any] = {
                "content": f"{new.title}\n{new.note}" if new.note else new.title,
                "format": "plaintext",
                "deadline_at": _deadline(new.due_date),
                "is_completed": False,
                "linked_records": _linked(account, new),
                "assignees": [],
            }
            if outgoing.owner and outgoing.owner.id:
                who = outgoing.owner.id
                made["assignees"] = [
                    {"referenced_actor_type": "workspace-member", "referenced_actor_id": who}
                ]
            return request(account, "POST", "/v2/tasks", {"data": made}, repeatable=False)
        case CompleteTask():
            return _task(account, id, {"is_completed": True})
        case ReopenTask():
            return _task(account, id, {"is_completed": False})
        case RescheduleTask(due_date=due):
            return _task(account, id, {"deadline_at": _deadline(due)})
        case DeleteTask():
            return request(account, "DELETE", f"/v2/tasks/{id}")
        case LogContact(verb=verb, contact_id=whom, note=said):
            if verb not in _NOTES:
                return None
            note = {
                "parent_object": PEOPLE,
                "parent_record_id": whom,
                "title": _NOTES[verb],
                "format": "plaintext",
                "content": f"{_NOTES[verb]}\n\n{said}" if said else _NOTES[verb],
            }
            return request(account, "POST", "/v2/notes", {"data": note}, repeatable=False)
        case MoveDeal(stage=name):
            stage = outgoing.stage.id if outgoing.stage else name
            if (pipeline := list_of(account)) is not None:
                where, values = f"/v2/lists/{pipeline[0]}/entries/{id}", "entry_values"
                told = {pipeline[1]: stage}
            else:
                where, values, told = (
                    f"/v2/objects/{DEALS}/records/{id}",
                    "values",
                    {"stage": stage},
                )
            return request(account, "PATCH", where, {"data": {values: told}})


def _task(account: Account, id: str, told: dict[str, Any]) -> Call:
    return request(account, "PATCH", f"/v2/tasks/{id}", {"data": told})


def _deadline(day: date | None) -> str | None:
    # At noon it is the same day nearly everywhere.
    return f"{day.isoformat()}T12:00:00.000Z" if day else None


def _linked(account: Account, new: CreateTask) -> list[dict[str, str]]:
    # An entry of a list is no record that a task could belong to.
    deal = new.deal_id if list_of(account) is None else None
    return [
        {"target_object": object, "target_record_id": id}
        for object, id in ((DEALS, deal), (PEOPLE, new.contact_id))
        if id is not None
    ]


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """What Attio calls what was made, or why it did not make it."""
    id = inner(answered(answer), "data", "id", "task_id")
    return told_with(outgoing, answer, id=id, why=why_not(answer))


WRITING = Writing(
    call, told, takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask})
)
