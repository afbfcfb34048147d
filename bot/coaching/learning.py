"""What is usual with each team is learned from its own deals, and checks go by it from then on."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.coaching import planning
from bot.runtime.parts import Parts
from coach.knowledge import USUAL_ANSWER, USUAL_STAYS, Answered, Place, Usual
from coach.usual import usual_answer, usual_stay
from storage import answers, people, stays, usual, workspaces
from storage.database import Tx, is_passing

log = logging.getLogger(__name__)

#: How often a team is learned from: one of which something is known changes slowly.
WEEKLY, DAILY = timedelta(days=7), timedelta(days=1)

#: After so long somebody else learns from a team where the first has not come to an end.
LEASE = timedelta(hours=1)

#: How often it is looked whether there is a team to learn from, in seconds.
EVERY = 60


async def learn_due(parts: Parts) -> bool:
    """Learn from one team whose turn it is; says whether there was any.

    Any number of processes may look: each team is claimed by one of them.
    """
    now = parts.clock.now()
    async with parts.database.read() as tx:
        workspace_id = await usual.next_due(tx, now)
    if workspace_id is None:
        return False
    async with parts.database.write() as tx:
        if not await usual.claim(tx, workspace_id, now, now + LEASE):
            return True
    try:
        await learn(parts, workspace_id, now)
    except Exception as error:
        if is_passing(error):
            raise
        # The others have their turn; this one is tried again when the claim has run out.
        log.exception("It could not be learned what is usual in %s", workspace_id)
    return True


@dataclass(frozen=True, slots=True)
class Shown:
    """What a team's own deals and leads show to be usual."""

    #: How long its won deals were in each stage.
    stays: Mapping[Place, Usual]
    #: How soon its leads were contacted.
    answer: Answered | None


async def learn(parts: Parts, workspace_id: str, now: datetime) -> None:
    """Learn from a team."""
    async with parts.database.read() as tx:
        found = await shown(tx, workspace_id, now)
    await keep(parts, workspace_id, found, now)


async def shown(tx: Tx, workspace_id: str, at: datetime) -> Shown:
    """What a team shows by then."""
    found = await stays.counted(tx, workspace_id, at)
    learned = {
        place: each
        for place, its in found.items()
        if place.stage and (each := usual_stay(its)) is not None
    }
    waits = await answers.waits(tx, workspace_id)
    whom = await people.load(tx, workspace_id, {each.person_id for each in waits})
    return Shown(learned, usual_answer(waits, whom))


async def keep(parts: Parts, workspace_id: str, found: Shown, now: datetime) -> None:
    """Go by what was learned from now on; what changed moves its checks."""
    learned, answer = found.stays, found.answer
    async with parts.database.write() as tx:
        # No check is made meanwhile by what was known before.
        await workspaces.lock(tx, parts.database, workspace_id)
        before = await usual.stays(tx, workspace_id)
        if learned != before:
            await usual.keep_stays(tx, workspace_id, learned, now)
        days = {place: each.days for place, each in learned.items()}
        if days != {place: each.days for place, each in before.items()}:
            await planning.learned(parts, tx, workspace_id, USUAL_STAYS)
            log.info("It was learned anew what is usual in %s", workspace_id)
        answer_before = await usual.answer(tx, workspace_id)
        if answer != answer_before:
            await usual.keep_answer(tx, workspace_id, answer, now)
        if (answer and answer.minutes) != (answer_before and answer_before.minutes):
            await planning.learned(parts, tx, workspace_id, USUAL_ANSWER)
        await usual.done(tx, workspace_id, now + (WEEKLY if learned or answer else DAILY))
    parts.wake.tick.set()
