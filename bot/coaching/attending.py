"""Attention at work: whose turn it is, what may reach them now, and the messages that makes."""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from bot.runtime.parts import Parts
from coach import attention
from coach.attention import Decided, Decision, Verdict
from coach.models import Enrolment, MessageState, Person
from storage import attention as kept
from storage import deciding, ending, messages, people
from storage.attention import Open
from storage.database import Tx, is_passing
from storage.messages import Message, card_id

log = logging.getLogger(__name__)

#: People decided about in one transaction.
BATCH = 200

#: When to decide again about somebody about whom it could not be done.
AFTER_FAULT = timedelta(minutes=15)


async def attend(parts: Parts, tx: Tx, workspace_id: str, person_ids: Collection[str]) -> int:
    """Decide about the open insights of these people and make or withdraw their messages.

    Part of the transaction in which something about them changed: what is to be said now is due
    when that ends, and the caller then rings the sender. Returns how many messages became due.
    """
    if not person_ids:
        return 0
    now = parts.clock.now()
    persons, noted = await deciding.load_alone(tx, workspace_id, person_ids)
    waiting = await kept.open_of(tx, workspace_id, persons)
    decisions = {
        id: attention.decide(person, [each.waiting for each in waiting.get(id, {}).values()], now)
        for id, person in persons.items()
    }
    made = await _act(tx, workspace_id, persons, waiting, decisions, now)
    again = {
        id: decision.again_at
        for id, decision in decisions.items()
        if decision.again_at is not None or id in noted
    }
    await deciding.decided(tx, workspace_id, again)
    return made


async def reach(parts: Parts, tx: Tx, workspace_id: str, person_id: str) -> None:
    """Somebody can be reached now, or anew: what was held for them is on its way."""
    await messages.replay(tx, workspace_id, parts.clock.now(), person_id=person_id)
    await attend(parts, tx, workspace_id, [person_id])


async def turn(parts: Parts) -> bool:
    """Decide about everybody whose turn it is; says whether more of them may be left.

    One who cannot be decided about is kept for later and stops no other.
    """
    async with parts.database.read() as tx:
        if not await deciding.any_to_decide(tx, parts.clock.now()):
            return False
    try:
        count, made = await _batch(parts, BATCH)
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("a batch of people could not be decided about; trying them one by one")
        count, made = await _one_by_one(parts)
    if made:
        parts.wake.sender.set()
    return count >= BATCH


async def _batch(parts: Parts, most: int) -> tuple[int, int]:
    """How many people were decided about, and how many messages became due."""
    made = count = 0
    async with parts.database.write() as tx:
        for workspace_id, ids in (await deciding.to_decide(tx, parts.clock.now(), most)).items():
            made += await attend(parts, tx, workspace_id, ids)
            count += len(ids)
    return count, made


async def _one_by_one(parts: Parts) -> tuple[int, int]:
    made = 0
    async with parts.database.read() as tx:
        waiting = await deciding.to_decide(tx, parts.clock.now(), BATCH)
    for workspace_id, ids in waiting.items():
        for id in ids:
            try:
                async with parts.database.write() as tx:
                    made += await attend(parts, tx, workspace_id, [id])
            except Exception as error:
                if is_passing(error):
                    raise
                log.exception("it cannot be decided what person %s is to be told", id)
                async with parts.database.write() as tx:
                    later = parts.clock.now() + AFTER_FAULT
                    await deciding.decided(tx, workspace_id, {id: later})
    return sum(map(len, waiting.values())), made


async def _act(
    tx: Tx,
    workspace_id: str,
    persons: Mapping[str, Person],
    waiting: Mapping[str, Mapping[str, Open]],
    decisions: Mapping[str, Decision],
    now: datetime,
) -> int:
    changed: dict[str, Decided] = {}
    dropped: list[str] = []
    due: list[tuple[Message, list[str]]] = []
    withdrawn: list[str] = []
    for id, decision in decisions.items():
        for print_, decided in decision.insights.items():
            known = waiting[id][print_]
            if decided != known.decided:
                changed[print_] = decided
            if decided.verdict is Verdict.DROP:
                dropped.append(print_)
            is_due = known.waiting.message is MessageState.DUE
            if decided.verdict is not Verdict.NOW and is_due and known.message_id:
                withdrawn.append(known.message_id)
            if decided.verdict is Verdict.NOW and known.waiting.message in _UNSAID:
                due.append((_card(persons[id], print_), [print_]))
    await kept.keep(tx, workspace_id, changed)
    if dropped:
        await ending.expire_these(tx, workspace_id, dropped, now)
    await messages.withdraw(tx, workspace_id, withdrawn)
    asked = [persons[id] for id, decision in decisions.items() if decision.ask]
    due += [(_welcome(person), []) for person in asked]
    for person in asked:
        await people.enrol(
            tx, workspace_id, person.id, Enrolment.INVITING, only_from=[Enrolment.NEW]
        )
    await messages.make(tx, due, now)
    return len(due)


_UNSAID = (None, MessageState.WITHDRAWN)


def _card(person: Person, fingerprint: str) -> Message:
    return Message(
        person.workspace_id,
        card_id(fingerprint),
        "card",
        person.slack_user_id or "",
        person_id=person.id,
    )


def _welcome(person: Person) -> Message:
    return Message(
        person.workspace_id,
        f"welcome:{person.id}",
        "welcome",
        person.slack_user_id or "",
        {"state": "asked", "name": person.name},
        person.id,
    )
