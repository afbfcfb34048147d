"""Looking once a day how the webhooks of each connection stand, and mending what can be mended.

Vendors stop sending without a word: they delete a subscription or pause it, or somebody has clicked
it away. What nobody notices, nobody mends, and what the coach says is old by then.
"""

import logging
from datetime import datetime, timedelta

from bot.crm.caller import Caller, Impossible, Later
from bot.crm.linking import DAILY, subscribe
from bot.crm.parts import CrmParts
from bot.crm.provider import Want
from bot.crm.setup import RefusedError, Subscribing
from storage import connections, fetches, troubles
from storage.connections import Connection

log = logging.getLogger(__name__)

#: How long a look has until another process takes it over.
LEASE = timedelta(minutes=15)

#: What is found by looking is trouble once no webhook has come for so long before it.
SILENCE = timedelta(days=1)


async def look_due(crm: CrmParts, caller: Caller) -> int:
    """Look at the webhooks of every connection whose turn it is; returns how many that were."""
    parts = crm.shared
    now = parts.clock.now()
    async with parts.database.write() as tx:
        due = await connections.to_look_at(tx, parts.seal, now, now + LEASE)
    for connection in due:
        at = await _look(crm, caller, connection)
        async with parts.database.write() as tx:
            await connections.look(tx, connection.workspace_id, connection.id, at)
    if due:
        parts.wake.ring({"trouble", "fetcher"})
    return len(due)


async def _look(crm: CrmParts, caller: Caller, connection: Connection) -> datetime | None:
    """Look at one; returns when to look again, `None` for never."""
    provider = crm.providers.get(connection.provider)
    if provider is None or provider.setup is None:
        return None
    now = crm.shared.clock.now()
    subscribing = provider.setup.subscribing
    if subscribing is None:
        # It cannot be asked for its webhooks; but whether it still lets us in, and what we heard.
        known = await caller.talk(connection, provider.setup.probe)
        if isinstance(known, Later):
            return max(known.at, now + LEASE)
        why = known.why if isinstance(known, Impossible) else unheard(connection)
        await _note(crm, connection, why)
        return now + DAILY
    if not crm.public_url:
        # Nobody could post here anyway, and `coach connect` says so.
        return now + DAILY
    return await _ask(crm, caller, connection, subscribing, now)


async def _ask(
    crm: CrmParts,
    caller: Caller,
    connection: Connection,
    subscribing: Subscribing,
    now: datetime,
) -> datetime:
    url = f"{crm.public_url}/webhooks/{connection.provider}/{connection.token}"
    said = await caller.talk(connection, lambda account: subscribing.look(account, url))
    match said:
        case Later():
            return max(said.at, now + LEASE)
        case Impossible():
            await _note(crm, connection, said.why)
        case None:
            await _note(crm, connection, None)
        case _:
            await _mend(crm, caller, connection, url, said, now)
    return now + DAILY


async def _mend(
    crm: CrmParts, caller: Caller, connection: Connection, url: str, why: str, now: datetime
) -> None:
    log.warning("the webhooks of %s: %s", connection.id, why)
    try:
        await subscribe(crm, caller, connection, url)
    except RefusedError as error:
        await _note(crm, connection, f"{why} It could not be mended from here: {error}")
        return
    async with crm.shared.database.write() as tx:
        place = connection.workspace_id, connection.id
        await troubles.found(tx, *place, why, now, mended=True)
        # What was missed is looked for at once.
        await fetches.bring_on(tx, *place, [Want.HISTORY], now)


async def _note(crm: CrmParts, connection: Connection, why: str | None) -> None:
    place = connection.workspace_id, connection.id
    async with crm.shared.database.write() as tx:
        if why is None:
            await troubles.over(tx, *place)
        else:
            await troubles.found(tx, *place, why, crm.shared.clock.now())


def unheard(connection: Connection) -> str | None:
    """What tells, where a vendor cannot be asked, that its webhooks do not come."""
    heard, missed = connection.last_delivery_at, connection.missed_at
    if missed is None or (heard is not None and heard > missed - SILENCE):
        return None
    since = f"since {heard.date().isoformat()}" if heard else "since it was linked"
    id = connection.id
    named = "" if id == connection.provider else f" --id {id}"
    return (
        f"Something has changed in the CRM, but it has posted nothing {since}. See that its "
        f"webhooks are as `coach connect {connection.provider}{named}` says."
    )
