"""The worker: stored deliveries become activities, mirror changes and insights, in small batches.

A batch is one transaction, and nothing else that is asked of the database or the event loop waits
longer than for that. Large deliveries go another way, `bot/crm/large.py`.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.coaching.recording import Source
from bot.crm import large
from bot.crm.parts import CrmParts
from bot.crm.provider import PayloadError, Reading, Stub
from bot.crm.reading import faults, read_stored
from bot.crm.taking import take
from bot.crm.turns import Done, alone, keep, take_turns
from coach.events import Event
from storage import deliveries, workspaces
from storage.database import Tx, is_passing
from storage.deliveries import LARGE, Delivery

log = logging.getLogger(__name__)

#: What one transaction holds at most: deliveries, bytes of their bodies, and events in them. Of
#: the last it may be more by what the last delivery brings.
BATCH = 400
BYTES = 262_144
EVENTS = 400

#: Seconds between the beginnings of two turns, unless there is more than one can hold. A turn makes
#: some thirty statements however little it has found: a webhook a turn would fill a core with them.
APART = 0.02


@dataclass(slots=True)
class _Told:
    """What deliveries say, by connection."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    stubs: dict[str, list[Stub]] = field(default_factory=dict)
    sources: dict[str, dict[str, Source]] = field(default_factory=dict)
    providers: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def add(self, delivery: Delivery, reading: Reading) -> None:
        source = Source(delivery.id, delivery.received_at)
        self.providers[delivery.connection_id] = delivery.provider
        self.events.setdefault(delivery.connection_id, []).extend(reading.events)
        self.stubs.setdefault(delivery.connection_id, []).extend(reading.stubs)
        sources = self.sources.setdefault(delivery.connection_id, {})
        for event in reading.events:
            sources.setdefault(event.dedupe_key, source)
        self.count += len(reading.events) + len(reading.stubs)


async def work(crm: CrmParts, workspace_id: str, most: int = BATCH) -> Done:
    """Work off one batch of a workspace's deliveries; another's being at it is left alone.

    Should the batch fail as a whole, its deliveries are tried one by one: a bad one is kept with
    its error, the others count.
    """
    parts = crm.shared
    taken: list[Delivery] = []
    try:
        async with parts.database.write() as tx:
            if not await workspaces.lock_if_free(tx, parts.database, workspace_id):
                return Done(left=1)
            now = parts.clock.now()
            found = await deliveries.due(tx, workspace_id, now, most=most, size=BYTES)
            taken += _together(found)
            done = await _work_off(crm, tx, workspace_id, taken)
            return replace(done, more=_are_more(found, done, most))
    except Exception as error:
        if not taken:
            raise
        if len(taken) == 1 or is_passing(error):
            return await keep(crm, _tried(taken), error)
        log.warning("a batch of deliveries failed; trying them one by one", exc_info=error)
    total = Done()
    for each in _tried(taken):
        total = total.plus(await alone(crm, each, _work_off_alone))
    return replace(total, more=True)


def _are_more(found: Sequence[Delivery], done: Done, most: int) -> bool:
    # As many were found as may be, or so much that the next one may have been too much.
    full = len(found) >= most or sum(len(each.body) for each in found) + LARGE > BYTES
    return full or done.deliveries < len(found)


def _together(found: Sequence[Delivery]) -> Sequence[Delivery]:
    # What has failed before goes alone: it may be the one that made the others fail with it.
    if found and found[0].attempts:
        return found[:1]
    return [each for each in found if not each.attempts]


def _tried(taken: Sequence[Delivery]) -> list[Delivery]:
    return [replace(each, attempts=each.attempts + 1) for each in taken]


async def _work_off_alone(crm: CrmParts, delivery: Delivery) -> Done:
    parts = crm.shared
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, delivery.workspace_id)
        # Another process may have been faster.
        still = await deliveries.pending(tx, delivery.workspace_id, delivery.id)
        return await _work_off(crm, tx, delivery.workspace_id, [still]) if still else Done()


async def _work_off(crm: CrmParts, tx: Tx, workspace_id: str, taken: Sequence[Delivery]) -> Done:
    parts = crm.shared
    told = _Told()
    outcomes: dict[str, str | None] = {}
    for delivery in taken:
        if told.count >= EVENTS:
            # The rest is for the next batch.
            break
        try:
            reading = await read_stored(crm, delivery)
        except PayloadError as error:
            outcomes[delivery.id] = str(error)
            continue
        outcomes[delivery.id] = faults(reading)
        told.add(delivery, reading)
    recorded = insights = followed = 0
    bells: frozenset[str] = frozenset()
    for connection_id, events in told.events.items():
        applied = await take(
            crm,
            tx,
            workspace_id,
            connection_id,
            told.providers[connection_id],
            events,
            told.stubs[connection_id],
            sources=told.sources[connection_id],
        )
        recorded += applied.activities
        insights += applied.insights
        followed += applied.followed
        bells |= applied.bells
    await deliveries.finish(tx, workspace_id, outcomes, parts.clock.now())
    failed = sum(error is not None for error in outcomes.values())
    return Done(len(outcomes), recorded, insights, followed, failed, bells=bells)


async def work_turn(crm: CrmParts) -> Done:
    """Work off a batch of each workspace that has any."""
    return await take_turns(crm, work, large=False)


async def work_off(crm: CrmParts) -> Done:
    """Work until nothing more can be done now, large deliveries included; returns what was done."""
    total = Done()
    while True:
        done = (await work_turn(crm)).plus(await large.work_turn(crm))
        total = total.plus(replace(done, left=0))
        if not done.goes_on:
            return total
