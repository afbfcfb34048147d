"""What the coach changes in Twenty: tasks, and the stage of an opportunity."""

from typing import Any
from urllib.parse import quote

from bot.crm.calls import Account, Answer, Call
from bot.crm.provider import Told, Writing
from bot.crm.providers.twenty.calling import request
from bot.crm.things import answered, inner, told_with
from coach.writes import (
    CompleteTask,
    CreateTask,
    DeleteTask,
    MoveDeal,
    Outgoing,
    ReopenTask,
    RescheduleTask,
)


def call(account: Account, outgoing: Outgoing, wall: float) -> Call | None:
    """The change as Twenty takes it; a task is made without what it is about, see the docs."""
    id = quote(outgoing.subject.id, safe="")
    match outgoing.write:
        case CreateTask() as new:
            made: dict[str, Any] = {"title": new.title, "status": "TODO"}
            if new.due_date is not None:
                made["dueAt"] = f"{new.due_date.isoformat()}T00:00:00.000Z"
            if new.note:
                made["bodyV2"] = {"markdown": new.note}
            if outgoing.owner is not None and outgoing.owner.id:
                made["assigneeId"] = outgoing.owner.id
            return request(account, "POST", "tasks", made, repeatable=False)
        case CompleteTask():
            return request(account, "PATCH", f"tasks/{id}", {"status": "DONE"})
        case ReopenTask():
            return request(account, "PATCH", f"tasks/{id}", {"status": "TODO"})
        case RescheduleTask(due_date=due):
            at = f"{due.isoformat()}T00:00:00.000Z"
            return request(account, "PATCH", f"tasks/{id}", {"dueAt": at})
        case DeleteTask():
            return request(account, "DELETE", f"tasks/{id}?soft_delete=true")
        case MoveDeal(stage=name):
            stage = outgoing.stage.id if outgoing.stage else name
            return request(account, "PATCH", f"opportunities/{id}", {"stage": stage})
    # Twenty has notes, but no calls and mails that could be logged.
    return None


def told(outgoing: Outgoing, answer: Answer) -> Told:
    """What Twenty calls what was made, or why it did not make it."""
    value = answered(answer)
    reasons = value.get("messages")
    why = reasons[0] if isinstance(reasons, list) and reasons else value.get("message")
    return told_with(outgoing, answer, id=inner(value, "data", "createTask", "id"), why=why)


WRITING = Writing(
    call, told, takes_back=frozenset({MoveDeal, RescheduleTask, ReopenTask, DeleteTask})
)
