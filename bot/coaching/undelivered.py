"""A change that did not get to its CRM: its person is told, until the CRM has it after all.

The card it was made from says so. As an edit of it rings with nobody, and giving up may have taken
days, they get a message besides: one a day for each CRM, drawn anew as its changes get there. Who
has made one there by hand says so on it, and nobody tries it any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.coaching.actor import Actor
from bot.coaching.adopting import adopt
from bot.coaching.permission import Refusal
from bot.runtime.parts import Parts
from coach.models import Insight, SubjectKind
from coach.phrases import Joint, Phrase, Series, say, to_json
from coach.presenting import NAMED
from coach.writes import CreateTask
from storage import crm_writes, messages, people, remote_ids, undelivered, undoing, workspaces
from storage import following as kept
from storage.crm_writes import BY_HAND, StoredWrite
from storage.database import Tx
from storage.messages import Message
from storage.personal import FORGOTTEN

#: Changes of which one message tells.
MOST = 20

#: The values of what a card says of both, from which what was done can be had back.
_BOTH = {"done", "not_there"}

#: What is said of a change by its state.
_SAID = {"done": "there", "refused": "refused", BY_HAND: "by_hand"}

#: Why a change cannot be said to be made by hand, by its state.
_NOT_MISSING = {
    "done": say("The CRM has this already."),
    "refused": say("The CRM refused this when it was tried again, so it is undone here."),
    BY_HAND: say("You have said so already."),
    "withdrawn": say("You have taken this back, so it is missing nowhere."),
}


async def tell(parts: Parts, tx: Tx, write: StoredWrite) -> None:
    """Tell the person who made it of a change that was given up; the workspace's lock is held."""
    day = parts.clock.now().date().isoformat()
    id = f"undelivered:{write.connection_id}:{write.person_id}:{day}"
    told_in = await undelivered.note(tx, write, id)
    if told_in is not None:
        await follow(parts, tx, replace(write, told_in=told_in))


async def follow(parts: Parts, tx: Tx, write: StoredWrite) -> None:
    """Have the card and the message say how it stands with a change that was given up once."""
    workspace_id = write.workspace_id
    for insight in await kept.these(tx, workspace_id, [write.fingerprint]):
        await say_on(tx, insight)
    known = await people.load(tx, workspace_id, [write.person_id] if write.person_id else [])
    person = known.get(write.person_id or "")
    id = write.told_in
    if id in {None, FORGOTTEN} or person is None or person.slack_user_id is None:
        return
    there = await undelivered.told_in(tx, workspace_id, person.id, id, MOST)
    params = {"connection": write.connection_id, "changes": [_told(each) for each in there]}
    message = Message(workspace_id, id, "undelivered", person.slack_user_id, params, person.id)
    await messages.make(tx, [(message, [])], parts.clock.now())
    await messages.redraw(tx, workspace_id, id, params)


def _told(write: StoredWrite) -> dict[str, Any]:
    state = _SAID.get(write.state, "doubt" if write.in_doubt else "missing")
    return {"said": to_json(write.words), "state": state, "why": write.error, "key": write.key}


async def settle(parts: Parts, actor: Actor, key: str) -> None:
    """Its person has made a change in the CRM themselves. Raises `Refusal`."""
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        write = await _theirs(tx, actor, key)
        if not await undelivered.by_hand(tx, write, parts.clock.now()):
            being_tried = say("It is being tried again at this moment. Look here in a minute.")
            raise Refusal(_NOT_MISSING.get(write.state, being_tried))
        if isinstance(write.write, CreateTask):
            await _become_one(parts, tx, write, write.write)
        await follow(parts, tx, write)
    parts.wake.sender.set()
    # What was done to the same thing after it may have waited for it.
    parts.wake.outbox.set()


async def _become_one(parts: Parts, tx: Tx, write: StoredWrite, made: CreateTask) -> None:
    """Where the CRM has told of the task that they made there, it is ours: there are not two."""
    theirs = await undelivered.made_there(tx, write, made)
    if theirs is not None:
        place = write.workspace_id, write.connection_id
        await adopt(parts, tx, *place, SubjectKind.TASK, made.task_id, theirs)


async def _is_known_there(tx: Tx, write: StoredWrite) -> bool:
    place = write.workspace_id, write.connection_id, SubjectKind.TASK
    return bool(await remote_ids.theirs(tx, *place, [write.subject_id]))


