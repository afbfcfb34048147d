"""What people do of themselves, in a list or by typing: changes that no insight has called for.

Each act has an id, which stands where changes from an insight have its fingerprint: what comes
twice is made once, what was done in one act is taken back together, and what its CRM refuses is
told to who did it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.coaching import enrolling, undoing
from bot.coaching.actor import Actor
from bot.coaching.changes import LOGGED, Made, make, write_of
from bot.coaching.permission import FieldRefusal, Refusal
from bot.runtime.parts import Parts
from coach.actions.create_task import NOTE, TITLE
from coach.calendar import local_date
from coach.models import (
    Contact,
    Deal,
    Person,
    Ref,
    Subject,
    SubjectKind,
    Task,
    TaskPriority,
    TaskStatus,
)
from coach.phrases import Joint, Phrase, Series, counted, say
from coach.screens import Control
from coach.writes import CreateTask, CrmWrite, LogContact
from storage import connections, crm_writes, deciding, lists, mirror, rounds, stages, workspaces
from storage.database import Tx
from storage.undoing import WITHIN

#: What each control is used on.
KINDS = {
    Control.COMPLETE_TASK: SubjectKind.TASK,
    Control.RESCHEDULE_TASK: SubjectKind.TASK,
    Control.LOG_CALL: SubjectKind.CONTACT,
    Control.LOG_EMAIL: SubjectKind.CONTACT,
    Control.LOG_MEETING: SubjectKind.CONTACT,
    Control.MOVE_DEAL: SubjectKind.DEAL,
}

#: How many things are changed at once.
TOGETHER = 100

#: How many of them are named in what is said of it.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, and what is said of it."""

    id: str
    said: Phrase


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task that somebody wants, and what it is about, if anything."""

    title: str
    due: date | None = None
    priority: TaskPriority = TaskPriority.MEDIUM
    note: str | None = None
    about: Ref | None = None
    #: What `about` is: a deal or a contact.
    kind: SubjectKind = SubjectKind.DEAL


def act_id(actor: Actor, key: str) -> str:
    """The id of what this person did by one press or command: the same however often it comes."""
    told = ":".join((actor.workspace_id, actor.slack_user_id, key))
    return hashlib.sha256(f"act:{told}".encode()).hexdigest()[:32]


async def use(
    parts: Parts,
    actor: Actor,
    key: str,
    control: Control,
    refs: Sequence[Ref],
    value: str | None = None,
) -> Act:
    """Do this to things of the person's own, all of it or nothing.

    `key` tells one press from another; `value` is the date or stage that was chosen. Raises
    `Refusal`, or `FieldRefusal` for a value that cannot be used.
    """
    if len(refs) > TOGETHER:
        raise Refusal(say("At most {most} at once.", most=TOGETHER))
    async with parts.database.write() as tx:
        person = await _begin(parts, tx, actor)
        if (again := await _again(tx, actor, key)) is not None:
            return again
        things = await _own(tx, person, KINDS[control], refs)
        if control is Control.COMPLETE_TASK:
            refs = _to_do(things)
        today = local_date(parts.clock.now(), person)
        ways = await _ways(tx, person, things)
        writes = [
            write_of(control, ref, value, ways.get(ref, ()), today) for ref in dict.fromkeys(refs)
        ]
        done = await _make(parts, tx, actor, key, person, writes)
    _ring(parts)
    return done


async def log(
    parts: Parts,
    actor: Actor,
    key: str,
    control: Control,
    about: Sequence[tuple[SubjectKind, Ref]],
    note: str | None = None,
) -> Act:
    """Log that the person was in touch with contacts: their own, or those of their deals or tasks.

    Raises `Refusal`.
    """
    async with parts.database.write() as tx:
        person = await _begin(parts, tx, actor)
        if (again := await _again(tx, actor, key)) is not None:
            return again
        whom = await _contacts_of(tx, person, about[:TOGETHER])
        said = (note or "").strip()[:NOTE] or None
        writes: list[CrmWrite] = [
            LogContact(ref.connection_id, ref.id, LOGGED[control], said)
            for ref in dict.fromkeys(whom)
        ]
        done = await _make(parts, tx, actor, key, person, writes)
    _ring(parts)
    return done


async def create_task(parts: Parts, actor: Actor, key: str, wanted: NewTask) -> Act:
    """Make a task for the person, in the CRM of what it is about or in theirs.

    Raises `Refusal`, or `FieldRefusal` for what is wrong with a field.
    """
    title = " ".join(wanted.title.split())
    if not title:
        raise FieldRefusal("title", say("Give the task a title."))
    async with parts.database.write() as tx:
        person = await _begin(parts, tx, actor)
        if (again := await _again(tx, actor, key)) is not None:
            return replace(again, said=_created(title, wanted.due))
        if wanted.due is not None and wanted.due < local_date(parts.clock.now(), person):
            raise FieldRefusal("date", say("Pick today or a later day."))
        connection_id, about = await _where(parts, tx, person, wanted)
        write = CreateTask(
            connection_id,
            task_id=f"coach-{act_id(actor, key)[:20]}",
            title=title[:TITLE],
            due_date=wanted.due,
            priority=wanted.priority,
            note=(wanted.note or "").strip()[:NOTE] or None,
            **about,
        )
        made = await make(parts, tx, act_id(actor, key), person, [write])
    _ring(parts)
    return Act(act_id(actor, key), _done(made, _created(title, wanted.due)))


async def own(parts: Parts, actor: Actor, kind: SubjectKind, ref: Ref) -> Subject:
    """One thing of the person's own, as it is now. Raises `Refusal`."""
    person = await enrolling.person_of(parts, actor)
    async with parts.database.read() as tx:
        return (await _own(tx, person, kind, [ref]))[ref]


