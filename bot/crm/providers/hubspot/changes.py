"""Changes made in Slack as calls to HubSpot."""

import html
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from urllib.parse import quote

from bot.crm.calls import Answer, Call
from bot.crm.provider import Account, Told
from bot.crm.providers.hubspot.calls import headers, send
from bot.crm.providers.hubspot.objects import zone
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

#: How HubSpot numbers what ties a task or a note to what it is about.
TASK_TO_CONTACT, TASK_TO_DEAL, NOTE_TO_CONTACT = 204, 216, 202

#: When in the day a task is due, for which the coach knows the day alone.
DUE_AT = time(9)

_PRIORITIES = {
    TaskPriority.LOW: "LOW",
    TaskPriority.MEDIUM: "MEDIUM",
    TaskPriority.HIGH: "HIGH",
    TaskPriority.URGENT: "HIGH",
}

#: HubSpot keeps notes as HTML; none of this needs escaping.
_LOGGED = {
    Verb.CALL_LOGGED: "Called. Logged from Slack.",
    Verb.EMAIL_LOGGED: "Wrote a mail. Logged from Slack.",
    Verb.MEETING_BOOKED: "Met, or agreed to. Logged from Slack.",
}


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change as HubSpot takes it. What it would do twice is not repeated by itself."""
    match outgoing.write:
        case CreateTask() as write:
            return _create(account, outgoing, write)
        case CompleteTask(task_id=id):
            return _patch(account, "tasks", id, {"hs_task_status": "COMPLETED"})
        case ReopenTask(task_id=id):
            return _patch(account, "tasks", id, {"hs_task_status": "NOT_STARTED"})
        case RescheduleTask(task_id=id, due_date=due):
            return _patch(account, "tasks", id, {"hs_timestamp": _due(account, due)})
        case DeleteTask(task_id=id):
            path = f"/crm/v3/objects/tasks/{quote(id, safe='')}"
            return Call("DELETE", f"{account.address}{path}", headers(account))
        case LogContact() as write:
            return _log(account, outgoing, write)
        case MoveDeal(deal_id=id):
            stage = outgoing.stage
            if stage is None:
                return None
            moved = {"dealstage": stage.id}
            if stage.pipeline:
                moved["pipeline"] = stage.pipeline
            return _patch(account, "deals", id, moved)


def _create(account: Account, outgoing: Outgoing, write: CreateTask) -> Call:
    due = write.due_date or outgoing.at.astimezone(zone(account)).date()
    properties = {
        # HubSpot wants one: a task without a day is for today.
        "hs_timestamp": _due(account, due),
        "hs_task_subject": write.title,
        "hs_task_status": "NOT_STARTED",
        "hs_task_type": "TODO",
        "hs_task_priority": _PRIORITIES[write.priority],
        **_owner(outgoing),
    }
    if write.note:
        properties["hs_task_body"] = write.note
    about = [(TASK_TO_CONTACT, write.contact_id), (TASK_TO_DEAL, write.deal_id)]
    return _post(account, "tasks", properties, about)


def _log(account: Account, outgoing: Outgoing, write: LogContact) -> Call:
    properties = {
        "hs_timestamp": _written(outgoing.at),
        "hs_note_body": _said(write),
        **_owner(outgoing),
    }
    return _post(account, "notes", properties, [(NOTE_TO_CONTACT, write.contact_id)])


def _said(write: LogContact) -> str:
    said = _LOGGED.get(write.verb, "In touch. Logged from Slack.")
    if not write.note:
        return said
    # The body of a note is HTML.
    return f"{said}<br>" + html.escape(write.note).replace("\n", "<br>")


def _owner(outgoing: Outgoing) -> dict[str, str]:
    return {"hubspot_owner_id": outgoing.owner.id} if outgoing.owner and outgoing.owner.id else {}


def _due(account: Account, day: date) -> str:
    return _written(datetime.combine(day, DUE_AT, zone(account)))


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _post(
    account: Account,
    plural: str,
    properties: dict[str, str],
    about: Sequence[tuple[int, str | None]],
) -> Call:
    body: dict[str, Any] = {
        "properties": properties,
        "associations": [
            {
                "to": {"id": id},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_}],
            }
            for type_, id in about
            if id
        ],
    }
    return send(account, "POST", f"/crm/v3/objects/{plural}", body, repeatable=False)


def _patch(account: Account, plural: str, id: str, properties: dict[str, str]) -> Call:
    path = f"/crm/v3/objects/{plural}/{quote(id, safe='')}"
    return send(account, "PATCH", path, {"properties": properties}, repeatable=True)


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """The id of what was made, or HubSpot's own words for why not."""
    value = answered(answer)
    return told_with(outgoing, answer, id=value.get("id"), why=value.get("message"))
