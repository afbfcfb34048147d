"""What people decide on insights: open, use a control, submit, dismiss; each counts once."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from bot.coaching.recording import apply
from bot.runtime.parts import Parts
from coach import lifecycle, writes
from coach.action import Action, ActionView, FieldErrors, Shows
from coach.calendar import local_date
from coach.errors import CoachError
from coach.models import (
    Contact,
    Deal,
    Insight,
    InsightState,
    Person,
    Ref,
    Subject,
    SubjectKind,
    Task,
    Verb,
    plain,
)
from coach.pacing import next_turn
from coach.screens import Control, Item, Screen
from coach.writes import (
    CompleteTask,
    CreateTask,
    CrmWrite,
    LogContact,
    MoveDeal,
    Outgoing,
    RescheduleTask,
)
from storage import connections, crm_writes, insights, mirror, owners, people, workspaces
from storage.crm_writes import StoredWrite
from storage.database import Tx


class Refusal(CoachError):  # noqa: N818 - it is an answer for people, not a fault
    """The press cannot be followed; the text tells its person why."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An insight with the screen behind its Take Action."""

    insight: Insight
    person: Person
    screen: Screen


async def open_screen(
    parts: Parts, workspace_id: str, fingerprint: str, slack_user_id: str
) -> Opened:
    """What Take Action shows; notes that the person has seen the insight.

    Raises `Refusal`, or `UnknownSubjectError` when the CRM no longer has what it is about.
    """
    async with parts.database.write() as tx:
        insight, person = await _theirs(parts, tx, workspace_id, fingerprint, slack_user_id)
        view = await _view(parts, tx, insight, person)
        await insights.see(tx, workspace_id, [fingerprint], parts.clock.now())
    return Opened(insight, person, _action(parts, insight).screen(view))


async def use_control(
    parts: Parts,
    workspace_id: str,
    fingerprint: str,
    slack_user_id: str,
    control: Control,
    ref: Ref,
    value: str | None,
) -> Opened:
    """Do what a control on the screen says, in the mirror and on its way to the CRM, once.

    Only what the screen offers can be done: a forged press is refused.
    """
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, workspace_id)
        insight, person = await _theirs(parts, tx, workspace_id, fingerprint, slack_user_id)
        action = _action(parts, insight)
        before = action.screen(await _view(parts, tx, insight, person))
        item = next(
            (each for each in before.elements if isinstance(each, Item) and each.ref == ref), None
        )
        if item is None:
            raise Refusal("This is no longer on the screen. Close it and open it again.")
        if item.done is None:
            if control not in item.controls:
                raise Refusal("This cannot be done here. Close the screen and open it again.")
            write = _write(control, ref, value, item)
            await _make(parts, tx, insight, person, write)
        after = action.screen(await _view(parts, tx, insight, person))
    parts.wake.outbox.set()
    parts.wake.sender.set()
    return Opened(insight, person, after)


async def submit(
    parts: Parts,
    workspace_id: str,
    fingerprint: str,
    slack_user_id: str,
    values: Mapping[str, str | None],
) -> Insight | FieldErrors:
    """End a screen: the changes are made and the insight is taken, both or neither.

    Returns what to correct, by field, when the values cannot be used.
    """
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, workspace_id)
        insight, person = await _theirs(parts, tx, workspace_id, fingerprint, slack_user_id)
        result = _action(parts, insight).submit(await _view(parts, tx, insight, person), values)
        if isinstance(result, FieldErrors):
            return result
        taken = await insights.move(
            tx,
            workspace_id,
            fingerprint,
            InsightState.TAKEN,
            parts.clock.now(),
            outcome=insights.stored(result.outcome),
        )
        if taken is None:
            raise Refusal(_refused(await insights.get(tx, workspace_id, fingerprint)))
        for write in result.writes:
            await _make(parts, tx, insight, person, write)
        await _free_turn(parts, tx, insight)
    parts.wake.sender.set()
    parts.wake.outbox.set()
    return taken


async def leave(parts: Parts, workspace_id: str, fingerprint: str, slack_user_id: str) -> bool:
    """The person closed a screen: an insight from which something was done is taken.

    Returns whether it was; one from which nothing was done stays open.
    """
    async with parts.database.read() as tx:
        made = await crm_writes.of_insight(tx, workspace_id, fingerprint)
        insight = await insights.get(tx, workspace_id, fingerprint)
    if not made or insight is None or insight.state in lifecycle.DECIDED:
        return False
    return isinstance(await submit(parts, workspace_id, fingerprint, slack_user_id, {}), Insight)


