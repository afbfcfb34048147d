"""Leaving: where the app was removed nothing is sent; after a month all that is kept is deleted."""

import logging
from datetime import timedelta

from bot.runtime.parts import Parts
from storage import departures, workspaces
from storage.database import Tx
from storage.departures import Departure

log = logging.getLogger(__name__)

#: For how long everything is kept, so that installing the app again brings it back.
GRACE = timedelta(days=30)

#: How often it is seen whether something is to be deleted, in seconds.
EVERY = 3600.0

#: Rows deleted in one transaction, and for how long who deletes has the turn.
TOGETHER = 500
TURN = timedelta(minutes=10)


async def leave(parts: Parts, tx: Tx, workspace_ids: list[str], error: str) -> None:
    """The app is gone from these workspaces, in Slack's word for it."""
    now = parts.clock.now()
    await workspaces.shut_out(tx, workspace_ids, error, now)
    # The operator's own is theirs to delete.
    kept = [each for each in workspace_ids if each == workspaces.DEFAULT]
    others = [each for each in workspace_ids if each != workspaces.DEFAULT]
    await departures.leave(tx, kept, now, None)
    await departures.leave(tx, others, now, now + GRACE)


async def delete_due(parts: Parts, *, together: int = TOGETHER) -> int:
    """Delete what is kept of those who left a month ago; returns of how many workspaces.

    In small pieces, so that nobody else waits. Cut off, another goes on with it.
    """
    async with parts.database.read() as tx:
        waiting = await departures.due(tx, parts.clock.now())
    return sum([await _delete(parts, each, together) for each in waiting])


async def _delete(parts: Parts, departure: Departure, together: int) -> bool:
    id = departure.workspace_id
    async with parts.database.write() as tx:
        mine = await departures.begin(tx, departure, parts.clock.now() + TURN)
    if not mine:
        return False
    log.info("deleting all that is kept of the workspace %s, which has removed the app", id)
    count = 0
    for table in departures.OF_A_WORKSPACE:
        gone = together
        while gone == together:
            async with parts.database.write() as tx:
                # The workspace first, as whoever else is at its rows.
                await workspaces.lock(tx, parts.database, id)
                await departures.go_on(tx, id, parts.clock.now() + TURN)
                gone = await departures.delete_some(tx, table, id, together)
            count += gone
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, id)
        await departures.end(tx, id)
    log.info("deleted the workspace %s: %s rows", id, f"{count:,}")
    return True
