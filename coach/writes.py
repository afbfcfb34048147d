"""The few changes the coach can make in a CRM, and what each means for the mirror."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, assert_never

from coach.events import Change, Event, Owner
from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Origin,
    Subject,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from coach.stages import Stage


@dataclass(frozen=True, slots=True)
class CreateTask:
    """A new task for the person; `task_id` is chosen by the coach."""

    connection_id: str
    task_id: str
    title: str
    due_date: date | None
    priority: TaskPriority
    note: str | None = None
    contact_id: str | None = None
    deal_id: str | None = None


@dataclass(frozen=True, slots=True)
class CompleteTask:
    """The task is done."""

    connection_id: str
    task_id: str


@dataclass(frozen=True, slots=True)
class RescheduleTask:
    """The task gets another due date."""

    connection_id: str
    task_id: str
    due_date: date


@dataclass(frozen=True, slots=True)
class LogContact:
    """The person has spoken or written to a contact."""

    connection_id: str
    contact_id: str
    #: One of the verbs of `coach.models.CONTACT_VERBS`.
    verb: Verb = Verb.CALL_LOGGED
    #: What was said, in the person's words; it goes to the CRM and is kept nowhere else.
    note: str | None = None


@dataclass(frozen=True, slots=True)
class MoveDeal:
    """The deal goes to another stage."""

    connection_id: str
    deal_id: str
    stage: str


@dataclass(frozen=True, slots=True)
class ReopenTask:
    """A task that was completed is to be done after all."""

    connection_id: str
    task_id: str


@dataclass(frozen=True, slots=True)
class DeleteTask:
    """A task that the coach has created is not to be."""

    connection_id: str
    task_id: str


CrmWrite = (
    CreateTask | CompleteTask | RescheduleTask | LogContact | MoveDeal | ReopenTask | DeleteTask
)


#: What kinds of thing the coach makes itself.
MADE = (SubjectKind.TASK,)


def subject(write: CrmWrite) -> tuple[SubjectKind, str]:
    """The thing a write changes: its kind and id."""
    match write:
        case CreateTask() | CompleteTask() | RescheduleTask() | ReopenTask() | DeleteTask():
            return SubjectKind.TASK, write.task_id
        case LogContact():
            return SubjectKind.CONTACT, write.contact_id
        case MoveDeal():
            return SubjectKind.DEAL, write.deal_id
        case _:
            assert_never(write)


def renamed(write: CrmWrite, id: str) -> CrmWrite:
    """The same change of the thing under another id: the one the CRM has for it."""
    match write:
        case CreateTask() | CompleteTask() | RescheduleTask() | ReopenTask() | DeleteTask():
            return replace(write, task_id=id)
        case LogContact():
            return replace(write, contact_id=id)
        case MoveDeal():
            return replace(write, deal_id=id)
        case _:
            assert_never(write)


def key(write: CrmWrite, fingerprint: str) -> str:
    """The identity of a write within its insight: the same button pressed twice writes once."""
    match write:
        case CreateTask():
            return f"{fingerprint}:create_task"
        case CompleteTask():
            return f"{fingerprint}:complete:{write.task_id}"
        case RescheduleTask():
            return f"{fingerprint}:reschedule:{write.task_id}:{write.due_date.isoformat()}"
        case LogContact():
            return f"{fingerprint}:{write.verb}:{write.contact_id}"
        case MoveDeal():
            return f"{fingerprint}:stage:{write.deal_id}:{write.stage}"
        case ReopenTask():
            return f"{fingerprint}:reopen:{write.task_id}"
        case DeleteTask():
            return f"{fingerprint}:delete:{write.task_id}"
        case _:
            assert_never(write)


def event(write: CrmWrite, *, dedupe_key: str, at: datetime, owner: Owner | None) -> Event:
    """The write as an event, as if the CRM had told it: the same path into mirror and rules."""
    verb, change = _told(write, at, owner)
    return Event(dedupe_key, verb, at, (change,), owner, Origin.SELF)


def _told(write: CrmWrite, at: datetime, owner: Owner | None) -> tuple[Verb, Change]:
    fields: dict[str, Any]
    match write:
        case CreateTask():
            fields = {
                "title": write.title,
                "status": TaskStatus.PENDING,
                "priority": write.priority,
                "due_date": write.due_date,
                "note": write.note,
                "contact_id": write.contact_id,
                "deal_id": write.deal_id,
                "created_at": at,
            }
            return Verb.TASK_CREATED, Change(SubjectKind.TASK, write.task_id, at, fields, owner)
        case CompleteTask():
            fields = {"status": TaskStatus.COMPLETED, "completed_at": at}
            return Verb.TASK_COMPLETED, Change(SubjectKind.TASK, write.task_id, at, fields)
        case RescheduleTask():
            fields = {"due_date": write.due_date}
            return Verb.TASK_RESCHEDULED, Change(SubjectKind.TASK, write.task_id, at, fields)
        case LogContact():
            fields = {"last_contacted_at": at}
            return write.verb, Change(SubjectKind.CONTACT, write.contact_id, at, fields)
        case MoveDeal():
            # Whether that closes the deal follows from the stage; see `coach.stages.settled`.
            fields = {"stage": write.stage}
            change = Change(SubjectKind.DEAL, write.deal_id, at, fields)
            return Verb.DEAL_STAGE_CHANGED, change
        case ReopenTask():
            fields = {"status": TaskStatus.PENDING}
            return Verb.TASK_UPDATED, Change(SubjectKind.TASK, write.task_id, at, fields)
        case DeleteTask():
            return Verb.TASK_DELETED, Change(SubjectKind.TASK, write.task_id, at, {"deleted": True})
        case _:
            assert_never(write)


def before(write: CrmWrite, thing: Subject | None) -> dict[str, Any]:
    """How that was which a write changes, in JSON values; the thing as it is without the write."""
    kept = _before(write, thing)
    if thing is not None and (told := [at for at in map(thing.told.get, _changed(write)) if at]):
        # From when on the CRM's own word of it counts, should it turn out that it was not changed.
        kept["told"] = min(told).isoformat()
    return kept


def _changed(write: CrmWrite) -> tuple[str, ...]:
    match write:
        case RescheduleTask():
            return ("due_date",)
        case LogContact():
            return ("last_contacted_at",)
        case MoveDeal():
            return ("stage", "status")
        case _:
            return ("status",)


def _before(write: CrmWrite, thing: Subject | None) -> dict[str, Any]:
    match write, thing:
        case RescheduleTask(), Task(due_date=due):
            return {"due_date": due.isoformat() if due else None}
        case LogContact(), Contact(last_contacted_at=at, silent_since=since):
            return {
                "last_contacted_at": at.isoformat() if at else None,
                "silent_since": since.isoformat() if since else None,
            }
        case MoveDeal(), Deal(stage=stage, status=status):
            return {"stage": stage, "status": status.value}
        case _:
            return {}


def opposite(write: CrmWrite, before: Mapping[str, Any]) -> CrmWrite | None:
    """The change by which a CRM takes another one back; `None` where there is none.

    `before` is what was kept of how it was.
    """
    match write:
        case CreateTask():
            return DeleteTask(write.connection_id, write.task_id)
        case CompleteTask():
            return ReopenTask(write.connection_id, write.task_id)
        case RescheduleTask() if before.get("due_date"):
            due = date.fromisoformat(before["due_date"])
            return RescheduleTask(write.connection_id, write.task_id, due)
        case MoveDeal() if before.get("stage"):
            return MoveDeal(write.connection_id, write.deal_id, before["stage"])
        case _:
            # A logged call stays logged, and no CRM is told to empty a field.
            return None


def still_stands(write: CrmWrite, made_at: datetime, thing: Subject | None) -> bool:
    """Whether a thing is still as a write made at that time has left it."""
    match write, thing:
        case CreateTask(), Task(deleted=False, status=TaskStatus.PENDING):
            return True
        case CompleteTask(), Task(deleted=False, status=TaskStatus.COMPLETED):
            return True
        case RescheduleTask(due_date=due), Task(deleted=False):
            return thing.due_date == due
        case LogContact(), Contact(deleted=False):
            return thing.last_contacted_at == made_at
        case MoveDeal(stage=stage), Deal(deleted=False):
            return thing.stage == stage
        case _:
            return False


def undoing(
    write: CrmWrite,
    before: Mapping[str, Any],
    *,
    made_at: datetime,
    dedupe_key: str,
    at: datetime,
) -> Event:
    """What sets the mirror back to how it was before a write made at `made_at`."""
    fields: dict[str, Any]
    match write:
        case CreateTask() | DeleteTask():
            verb, fields = Verb.TASK_DELETED, {"deleted": True}
        case CompleteTask() | ReopenTask():
            verb, fields = Verb.TASK_UPDATED, {"status": TaskStatus.PENDING}
        case RescheduleTask():
            due = before.get("due_date")
            verb, fields = (
                Verb.TASK_RESCHEDULED,
                {"due_date": date.fromisoformat(due) if due else None},
            )
        case LogContact():
            verb, fields = (
                Verb.CONTACT_UPDATED,
                {
                    name: datetime.fromisoformat(before[name]) if before.get(name) else None
                    for name in ("last_contacted_at", "silent_since")
                },
            )
        case MoveDeal():
            status = DealStatus(before.get("status", DealStatus.OPEN))
            verb, fields = (
                Verb.DEAL_UPDATED,
                {"stage": before.get("stage"), "status": status},
            )
        case _:
            assert_never(write)
    kind, id = subject(write)
    change = Change(kind, id, at, fields, undoes=made_at)
    return Event(dedupe_key, verb, at, (change,), origin=Origin.SELF)


def refused(
    write: CrmWrite, before: Mapping[str, Any], *, made_at: datetime, dedupe_key: str, at: datetime
) -> Event:
    """What sets the mirror back when the CRM has refused a write made at `made_at`.

    It is as if the write had not been: whatever the CRM has told since it was told last counts.
    """
    event = undoing(write, before, made_at=made_at, dedupe_key=dedupe_key, at=at)
    told = before.get("told")
    since = datetime.fromisoformat(told) if told else made_at
    return replace(event, changes=tuple(replace(each, at=since) for each in event.changes))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A write as it goes to the CRM, with the thing it concerns as the mirror has it by then."""

    #: Its identity: the same on every try.
    key: str
    write: CrmWrite
    verb: Verb
    #: When the person did it.
    at: datetime
    subject: Deal | Contact | Task
    #: Whose doing it is, as this CRM knows them.
    owner: Owner | None = None
    owner_email: str | None = None
    #: The stage a deal moves to, as the CRM knows it, where it has told of its stages.
    stage: Stage | None = None
