"""Turns at stored deliveries: each workspace has its own, and a failure is kept where it was."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from bot.crm.parts import CrmParts
from bot.runtime.backoff import backoff
from storage import deliveries
from storage.database import is_passing
from storage.deliveries import Delivery

log = logging.getLogger(__name__)

#: How often a delivery is tried while the database is in trouble, before it is given up: with the
#: pauses between, that is more than two hours.
ATTEMPTS = 12

#: For how many seconds to let alone workspaces that others are at.
AGAIN = 0.05


@dataclass(frozen=True, slots=True)
class Done:
    """What was done."""

    deliveries: int = 0
    activities: int = 0
    insights: int = 0
    #: Insights that have ended, or are said in another way, because of what changed.
    followed: int = 0
    failed: int = 0
    #: Workspaces that somebody else was at, and deliveries that wait for their next attempt.
    left: int = 0
    #: Whether more was due than was done. What comes later rings for itself.
    more: bool = field(default=False, compare=False)
    #: The bells of those who have something to do now.
    bells: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def goes_on(self) -> bool:
        """Whether it is worth looking for more at once."""
        return bool(self.more or self.left)

    def plus(self, more: "Done") -> "Done":
        """Both together."""
        return Done(
            self.deliveries + more.deliveries,
            self.activities + more.activities,
            self.insights + more.insights,
            self.followed + more.followed,
            self.failed + more.failed,
            self.left + more.left,
            self.more or more.more,
            self.bells | more.bells,
        )


async def take_turns(
    crm: CrmParts, work: Callable[[CrmParts, str], Awaitable[Done]], *, large: bool
) -> Done:
    """Let `work` do something for each workspace that has anything due, when no rush is on.

    Trouble with one keeps no other from its turn; it is raised at the end when nothing was done.
    """
    parts = crm.shared
    await crm.rush.give_way()
    async with parts.database.read() as tx:
        waiting = await deliveries.due_workspaces(tx, parts.clock.now(), large=large)
    total = Done()
    trouble: Exception | None = None
    for workspace_id in waiting:
        try:
            total = total.plus(await work(crm, workspace_id))
        except Exception as error:
            log.warning("deliveries of workspace %s have to wait", workspace_id, exc_info=error)
            trouble = error
    parts.wake.ring(total.bells)
    if total.deliveries:
        return total
    if trouble is not None:
        raise trouble
    if total.left:
        await asyncio.sleep(AGAIN)
    return total


async def alone(
    crm: CrmParts, delivery: Delivery, work: Callable[[CrmParts, Delivery], Awaitable[Done]]
) -> Done:
    """Work off one delivery, which has its attempts counted; what goes wrong is kept with it."""
    try:
        return await work(crm, delivery)
    except Exception as error:
        return await keep(crm, [delivery], error)


async def keep(crm: CrmParts, tried: Sequence[Delivery], error: Exception) -> Done:
    """Keep what went wrong with deliveries, each of which has its attempts so far.

    The database's own trouble may pass: they are tried again later, a number of times. Anything
    else is theirs, and is kept with them until somebody has mended it and runs them again.
    """
    parts, (first, *_) = crm.shared, tried
    now, passing = parts.clock.now(), is_passing(error)
    why = f"{type(error).__name__}: {str(error)[:300]}"
    again = {each.id: each.attempts for each in tried if passing and each.attempts < ATTEMPTS}
    ended: dict[str, str | None] = {each.id: why for each in tried if each.id not in again}
    if again:
        log.warning("%d deliveries have to wait: %s", len(again), why)
    if ended:
        log.error("%s cannot be worked off", ", ".join(ended), exc_info=error)
    async with parts.database.write() as tx:
        if again:
            wait = backoff(max(again.values()), parts.entropy)
            await deliveries.postpone(tx, first.workspace_id, again, now + wait)
        await deliveries.finish(tx, first.workspace_id, ended, now, ours=True)
    return Done(deliveries=len(ended), failed=len(ended), left=len(again), more=bool(ended))
