"""Taking back what was decided: the insight is open again, and what was done is undone.

For ten minutes, once. What the CRM has heard of it is told to take back, where it can.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.coaching import following, silencing, undelivered
from bot.coaching.actor import Actor
from bot.coaching.permission import Refusal, own
from bot.coaching.recording import apply
from bot.coaching.words import words
from bot.runtime.parts import Parts
from coach import writes
from coach.models import Insight, InsightState, Person
from coach.muting import KIND
from coach.phrases import Joint, Phrase, Series, say
from coach.presenting import done_so_far
from coach.writes import LogContact
from storage import (
    activities,
    connections,
    crm_writes,
    deciding,
    mirror,
    mutes,
    rounds,
    undoing,
    workspaces,
)
from storage import following as kept
from storage.crm_writes import BY_HAND, UNDO, StoredWrite
from storage.database import Tx
from storage.undoing import WITHIN


@dataclass(frozen=True, slots=True)
class Undone:
    """An insight as it is after something was taken back, and what is to be said of that."""

    insight: Insight
    said: Phrase | None = None

    @property
    def is_shown(self) -> bool:
        """Whether the insight's messages say all of it."""
        is_open = self.insight.state is InsightState.OPEN
        return is_open and (self.said is None or self.insight.outcome == self.said)


async def undo(parts: Parts, actor: Actor, fingerprint: str) -> Undone:
    """Take back what was decided on an insight, or done from it. Raises `Refusal`."""
    now, workspace_id = parts.clock.now(), actor.workspace_id
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, workspace_id)
        before, person = await own(tx, actor, fingerprint)
        # Rounds come before people: whoever looks at them takes them in this order.
        await rounds.hold(tx, workspace_id, [person.id])
        await deciding.reconsider(tx, workspace_id, [person.id], now)
        if before.is_put_off(now):
            # That has an undo of its own, which stands in its message by now.
            raise Refusal(say("You have put this off since. Take that back first."))
        insight = await undoing.claim(tx, workspace_id, fingerprint, now)
        if insight is None:
            raise Refusal(_not_now(before))
        said: Phrase | None = None
        if insight.state is not InsightState.DISMISSED:
            said = await _take_all_back(parts, tx, insight, before.undo_until or now)
        left = await crm_writes.of_insight(tx, workspace_id, fingerprint)
        so_far = said
        if left and following.is_list(parts, insight):
            so_far = done_so_far([each.words for each in left])
        # What had been put off stays with the message that has said it since.
        await undoing.reopen(tx, insight, so_far, now)
        if insight.state is InsightState.DISMISSED:
            await _unmute(parts, tx, insight, person, before.undo_until)
        after = await as_it_is(parts, tx, person, fingerprint, now)
    parts.wake.tick.set()
    parts.wake.attention.set()
    parts.wake.sender.set()
    parts.wake.outbox.set()
    return Undone(after, _told(after, said))


async def as_it_is(
    parts: Parts, tx: Tx, person: Person, fingerprint: str, now: datetime
) -> Insight:
    """The insight, open again only if it is true and was not muted since."""
    workspace_id = person.workspace_id
    (open_again,) = await kept.these(tx, workspace_id, [fingerprint])
    if open_again.state is InsightState.OPEN and not await silencing.stay_silent(
        parts, tx, person, open_again
    ):
        review = await following.ask(parts, tx, workspace_id, [open_again], now)
        await following.act(tx, workspace_id, review, now)
    (after,) = await kept.these(tx, workspace_id, [fingerprint])
    return after


def _not_now(insight: Insight) -> Phrase:
    if insight.state is InsightState.OPEN and not insight.outcome:
        return say("This is open already; there is nothing to undo.")
    return say("Only for ten minutes can this be undone, and once.")