async def stages_of(parts: Parts, actor: Actor, deal: Deal) -> list[str]:
    """The stages that a deal may go to."""
    async with parts.database.read() as tx:
        return await stages.of_deal(tx, actor.workspace_id, deal)


async def undo(parts: Parts, actor: Actor, id: str) -> Phrase:
    """Take back what was done in one act, once and for ten minutes. Raises `Refusal`."""
    async with parts.database.write() as tx:
        person = await _begin(parts, tx, actor)
        made = await crm_writes.of_insight(tx, actor.workspace_id, id)
        if any(each.person_id != person.id for each in made):
            raise Refusal(say("Somebody else has done this, so only they can undo it."))
        since = parts.clock.now() - WITHIN
        if not made or any(each.made_at <= since for each in made):
            raise Refusal(say("Only for ten minutes can this be undone, and once."))
        said = [await undoing.take_back(parts, tx, each) for each in reversed(made)]
    _ring(parts)
    return _together(said)


async def _begin(parts: Parts, tx: Tx, actor: Actor) -> Person:
    await workspaces.lock(tx, parts.database, actor.workspace_id)
    person = await enrolling.ensure(parts, tx, actor)
    # Rounds come before people: whoever looks at them takes them in this order.
    await rounds.hold(tx, actor.workspace_id, [person.id])
    await deciding.reconsider(tx, actor.workspace_id, [person.id], parts.clock.now())
    return person


async def _again(tx: Tx, actor: Actor, key: str) -> Act | None:
    """What was done by this press already. Raises `Refusal` where it was taken back since."""
    id = act_id(actor, key)
    if made := await crm_writes.of_insight(tx, actor.workspace_id, id):
        return Act(id, _together([each.words for each in made]))
    if await crm_writes.undone(tx, actor.workspace_id, id):
        raise Refusal(say("This was undone. To do it all the same, choose it once more."))
    return None


def _to_do(things: dict[Ref, Subject]) -> list[Ref]:
    """Those tasks that are not done yet. Raises `Refusal` where all are."""
    left = [
        ref
        for ref, thing in things.items()
        if isinstance(thing, Task) and thing.status is TaskStatus.PENDING
    ]
    if not left:
        raise Refusal(say("This is done already."))
    return left


async def _own(
    tx: Tx, person: Person, kind: SubjectKind, refs: Sequence[Ref]
) -> dict[Ref, Subject]:
    """Those things, which must be the person's and still there. Raises `Refusal`."""
    found = await _there(tx, person, kind, refs)
    if not refs or any(
        ref not in found or found[ref].deleted or found[ref].person_id != person.id for ref in refs
    ):
        raise Refusal(say("This is not among your things in the CRM any more."))
    return found


