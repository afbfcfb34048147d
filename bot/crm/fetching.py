"""Looking things up at vendors: what a webhook only named, pages of history, stages and owners."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.coaching.owning import identify
from bot.crm.caller import PATIENCE, Caller, Impossible, Later
from bot.crm.calls import Answer
from bot.crm.parts import CrmParts
from bot.crm.provider import Fetch, Fetched, PayloadError, Provider, Want
from bot.crm.taking import take
from coach.models import Origin
from storage import connections, fetches, stages, workspaces
from storage.connections import Connection
from storage.database import Tx
from storage.fetches import StoredFetch

log = logging.getLogger(__name__)

#: Look-ups at once.
TOGETHER = 16

#: After so many tries, over about two days, a look-up is given up.
TRIES = 14

#: How long a claim lasts: longer than a try can take.
LEASE = timedelta(seconds=PATIENCE * 3)

#: What is looked up again and again, and after how long.
STANDING = {Want.STAGES: timedelta(days=1), Want.OWNERS: timedelta(days=1)}


async def stand(
    tx: Tx,
    providers: Mapping[str, Provider],
    workspace_id: str,
    connection_id: str,
    provider: str,
    now: datetime,
) -> None:
    """Have looked up from now on what is looked up again and again, where the vendor can tell."""
    known = providers.get(provider)
    wanted = [want for want in STANDING if known and want in known.fetching]
    await fetches.ensure(
        tx, [StoredFetch(workspace_id, connection_id, want) for want in wanted], now
    )


async def stand_all(crm: CrmParts) -> None:
    """The same for every connection there is: a newer version may look up more than before."""
    parts = crm.shared
    if not any(set(STANDING) & set(provider.fetching) for provider in crm.providers.values()):
        return
    async with parts.database.write() as tx:
        for workspace in await workspaces.every(tx):
            for id, provider in (await connections.providers(tx, workspace.id)).items():
                await stand(tx, crm.providers, workspace.id, id, provider, parts.clock.now())


async def fetch_due(crm: CrmParts, caller: Caller) -> int:
    """Look up what is due now; returns how much was tried."""
    parts = crm.shared
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await fetches.any_due(tx, now):
            return 0
    async with parts.database.write() as tx:
        claimed = await fetches.claim(tx, parts.database, now, lease=LEASE, most=TOGETHER)
        known: dict[tuple[str, str], Connection] = {}
        for workspace_id in {fetch.workspace_id for fetch in claimed}:
            for each in await connections.of_workspace(tx, parts.seal, workspace_id):
                known[workspace_id, each.id] = each
    failures = await asyncio.gather(
        *(
            _look_up(crm, caller, fetch, known.get((fetch.workspace_id, fetch.connection_id)))
            for fetch in claimed
        ),
        return_exceptions=True,
    )
    for failure in failures:
        # Only now that everything has had its turn; this one's claim runs out.
        if isinstance(failure, BaseException):
            raise failure
    return len(claimed)


async def _look_up(
    crm: CrmParts, caller: Caller, fetch: StoredFetch, connection: Connection | None
) -> None:
    provider = crm.providers.get(connection.provider) if connection else None
    asked = Fetch(Want(fetch.want), fetch.kind, fetch.id, fetch.cursor, fetch.hints)
    fetching = provider.fetching.get(asked.want) if provider else None
    if connection is None or fetching is None:
        await _give_up(crm, fetch, "nothing of this sort can be looked up")
        return
    account = crm.account(connection)
    call = fetching.call(account, asked)
    outcome = await caller.make(connection, call, fetch.attempts)
    if isinstance(outcome, Answer) and outcome.passing:
        outcome = Later(caller.again_at(fetch.attempts), f"HTTP {outcome.status}")
    match outcome:
        case Later():
            await _again(crm, fetch, outcome)
        case Impossible():
            await _give_up(crm, fetch, outcome.why)
        case Answer() if outcome.ok or outcome.gone:
            try:
                brought = fetching.read(account, asked, outcome, crm.shared.clock.now())
            except PayloadError as error:
                await _give_up(crm, fetch, str(error))
            else:
                await _record(crm, connection, fetch, asked.want, brought)
        case _:
            await _give_up(crm, fetch, f"HTTP {outcome.status}")


async def _record(
    crm: CrmParts, connection: Connection, fetch: StoredFetch, want: Want, brought: Fetched
) -> None:
    parts = crm.shared
    now = parts.clock.now()
    for _, why in brought.rejected:
        log.warning("part of what %s told could not be read: %s", connection, why)
    events = brought.events
    if want is Want.HISTORY:
        # What was there before the coach came is no news.
        events = [replace(event, origin=Origin.IMPORT) for event in events]
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, fetch.workspace_id)
        if not await fetches.hold(tx, fetch):
            return
        applied = await take(
            crm,
            tx,
            fetch.workspace_id,
            connection.id,
            connection.provider,
            events,
            brought.stubs,
        )
        if brought.stages:
            await stages.tell(tx, fetch.workspace_id, connection.id, brought.stages)
        if brought.owners:
            await identify(parts, tx, fetch.workspace_id, connection.id, brought.owners)
        if brought.next is not None:
            await fetches.go_on(tx, fetch, brought.next, now)
        elif want in STANDING:
            await fetches.go_on(tx, fetch, "", now + STANDING[want])
        else:
            await fetches.finish(tx, fetch, now)
    parts.wake.ring({*applied.bells, "lookup"})


async def _again(crm: CrmParts, fetch: StoredFetch, later: Later) -> None:
    if not later.tried:
        async with crm.shared.database.write() as tx:
            await fetches.put_back(tx, fetch, later.at)
        return
    if fetch.attempts >= TRIES:
        await _give_up(crm, fetch, f"{later.why}, {fetch.attempts} times")
        return
    async with crm.shared.database.write() as tx:
        await fetches.retry(tx, fetch, later.at, later.why)


async def _give_up(crm: CrmParts, fetch: StoredFetch, why: str) -> None:
    log.warning("%s could not be looked up: %s", fetch.name, why)
    async with crm.shared.database.write() as tx:
        await fetches.fail(tx, fetch, why)
