"""Large deliveries: each is read in a thread and applied piece by piece, a transaction for each.

Whoever works on one has it for a while; should they not come back, somebody else begins anew. What
was recorded by then is known by its keys and does not count again.
"""

from datetime import timedelta

from bot.coaching.recording import Source
from bot.crm.parts import CrmParts
from bot.crm.provider import PayloadError, Reading
from bot.crm.reading import faults, read_stored
from bot.crm.taking import take
from bot.crm.turns import Done, alone, take_turns
from storage import deliveries, workspaces
from storage.database import chunks
from storage.deliveries import Delivery

#: Events in one transaction.
PIECE = 200

#: How long one may work on a delivery without a word.
LEASE = timedelta(minutes=1)


async def work_turn(crm: CrmParts) -> Done:
    """Work off one large delivery of each workspace that has any."""
    return await take_turns(crm, work, large=True)


async def work(crm: CrmParts, workspace_id: str) -> Done:
    """Work off the next large delivery of a workspace."""
    delivery = await _take(crm, workspace_id)
    if delivery is None:
        return Done()
    return await alone(crm, delivery, _work_off)


async def _take(crm: CrmParts, workspace_id: str) -> Delivery | None:
    parts, now = crm.shared, crm.shared.clock.now()
    async with parts.database.write() as tx:
        found = await deliveries.due(tx, workspace_id, now, most=1, size=0, large=True)
        return await deliveries.lease(tx, found[0], now, LEASE) if found else None


async def _work_off(crm: CrmParts, delivery: Delivery) -> Done:
    parts, workspace_id = crm.shared, delivery.workspace_id
    try:
        reading = await read_stored(crm, delivery)
        error = faults(reading)
    except PayloadError as fault:
        reading, error = Reading(()), str(fault)
    # In their own order, as if they were applied together.
    events = sorted(reading.events, key=lambda event: event.occurred_at)
    source = Source(delivery.id, delivery.received_at)
    pieces = chunks(events, PIECE) or [[]]
    activities = insights = 0
    for place, piece in enumerate(pieces, 1):
        async with parts.database.write() as tx:
            await workspaces.lock(tx, parts.database, workspace_id)
            if not await deliveries.hold(tx, delivery, parts.clock.now(), LEASE):
                # It took too long, and somebody else is at it.
                return Done(activities=activities, insights=insights, left=1)
            applied = await take(
                crm,
                tx,
                workspace_id,
                delivery.connection_id,
                delivery.provider,
                piece,
                reading.stubs if place == len(pieces) else (),
                sources={event.dedupe_key: source for event in piece},
            )
            if place == len(pieces):
                outcome = {delivery.id: error}
                await deliveries.finish(tx, workspace_id, outcome, parts.clock.now())
        activities += applied.activities
        insights += applied.insights
        parts.wake.ring(applied.bells)
    return Done(1, activities, insights, failed=int(error is not None), more=True)