async def unsettle(parts: Parts, actor: Actor, key: str) -> None:
    """They have not, after all: it is missing there as before. Raises `Refusal`."""
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, actor.workspace_id)
        write = await _theirs(tx, actor, key)
        if isinstance(write.write, CreateTask) and await _is_known_there(tx, write):
            raise Refusal(say("The CRM has told of this since: it is there."))
        if not await undelivered.not_by_hand(tx, write):
            raise Refusal(say("There is nothing to undo here any more."))
        await follow(parts, tx, write)
    parts.wake.sender.set()


async def _theirs(tx: Tx, actor: Actor, key: str) -> StoredWrite:
    """The change, which the one who acts must have made and been told of. Raises `Refusal`."""
    person = await people.by_slack_user(tx, actor.workspace_id, actor.slack_user_id)
    write = await crm_writes.one(tx, actor.workspace_id, key)
    if write is None or write.told_in is None:
        raise Refusal(say("This change is not known any more."))
    if person is None or write.person_id != person.id:
        raise Refusal(say("Somebody else made this change, so only they can answer."))
    return write


async def unlink(parts: Parts, tx: Tx, workspace_id: str, connection_id: str) -> None:
    """A CRM is about to be forgotten: what is missing there stays so, and nobody tries it again.

    What is still on its way will not get there: who made it is told. The workspace's lock is held.
    """
    for write in await undelivered.give_up_waiting(tx, workspace_id, connection_id):
        if write.told_in is None:
            await tell(parts, tx, write)
    given_up = await undelivered.given_up(tx, workspace_id, connection_id)
    missing = [each for each in given_up if each.state != BY_HAND]
    for insight in await kept.these(tx, workspace_id, {each.fingerprint for each in missing}):
        if insight.progress is None:
            its = [each for each in missing if each.fingerprint == insight.fingerprint]
            await _tell_on(tx, insight, _unlinked(its))
    for id in sorted({each.told_in for each in given_up if each.told_in is not None}):
        message = await messages.get(tx, workspace_id, id)
        if message is not None:
            changes = [_ended(each) for each in message.params["changes"]]
            await messages.redraw(
                tx, workspace_id, id, {**message.params, "changes": changes, "unlinked": True}
            )


def _ended(change: Mapping[str, Any]) -> dict[str, Any]:
    is_open = change["state"] in {"missing", "doubt"}
    return {**change, "state": f"{change['state']}_for_good" if is_open else change["state"]}


def _unlinked(missing: Sequence[StoredWrite]) -> Phrase:
    named = Series(tuple(each.words for each in missing[:NAMED]), Joint.SEMICOLON)
    if any(each.in_doubt for each in missing):
        return say(
            "The CRM may not have this, as its answer was lost, and it is not linked any more: "
            "{changes}.",
            changes=named,
        )
    return say("The CRM did not get this, and is not linked any more: {changes}.", changes=named)


async def say_on(tx: Tx, insight: Insight) -> Phrase | None:
    """Have an insight's messages say what of it the CRM does not have; returns what was done.

    Of a list that is not done yet they say how far it is.
    """
    if insight.progress is not None:
        return insight.outcome
    missing = await undelivered.of_insight(tx, insight.workspace_id, insight.fingerprint)
    return await _tell_on(tx, insight, not_there(missing) if missing else None)


async def _tell_on(tx: Tx, insight: Insight, said: Phrase | None) -> Phrase | None:
    """Have its messages say what was done, and this of it; returns that."""
    done = _without(insight.outcome)
    if said is not None and done is not None:
        said = say("{done} {not_there}", done=done, not_there=said)
    said = said or done
    if said is not None and said != insight.outcome:
        await undoing.tell(tx, insight.workspace_id, insight.fingerprint, said)
    return said


def _without(outcome: Phrase | None) -> Phrase | None:
    if outcome is None or outcome.values.keys() != _BOTH:
        return outcome
    done = outcome.values["done"]
    return done if isinstance(done, Phrase) else outcome


def not_there(missing: Sequence[StoredWrite]) -> Phrase:
    """That these changes did not get to the CRM, or may not have, and what can be done."""
    named = Series(tuple(each.words for each in missing[:NAMED]), Joint.SEMICOLON)
    if any(each.in_doubt for each in missing):
        return say(
            "The CRM may not have this, as its answer was lost: {changes}. Look there, and do it "
            "there if it is missing.",
            changes=named,
        )
    return say(
        "The CRM does not have this: {changes}. Do it there, or have whoever runs the coach try it "
        "again with `coach replay`.",
        changes=named,
    )