async def _there(
    tx: Tx, person: Person, kind: SubjectKind, refs: Sequence[Ref]
) -> dict[Ref, Subject]:
    """Those of these things that are known, whoever they belong to."""
    found: dict[Ref, Subject] = {}
    for connection_id in {ref.connection_id for ref in refs}:
        ids = [ref.id for ref in refs if ref.connection_id == connection_id]
        there = await mirror.load(tx, kind, person.workspace_id, connection_id, ids)
        found |= {Ref(connection_id, id): thing for id, thing in there.items()}
    return found


async def _contacts_of(
    tx: Tx, person: Person, about: Sequence[tuple[SubjectKind, Ref]]
) -> list[Ref]:
    """The contacts that things of the person's are, or that they are with. Raises `Refusal`."""
    things: dict[tuple[SubjectKind, Ref], Subject] = {}
    for kind in {kind for kind, _ in about}:
        refs = [ref for each, ref in about if each is kind]
        things |= {(kind, ref): each for ref, each in (await _own(tx, person, kind, refs)).items()}
    whom = [_contact_of(things[each]) for each in about]
    with_ = [
        ref for (kind, _), ref in zip(about, whom, strict=True) if kind is not SubjectKind.CONTACT
    ]
    there = await _there(tx, person, SubjectKind.CONTACT, with_)
    if any(ref not in there or there[ref].deleted for ref in with_):
        raise Refusal(say("The CRM names no contact for this."))
    return whom


def _contact_of(thing: Subject) -> Ref:
    id = thing.id if isinstance(thing, Contact) else thing.contact_id
    return Ref(thing.connection_id, id or "")


async def _ways(tx: Tx, person: Person, things: dict[Ref, Subject]) -> dict[Ref, list[str]]:
    return {
        ref: await stages.of_deal(tx, person.workspace_id, thing)
        for ref, thing in things.items()
        if isinstance(thing, Deal)
    }


async def _where(
    parts: Parts, tx: Tx, person: Person, wanted: NewTask
) -> tuple[str, dict[str, str | None]]:
    """The connection that gets a new task, and the deal and contact it is about."""
    if wanted.about is not None:
        (thing,) = (await _own(tx, person, wanted.kind, [wanted.about])).values()
        if isinstance(thing, Contact):
            return thing.connection_id, {"contact_id": thing.id}
        if isinstance(thing, Deal):
            return thing.connection_id, {"deal_id": thing.id, "contact_id": thing.contact_id}
    known = await connections.of_workspace(tx, parts.seal, person.workspace_id)
    used = await lists.connections_of(tx, person.workspace_id, person.id)
    there = {each.id: each for each in known}
    # Theirs by what they have there; one that can be told before one that cannot.
    ordered = sorted(
        {*used, *there},
        key=lambda id: (id not in there or not there[id].reachable, -used.get(id, 0), id),
    )
    if not ordered:
        raise Refusal(
            say("No CRM is connected, so there is nowhere to put a task. `/coach connect` does it.")
        )
    return ordered[0], {}


async def _make(
    parts: Parts, tx: Tx, actor: Actor, key: str, person: Person, writes: Sequence[CrmWrite]
) -> Act:
    id = act_id(actor, key)
    return Act(id, _done(await make(parts, tx, id, person, writes)))


def _created(title: str, due: date | None) -> Phrase:
    if due is None:
        return say("Created the task “{task}” without a due date.", task=title)
    return say("Created the task “{task}” for {date}.", task=title, date=due)


def _done(made: Sequence[Made], said: Phrase | None = None) -> Phrase:
    said = said or _together([each.said for each in made])
    if any(not each.to_send for each in made):
        return say("{done} The CRM is not told: there is no way to it.", done=said)
    return said


def _together(said: Sequence[Phrase]) -> Phrase:
    named = Series(tuple(said[:NAMED]), Joint.SEMICOLON)
    more = len(said) - NAMED
    if more <= 0:
        return say("{done}.", done=named)
    return counted(
        "{done}; and {count} more.", "{done}; and {count} more.", "count", done=named, count=more
    )


def _ring(parts: Parts) -> None:
    parts.wake.ring({"outbox", "attention", "sender", "tick"})
