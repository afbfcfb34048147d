"""What the coach changes in Salesforce: tasks, and the stage of an opportunity."""

from typing import Any
from urllib.parse import quote

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Told, Writing
from bot.crm.providers.salesforce.calling import DATA, errors_of, is_spent, request, why_not
from bot.crm.providers.salesforce.things import MARK
from bot.crm.things import answered, told_with
from coach.models import TaskPriority, Verb
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

#: Every organization may have other words for it; these are those it comes with.
_OPEN, _DONE = "Not Started", "Completed"

_PRIORITIES = {
    TaskPriority.LOW: "Low",
    TaskPriority.MEDIUM: "Normal",
    TaskPriority.HIGH: "High",
    TaskPriority.URGENT: "High",
}

#: What somebody did is logged as a task that is done, as Salesforce's own buttons do.
_LOGGED = {
    Verb.CALL_LOGGED: ("Call", "Call"),
    Verb.EMAIL_LOGGED: ("Email", "Email"),
    Verb.MEETING_BOOKED: ("Meeting", "Task"),
    Verb.NOTE_LOGGED: ("Contacted", "Task"),
}

#: A lead has no account, and a task of it may belong to no opportunity.
_LEAD = "00Q"

#: Salesforce's words for: somebody else is at it just now.
_BUSY = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"})


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change as Salesforce takes it; what would be made twice is not repeated by itself."""
    id = quote(outgoing.subject.id, safe="")
    tasks = f"{DATA}/sobjects/Task"
    match outgoing.write:
        case CreateTask() as new:
            made: dict[str, Any] = {
                "Subject": new.title[:255],
                "Status": _OPEN,
                "Priority": _PRIORITIES[new.priority],
            }
            if new.due_date is not None:
                made["ActivityDate"] = new.due_date.isoformat()
            if new.note:
                made["Description"] = new.note
            made |= _about(new.contact_id, new.deal_id) | _owner(outgoing)
            return request(account, "POST", tasks, made, repeatable=False)
        case CompleteTask():
            return request(account, "PATCH", f"{tasks}/{id}", {"Status": _DONE})
        case ReopenTask():
            return request(account, "PATCH", f"{tasks}/{id}", {"Status": _OPEN})
        case RescheduleTask(due_date=due):
            return request(account, "PATCH", f"{tasks}/{id}", {"ActivityDate": due.isoformat()})
        case DeleteTask():
            return request(account, "DELETE", f"{tasks}/{id}")
        case LogContact(verb=verb, contact_id=whom, note=said):
            if verb not in _LOGGED:
                return None
            word, subtype = _LOGGED[verb]
            done = {
                "Subject": f"{word} {MARK}",
                "Status": _DONE,
                "TaskSubtype": subtype,
                "ActivityDate": outgoing.at.date().isoformat(),
            }
            if said:
                done["Description"] = said
            logged = done | _about(whom, None) | _owner(outgoing)
            return request(account, "POST", tasks, logged, repeatable=False)
        case MoveDeal(stage=name):
            stage = outgoing.stage.id if outgoing.stage else name
            where = f"{DATA}/sobjects/Opportunity/{id}"
            return request(account, "PATCH", where, {"StageName": stage})


def _about(contact_id: str | None, deal_id: str | None) -> dict[str, str]:
    about = {"WhoId": contact_id} if contact_id else {}
    if deal_id and not (contact_id or "").startswith(_LEAD):
        about["WhatId"] = deal_id
    return about


def _owner(outgoing: Outgoing) -> dict[str, str]:
    return {"OwnerId": outgoing.owner.id} if outgoing.owner and outgoing.owner.id else {}


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """What Salesforce calls what was made, or why it did not make it."""
    if is_spent(answer):
        return Told(again="the organization has no calls left for now")
    if any(each.get("errorCode") in tuple(_BUSY) for each in errors_of(answer)):
        return Told(again="somebody else was changing it")
    return told_with(outgoing, answer, id=answered(answer).get("id"), why=why_not(answer))


WRITING = Writing(
    call, told, takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask})
)