async def dismiss(parts: Parts, workspace_id: str, fingerprint: str, slack_user_id: str) -> Insight:
    """Send an insight away. Raises `Refusal`."""
    async with parts.database.write() as tx:
        insight, _ = await _theirs(parts, tx, workspace_id, fingerprint, slack_user_id)
        now = parts.clock.now()
        await insights.see(tx, workspace_id, [fingerprint], now)
        gone = await insights.move(tx, workspace_id, fingerprint, InsightState.DISMISSED, now)
        if gone is None:
            raise Refusal(_refused(await insights.get(tx, workspace_id, fingerprint)))
        await _free_turn(parts, tx, insight)
    parts.wake.sender.set()
    return gone


async def _free_turn(parts: Parts, tx: Tx, insight: Insight) -> None:
    # An answered card no longer stands in the way of the next one; a newer one may.
    if insight.state is InsightState.SENT:
        workspace_id, person_id = insight.workspace_id, insight.person_id
        newest = await insights.newest_unanswered(tx, workspace_id, person_id)
        turn = next_turn(parts.clock.now(), newest)
        await people.next_turn(tx, workspace_id, {person_id: turn})


async def _theirs(
    parts: Parts, tx: Tx, workspace_id: str, fingerprint: str, slack_user_id: str
) -> tuple[Insight, Person]:
    insight = await insights.get(tx, workspace_id, fingerprint)
    if insight is None:
        raise Refusal("This insight is not known any more. `/coach insights` shows what is open.")
    known = await people.load(tx, workspace_id, [insight.person_id])
    person = known[insight.person_id]
    if person.slack_user_id != slack_user_id:
        raise Refusal("This insight is for somebody else, so only they can answer it.")
    if insight.state in {InsightState.TAKEN, InsightState.DISMISSED, InsightState.EXPIRED} or (
        insight.expires_at <= parts.clock.now()
    ):
        raise Refusal(_refused(insight))
    return insight, person


def _refused(insight: Insight | None) -> str:
    if insight is not None and insight.state is InsightState.TAKEN:
        return f"You have already taken care of this. {plain(insight.outcome)}".strip()
    if insight is not None and insight.state is InsightState.DISMISSED:
        return "You have already dismissed this."
    return "This insight has expired. If it is still true, you will hear of it again."


def _action(parts: Parts, insight: Insight) -> Action:
    action = parts.actions.get(insight.suggestion.action)
    if action is None:
        raise Refusal("What this insight suggests is no longer possible. Dismiss it.")
    return action


async def _view(parts: Parts, tx: Tx, insight: Insight, person: Person) -> ActionView:
    now = parts.clock.now()
    today = local_date(now, person)
    params, shows = insight.suggestion.params, _action(parts, insight).shows
    workspace_id = insight.workspace_id
    task: Task | None = None
    deal: Deal | None = None
    contact: Contact | None = None
    contacts: list[Contact] = []
    tasks: list[Task] = []
    stages: list[str] = []
    done = {
        write.subject_id: write.words
        for write in await crm_writes.of_insight(tx, workspace_id, insight.fingerprint)
    }
    if Shows.TASK in shows:
        task = _only(Task, await _one(tx, SubjectKind.TASK, insight, params["task_id"]))
    if Shows.DEAL in shows:
        deal = _only(Deal, await _one(tx, SubjectKind.DEAL, insight, params["deal_id"]))
        stages = await mirror.stages(tx, workspace_id, params["connection_id"])
        if deal is not None and deal.contact_id:
            found = await _one(tx, SubjectKind.CONTACT, insight, deal.contact_id)
            contact = _only(Contact, found)
    if Shows.CONTACTS in shows:
        wanted: dict[str, list[str]] = {}
        for connection_id, id in params["contacts"]:
            wanted.setdefault(connection_id, []).append(id)
        for connection_id, ids in wanted.items():
            known = await mirror.load(tx, SubjectKind.CONTACT, workspace_id, connection_id, ids)
            contacts += [each for each in known.values() if isinstance(each, Contact)]
    if Shows.OVERDUE_TASKS in shows:
        tasks = await mirror.tasks_of(tx, workspace_id, person.id, due_before=today)
        # What was finished or moved on this screen stays on it, to be seen as done.
        tasks += await mirror.tasks_by_id(tx, workspace_id, set(done) - {t.id for t in tasks})
    digest = hashlib.sha256(f"{workspace_id}:{insight.fingerprint}".encode()).hexdigest()
    return ActionView(
        now=now,
        person=person,
        today=today,
        params=params,
        new_id=f"coach-{digest[:20]}",
        task=task,
        deal=deal,
        contact=contact,
        contacts=contacts,
        tasks=tasks,
        stages=stages,
        done=done,
    )


