"""A change that did not get to its CRM: its person is told, until the CRM has it after all.

The card it was made from says so. As an edit of it rings with nobody, and giving up may have taken
days, they get a message besides: one a day for each CRM, drawn anew as its changes get there.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.runtime.parts import Parts
from coach.models import Insight
from coach.phrases import Joint, Phrase, Series, say, to_json
from coach.presenting import NAMED
from storage import following as kept
from storage import messages, people, undelivered, undoing
from storage.crm_writes import StoredWrite
from storage.database import Tx
from storage.messages import Message

#: Changes of which one message tells.
MOST = 20

#: The values of what a card says of both, from which what was done can be had back.
_BOTH = {"done", "not_there"}

#: What is said of a change by its state.
_SAID = {"done": "there", "refused": "refused"}


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
    if id is None or person is None or person.slack_user_id is None:
        return
    there = await undelivered.told_in(tx, workspace_id, person.id, id, MOST)
    params = {"connection": write.connection_id, "changes": [_told(each) for each in there]}
    message = Message(workspace_id, id, "undelivered", person.slack_user_id, params, person.id)
    await messages.make(tx, [(message, [])], parts.clock.now())
    await messages.redraw(tx, workspace_id, id, params)


def _told(write: StoredWrite) -> dict[str, Any]:
    state = _SAID.get(write.state, "doubt" if write.in_doubt else "missing")
    return {"said": to_json(write.words), "state": state, "why": write.error, "key": write.key}


async def say_on(tx: Tx, insight: Insight) -> Phrase | None:
    """Have an insight's messages say what of it the CRM does not have; returns what was done.

    Of a list that is not done yet they say how far it is.
    """
    if insight.progress is not None:
        return insight.outcome
    done = _without(insight.outcome)
    missing = await undelivered.of_insight(tx, insight.workspace_id, insight.fingerprint)
    said = not_there(missing) if missing else None
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
