"""The worker: stored deliveries become activities, mirror changes and insights, in batches."""

import logging
from dataclasses import dataclass

from bot.coaching.recording import Source, apply
from bot.crm.parts import CrmParts
from bot.crm.provider import PayloadError
from coach.events import Event
from storage import connections, deliveries, workspaces
from storage.database import Tx, is_passing
from storage.deliveries import Delivery

log = logging.getLogger(__name__)

#: Deliveries in one transaction.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Done:
    """What one batch came to."""

    deliveries: int = 0
    activities: int = 0
    insights: int = 0
    failed: int = 0

    def plus(self, more: "Done") -> "Done":
        """Both together."""
        return Done(
            self.deliveries + more.deliveries,
            self.activities + more.activities,
            self.insights + more.insights,
            self.failed + more.failed,
        )


async def work(crm: CrmParts, workspace_id: str, most: int = BATCH) -> Done:
    """Work off one batch of a workspace's pending deliveries.

    Should the batch as a whole fail, its deliveries are tried one by one: a bad one is kept with
    its error, the others count.
    """
    parts = crm.shared
    try:
        async with parts.database.write() as tx:
            done = await _batch(crm, tx, workspace_id, most)
    except Exception as error:
        if is_passing(error):
            raise
        log.exception("a batch of deliveries failed; trying them one by one")
        done = await _one_by_one(crm, workspace_id, most)
    if done.insights:
        parts.wake.sender.set()
    if done.deliveries:
        parts.wake.lookup.set()
    return done


async def _batch(
    crm: CrmParts, tx: Tx, workspace_id: str, most: int, *, only: str | None = None
) -> Done:
    database = crm.shared.database
    await workspaces.lock(tx, database, workspace_id)
    pending = await deliveries.next_pending(tx, database, workspace_id, most, only=only)
    if not pending:
        return Done()
    return await _apply(crm, tx, workspace_id, pending)


async def _apply(crm: CrmParts, tx: Tx, workspace_id: str, pending: list[Delivery]) -> Done:
    parts = crm.shared
    # Their secrets are none of the worker's business: one that cannot be read stops nothing here.
    providers = await connections.providers(tx, workspace_id)
    outcomes: dict[str, str | None] = {}
    events: dict[str, list[Event]] = {}
    sources: dict[str, dict[str, Source]] = {}
    for delivery in pending:
        provider = crm.providers[providers[delivery.connection_id]]
        try:
            reading = provider.parse(delivery.body, delivery.message_id, delivery.received_at)
        except PayloadError as error:
            outcomes[delivery.id] = str(error)
            continue
        outcomes[delivery.id] = (
            "; ".join(f"event {index}: {why}" for index, why in reading.rejected) or None
        )
        events.setdefault(delivery.connection_id, []).extend(reading.events)
        source = Source(delivery.id, delivery.received_at)
        told_by = sources.setdefault(delivery.connection_id, {})
        for event in reading.events:
            told_by.setdefault(event.dedupe_key, source)
    recorded = insights = 0
    for connection_id, happened in events.items():
        applied = await apply(
            parts,
            tx,
            workspace_id,
            connection_id,
            happened,
            sources=sources[connection_id],
        )
        recorded += applied.activities
        insights += applied.insights
    await deliveries.finish(tx, workspace_id, outcomes, parts.clock.now())
    failed = sum(error is not None for error in outcomes.values())
    return Done(len(pending), recorded, insights, failed)


async def _one_by_one(crm: CrmParts, workspace_id: str, most: int) -> Done:
    parts = crm.shared
    total = Done()
    for _ in range(most):
        async with parts.database.read() as tx:
            oldest = await deliveries.next_pending_id(tx, workspace_id)
        if oldest is None:
            break
        try:
            async with parts.database.write() as tx:
                done = await _batch(crm, tx, workspace_id, 1, only=oldest)
        except Exception as error:
            if is_passing(error):
                # Not this delivery's fault: the loop comes back to it.
                raise
            log.exception("delivery %s cannot be worked off", oldest)
            async with parts.database.write() as tx:
                why = f"{type(error).__name__}: {str(error)[:300]}"
                await deliveries.finish(tx, workspace_id, {oldest: why}, parts.clock.now())
            done = Done(deliveries=1, failed=1)
        total = total.plus(done)
    return total


async def work_turn(crm: CrmParts) -> Done:
    """Work off a batch of each workspace that has any, when no rush of webhooks is on."""
    await crm.rush.give_way()
    total = Done()
    async with crm.shared.database.read() as tx:
        waiting = await deliveries.pending_workspaces(tx)
    for workspace_id in waiting:
        total = total.plus(await work(crm, workspace_id))
    return total


async def work_off(crm: CrmParts) -> Done:
    """Work until no delivery is pending anywhere; returns what that came to."""
    total = Done()
    while True:
        done = await work_turn(crm)
        if not done.deliveries:
            return total
        total = total.plus(done)