T = TypeVar("T", Deal, Contact, Task)


def _only(cls: type[T], found: Subject | None) -> T | None:
    return found if isinstance(found, cls) else None


async def _one(tx: Tx, kind: SubjectKind, insight: Insight, id: str) -> Subject | None:
    connection_id = insight.suggestion.params["connection_id"]
    return (await mirror.load(tx, kind, insight.workspace_id, connection_id, [id])).get(id)


_LOGGED = {
    Control.LOG_CALL: Verb.CALL_LOGGED,
    Control.LOG_EMAIL: Verb.EMAIL_LOGGED,
    Control.LOG_MEETING: Verb.MEETING_BOOKED,
}


def _write(control: Control, ref: Ref, value: str | None, item: Item) -> CrmWrite:
    match control:
        case Control.COMPLETE_TASK:
            return CompleteTask(ref.connection_id, ref.id)
        case Control.RESCHEDULE_TASK:
            try:
                return RescheduleTask(ref.connection_id, ref.id, date.fromisoformat(value or ""))
            except ValueError as error:
                raise Refusal("Pick a date for the task.") from error
        case Control.MOVE_DEAL:
            if value is None or value not in item.stages:
                raise Refusal("Choose one of the stages.")
            return MoveDeal(ref.connection_id, ref.id, value)
        case Control.LOG_CALL | Control.LOG_EMAIL | Control.LOG_MEETING:
            return LogContact(ref.connection_id, ref.id, _LOGGED[control])


_SAID = {
    Verb.CALL_LOGGED: "Logged a call with",
    Verb.EMAIL_LOGGED: "Logged a mail to",
    Verb.MEETING_BOOKED: "Logged a meeting with",
    Verb.NOTE_LOGGED: "Logged a note on",
}


def _words(write: CrmWrite, name: str) -> str:
    match write:
        case CreateTask():
            return f"Created “{write.title}”"
        case CompleteTask():
            return f"Completed “{name}”"
        case RescheduleTask():
            return f"Moved “{name}” to {write.due_date:%a %-d %b}"
        case LogContact():
            return f"{_SAID[write.verb]} {name}"
        case MoveDeal():
            return f"Moved “{name}” to {write.stage}"


async def _make(parts: Parts, tx: Tx, insight: Insight, person: Person, write: CrmWrite) -> None:
    """Make one change, in the mirror and on its way to the CRM; a repeat does nothing."""
    workspace_id, now = insight.workspace_id, parts.clock.now()
    key = writes.key(write, insight.fingerprint)
    known = {w.key for w in await crm_writes.of_insight(tx, workspace_id, insight.fingerprint)}
    if key in known:
        return
    owner = await owners.owner_of(tx, workspace_id, write.connection_id, person.id)
    event = writes.event(write, dedupe_key=f"coach:{key}", at=now, owner=owner)
    await apply(parts, tx, workspace_id, write.connection_id, [event])
    change = event.changes[0]
    found = await mirror.load(tx, change.kind, workspace_id, write.connection_id, [change.id])
    subject = found[change.id]
    all_connections = await connections.of_workspace(tx, parts.seal, workspace_id)
    connection = next((c for c in all_connections if c.id == write.connection_id), None)
    body = None
    if connection is not None and connection.callback_url:
        email = owner.email if owner and owner.email else person.email
        body = parts.providers[connection.provider].write(Outgoing(event.verb, now, subject, email))
    stored = StoredWrite(
        workspace_id,
        key,
        insight.fingerprint,
        write.connection_id,
        change.id,
        _words(write, subject.name),
        body,
    )
    await crm_writes.add(tx, stored, now)
