"""Changes that people make in Slack: in the mirror at once, and on their way to the CRM."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count

from bot.coaching.permission import FieldRefusal
from bot.coaching.recording import apply
from bot.coaching.words import words
from bot.runtime.parts import Parts
from coach import writes
from coach.events import Event
from coach.models import Deal, Person, Ref, Subject, SubjectKind, Verb
from coach.phrases import Phrase, say
from coach.screens import Control
from coach.writes import CompleteTask, CrmWrite, LogContact, MoveDeal, RescheduleTask
from storage import connections, crm_writes, mirror, namesakes, owners
from storage.crm_writes import StoredWrite
from storage.database import Tx

#: What each control logs.
LOGGED = {
    Control.LOG_CALL: Verb.CALL_LOGGED,
    Control.LOG_EMAIL: Verb.EMAIL_LOGGED,
    Control.LOG_MEETING: Verb.MEETING_BOOKED,
}


@dataclass(frozen=True, slots=True)
class Made:
    """A change as made: what is said of it, and whether its CRM will be told."""

    said: Phrase
    to_send: bool


def write_of(
    control: Control, ref: Ref, value: str | None, stages: Sequence[str], today: date
) -> CrmWrite:
    """The change a control asks for; `stages` are those a deal may go to.

    Raises `FieldRefusal` for a value that cannot be used.
    """
    match control:
        case Control.COMPLETE_TASK:
            return CompleteTask(ref.connection_id, ref.id)
        case Control.RESCHEDULE_TASK:
            try:
                day = date.fromisoformat(value or "")
            except ValueError as error:
                raise FieldRefusal("date", say("Pick a date for the task.")) from error
            if day < today:
                raise FieldRefusal("date", say("Pick today or a later day."))
            return RescheduleTask(ref.connection_id, ref.id, day)
        case Control.MOVE_DEAL:
            if value is None or value not in stages:
                raise FieldRefusal("stage", say("Choose one of the stages."))
            return MoveDeal(ref.connection_id, ref.id, value)
        case Control.LOG_CALL | Control.LOG_EMAIL | Control.LOG_MEETING:
            return LogContact(ref.connection_id, ref.id, LOGGED[control])


def _keys(key: str) -> Iterator[str]:
    """What a change may be known by: another name each time after it was taken back."""
    yield key
    for number in count(2):
        yield f"{key}:{number}"


async def make(
    parts: Parts, tx: Tx, taking: str, person: Person, wanted: Sequence[CrmWrite]
) -> list[Made]:
    """Make changes, in the mirror and on their way to the CRM; a repeat does nothing.

    `taking`: the insight from which they are made, or the id of an act of the person's own.
    """
    workspace_id, now = person.workspace_id, parts.clock.now()
    known = {each.key: each for each in await crm_writes.of_insight(tx, workspace_id, taking)}
    taken_back = await crm_writes.undone(tx, workspace_id, taking)
    crms = {each.id: each for each in await connections.of_workspace(tx, parts.seal, workspace_id)}
    keys = [
        next(each for each in _keys(writes.key(write, taking)) if each not in taken_back)
        for write in wanted
    ]
    new = {key: write for key, write in zip(keys, wanted, strict=True) if key not in known}
    before = await _things(tx, workspace_id, new.values())
    named = {
        each: await owners.owner_of(tx, workspace_id, each, person.id)
        for each in {write.connection_id for write in new.values()}
    }
    events: dict[str, list[Event]] = defaultdict(list)
    for key, write in new.items():
        owner = named[write.connection_id]
        event = writes.event(write, dedupe_key=f"coach:{key}", at=now, owner=owner)
        events[write.connection_id].append(event)
    for connection_id, told in events.items():
        await apply(parts, tx, workspace_id, connection_id, told, taking=taking)
    after = await _things(tx, workspace_id, new.values())
    for key, write in new.items():
        place = _place(write)
        said = words(write, after[place].thing)
        kept = writes.before(write, before.get(place))
        stored = StoredWrite(workspace_id, key, taking, said, write, person.id, before=kept)
        to_send = write.connection_id in crms and crms[write.connection_id].reachable
        await crm_writes.add(tx, stored, now, to_send=to_send)
        known[key] = replace(stored, state="queued" if to_send else "local")
    return [Made(known[key].words, known[key].state != "local") for key in keys]


Place = tuple[str, SubjectKind, str]


def _place(write: CrmWrite) -> Place:
    return write.connection_id, *writes.subject(write)


async def _things(tx: Tx, workspace_id: str, wanted: Collection[CrmWrite]) -> dict[Place, Subject]:
    """What these changes are about, as it is; deals as they are told apart."""
    ids: dict[tuple[str, SubjectKind], list[str]] = defaultdict(list)
    for connection_id, kind, id in map(_place, wanted):
        ids[connection_id, kind].append(id)
    found: dict[Place, Subject] = {}
    for (connection_id, kind), its in ids.items():
        there = await mirror.load(tx, kind, workspace_id, connection_id, its)
        named = await namesakes.told_apart(
            tx, workspace_id, [each for each in there.values() if isinstance(each, Deal)]
        )
        there = {**there, **{deal.id: deal for deal in named}}
        found |= {(connection_id, kind, id): thing for id, thing in there.items()}
    return found
