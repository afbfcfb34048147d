"""Changes that people make on screens: in the mirror at once, and on their way to the CRM."""

from collections.abc import Iterator
from datetime import date
from itertools import count

from bot.coaching.permission import Refusal
from bot.coaching.recording import apply
from bot.coaching.words import words
from bot.runtime.parts import Parts
from coach import writes
from coach.models import Deal, Insight, Person, Ref, Verb
from coach.phrases import say
from coach.screens import Control, Item
from coach.writes import CompleteTask, CrmWrite, LogContact, MoveDeal, RescheduleTask
from storage import connections, crm_writes, mirror, namesakes, owners
from storage.crm_writes import StoredWrite
from storage.database import Tx

_LOGGED = {
    Control.LOG_CALL: Verb.CALL_LOGGED,
    Control.LOG_EMAIL: Verb.EMAIL_LOGGED,
    Control.LOG_MEETING: Verb.MEETING_BOOKED,
}


def write_of(control: Control, ref: Ref, value: str | None, item: Item, today: date) -> CrmWrite:
    """The change a control asks for. Raises `Refusal` for a value that cannot be used."""
    match control:
        case Control.COMPLETE_TASK:
            return CompleteTask(ref.connection_id, ref.id)
        case Control.RESCHEDULE_TASK:
            try:
                day = date.fromisoformat(value or "")
            except ValueError as error:
                raise Refusal(say("Pick a date for the task.")) from error
            if day < today:
                raise Refusal(say("Pick today or a later day."))
            return RescheduleTask(ref.connection_id, ref.id, day)
        case Control.MOVE_DEAL:
            if value is None or value not in item.stages:
                raise Refusal(say("Choose one of the stages."))
            return MoveDeal(ref.connection_id, ref.id, value)
        case Control.LOG_CALL | Control.LOG_EMAIL | Control.LOG_MEETING:
            return LogContact(ref.connection_id, ref.id, _LOGGED[control])


def _keys(key: str) -> Iterator[str]:
    """What a change may be known by: another name each time after it was taken back."""
    yield key
    for number in count(2):
        yield f"{key}:{number}"


async def make(parts: Parts, tx: Tx, insight: Insight, person: Person, write: CrmWrite) -> None:
    """Make one change, in the mirror and on its way to the CRM; a repeat does nothing."""
    workspace_id, now = insight.workspace_id, parts.clock.now()
    key = writes.key(write, insight.fingerprint)
    known = {w.key for w in await crm_writes.of_insight(tx, workspace_id, insight.fingerprint)}
    taken_back = await crm_writes.undone(tx, workspace_id, insight.fingerprint)
    key = next(each for each in _keys(key) if each not in taken_back)
    if key in known:
        return
    kind, id = writes.subject(write)
    there = await mirror.load(tx, kind, workspace_id, write.connection_id, [id])
    before = writes.before(write, there.get(id))
    owner = await owners.owner_of(tx, workspace_id, write.connection_id, person.id)
    event = writes.event(write, dedupe_key=f"coach:{key}", at=now, owner=owner)
    taking = insight.fingerprint
    await apply(parts, tx, workspace_id, write.connection_id, [event], taking=taking)
    change = event.changes[0]
    found = await mirror.load(tx, change.kind, workspace_id, write.connection_id, [change.id])
    subject = found[change.id]
    if isinstance(subject, Deal):
        (subject,) = await namesakes.told_apart(tx, workspace_id, [subject])
    said = words(write, subject.thing)
    stored = StoredWrite(
        workspace_id, key, insight.fingerprint, said, write, person.id, before=before
    )
    known_connections = await connections.of_workspace(tx, parts.seal, workspace_id)
    to_send = any(each.id == write.connection_id and each.reachable for each in known_connections)
    await crm_writes.add(tx, stored, now, to_send=to_send)