def _told(after: Insight, said: Phrase | None) -> Phrase | None:
    if after.state is InsightState.OPEN:
        return said
    undone = said or say("Undone.")
    if after.state is InsightState.MUTED:
        return say("{undone} The advice is not open again: you have muted it.", undone=undone)
    if after.state is InsightState.RESOLVED:
        why = after.outcome or say("It is settled.")
        return say("{undone} The advice is not open again: {why}", undone=undone, why=why)
    return say("{undone} The advice is not open again: its time is up.", undone=undone)


async def _unmute(
    parts: Parts, tx: Tx, insight: Insight, person: Person, undo_until: datetime | None
) -> None:
    """Take back the mute that its dismissal has brought, if it has, and what that has ended."""
    if insight.dismissed_as is None or undo_until is None:
        return
    what, now = f"{KIND}{insight.rule}", parts.clock.now()
    in_force = (await mutes.of(tx, person.workspace_id, [person.id], now)).get(person.id, [])
    # What they had muted before stays so.
    if any(each.what == what and each.created_at == undo_until - WITHIN for each in in_force):
        await silencing.speak_again(parts, tx, person, what)


async def _take_all_back(
    parts: Parts, tx: Tx, insight: Insight, undo_until: datetime
) -> Phrase | None:
    """Undo what was done from an insight within ten minutes of the last; says what became of it."""
    done = await crm_writes.of_insight(tx, insight.workspace_id, insight.fingerprint)
    since = undo_until - 2 * WITHIN
    is_list = following.is_list(parts, insight)
    said = [
        await take_back(parts, tx, write, is_list=is_list)
        for write in reversed(done)
        if write.made_at >= since
    ]
    if not said:
        return None
    return say("{undone}.", undone=Series(tuple(said), Joint.SEMICOLON))


async def take_back(parts: Parts, tx: Tx, write: StoredWrite, *, is_list: bool = False) -> Phrase:
    """Take back one change; says what became of that. The workspace's lock is held.

    `is_list`: whether it was made from an insight that lists things.
    """
    workspace_id, now = write.workspace_id, parts.clock.now()
    connection_id = write.connection_id
    kind, id = writes.subject(write.write)
    thing = (await mirror.load(tx, kind, workspace_id, connection_id, [id])).get(id)
    if thing is None or not writes.still_stands(write.write, write.made_at, thing):
        return say("Changed since, and left as it is: {done}", done=write.words)
    withdrawn = await crm_writes.take_back(tx, write, now)
    event = writes.undoing(
        write.write,
        write.before,
        made_at=write.made_at,
        dedupe_key=f"coach:{write.key}{activities.UNDONE}",
        at=now,
    )
    await apply(parts, tx, workspace_id, connection_id, [event], taking=write.fingerprint)
    if isinstance(write.write, LogContact):
        # There was no such call; that it was said and taken back is no contact either.
        for key in (f"coach:{write.key}", event.dedupe_key):
            await activities.forget(tx, workspace_id, connection_id, key)
    if is_list:
        await kept.about_again(tx, workspace_id, write.fingerprint, kind, connection_id, id)
    if write.told_in is not None:
        await undelivered.follow(parts, tx, write)
    if write.state == BY_HAND:
        return say("Undone here. What you did in the CRM stays there: {done}", done=write.words)
    if withdrawn and write.in_doubt:
        return say("Undone here. Look in the CRM, which may have it: {done}", done=write.words)
    if withdrawn:
        return say("Undone: {done}", done=write.words)
    back = writes.opposite(write.write, write.before)
    known = {each.id: each for each in await connections.of_workspace(tx, parts.seal, workspace_id)}
    crm = known.get(connection_id)
    can = parts.takes_back.get(crm.provider, frozenset()) if crm and crm.reachable else frozenset()
    if back is None or type(back) not in can:
        return say("Undone here, but it stays in the CRM: {done}", done=write.words)
    stored = StoredWrite(
        workspace_id,
        f"{write.key}{UNDO}",
        write.fingerprint,
        words(back, thing.thing),
        back,
        write.person_id,
    )
    await crm_writes.add(tx, stored, now, takes_back=True)
    return say("Undone. The CRM is told to take this back: {done}", done=write.words)
