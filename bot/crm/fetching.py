"""Looking things up at vendors: what a webhook only named, pages of history, stages and owners."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.coaching.owning import identify
from bot.crm import backfill
from bot.crm.caller import PATIENCE, Caller, Impossible, Later
from bot.crm.calls import Answer
from bot.crm.parts import CrmParts
from bot.crm.provider import Fetch, Fetched, PayloadError, Provider, Want
from bot.crm.taking import SETTLING, take
from coach.events import Event
from coach.models import Origin
from coach.stages import named_in
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

#: A list of stages that was read so lately is not read anew for a stage that is not in it.
FRESH = timedelta(minutes=5)

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
    if known is not None:
        await backfill.advance(tx, known, workspace_id, connection_id, now)


async def stand_all(crm: CrmParts) -> None:
    """The same for every connection there is: a newer version may look up more than before."""
    parts = crm.shared
    if not any(provider.fetching for provider in crm.providers.values()):
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
    asked = Fetch(Want(fetch.want), fetch.kind, fetch.id, fetch.cursor, fetch.hints, fetch.since)
    fetching = provider.fetching.get(asked.want) if provider else None
    if connection is None or fetching is None:
        await _give_up(crm, connection, fetch, "nothing of this sort can be looked up")
        return
    account = await caller.account(connection)
    outcome: Answer | Later | Impossible
    if isinstance(account, Later | Impossible):
        outcome, account = account, crm.account(connection)
    else:
        outcome = await caller.make(connection, fetching.call(account, asked), fetch.attempts)
    if isinstance(outcome, Answer) and outcome.passing:
        outcome = Later(caller.again_at(fetch.attempts), f"HTTP {outcome.status}")
    match outcome:
        case Later():
            await _again(crm, connection, fetch, outcome)
        case Impossible():
            await _give_up(crm, connection, fetch, outcome.why)
        case Answer() if outcome.ok or outcome.gone:
            try:
                brought = fetching.read(account, asked, outcome, crm.shared.clock.now())
            except PayloadError as error:
                await _give_up(crm, connection, fetch, str(error))
            else:
                await _record(crm, connection, fetch, asked.want, brought)
        case _:
            await _give_up(crm, connection, fetch, f"HTTP {outcome.status}")


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
    provider = crm.providers[connection.provider]
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, fetch.workspace_id)
        if not await fetches.hold(tx, fetch):
            return
        if connection.first_answer_at is None:
            await connections.answered(tx, fetch.workspace_id, connection.id, now)
        if want is Want.THING and await _is_early(provider, tx, fetch, events, now):
            await fetches.retry(tx, fetch, now + SETTLING, "the stages are looked up first")
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
        found = _so_far(fetch)
        if fetch.since is None:
            found += len(brought.events) + len(brought.owners) + len(brought.stages)
        if brought.next is not None:
            await fetches.go_on(tx, fetch, brought.next, now, found)
        elif want is Want.THING:
            await fetches.finish(tx, fetch, now)
        else:
            await _read_whole(crm, tx, connection, fetch, now, found)
        if fetch.since is not None and applied.activities:
            await connections.missed(tx, fetch.workspace_id, connection.id, now)
    parts.wake.ring({*applied.bells, "lookup"})


def _so_far(fetch: StoredFetch) -> int:
    # What changes later does not add to how much there was.
    return fetch.brought if fetch.began_at is not None or fetch.since is not None else 0


async def _is_early(
    provider: Provider, tx: Tx, fetch: StoredFetch, events: Sequence[Event], now: datetime
) -> bool:
    """Whether a thing names a stage that nobody has heard of, while its CRM may well know it.

    What the stage means says whether a deal is won: it is asked for first, once for each thing.
    """
    named = named_in(events) if Want.STAGES in provider.fetching and fetch.attempts == 1 else set()
    if not named or not named - await stages.told(tx, fetch.workspace_id, fetch.connection_id):
        return False
    known = await fetches.standing(tx, fetch.workspace_id, fetch.connection_id)
    listed = next((each for each in known if each.want == Want.STAGES), None)
    if listed is None or (listed.read_at is not None and listed.read_at > now - FRESH):
        return False
    wanted = StoredFetch(fetch.workspace_id, fetch.connection_id, Want.STAGES)
    await fetches.add(tx, [wanted], now)
    return True


async def _read_whole(
    crm: CrmParts, tx: Tx, connection: Connection, fetch: StoredFetch, now: datetime, found: int
) -> None:
    """All of a kind was read: it is looked at again in time, and what comes after it begins."""
    provider = crm.providers[connection.provider]
    want = Want(fetch.want)
    if want in STANDING:
        await fetches.read_whole(tx, fetch, now, found, again_at=now + STANDING[want])
    else:
        again = any(each.kind == fetch.kind and each.since for each in provider.histories)
        await fetches.read_whole(
            tx,
            fetch,
            now,
            found,
            again_at=backfill.tonight(now, connection.id) if again else None,
            since=(fetch.began_at or now) - backfill.OVERLAP,
        )
    await backfill.advance(tx, provider, connection.workspace_id, connection.id, now)


async def _again(crm: CrmParts, connection: Connection, fetch: StoredFetch, later: Later) -> None:
    if not later.tried:
        async with crm.shared.database.write() as tx:
            await fetches.put_back(tx, fetch, later.at)
        return
    if fetch.attempts >= TRIES:
        await _give_up(crm, connection, fetch, f"{later.why}, {fetch.attempts} times")
        return
    async with crm.shared.database.write() as tx:
        await fetches.retry(tx, fetch, later.at, later.why)


async def _give_up(
    crm: CrmParts, connection: Connection | None, fetch: StoredFetch, why: str
) -> None:
    log.warning("%s could not be looked up: %s", fetch.name, why)
    async with crm.shared.database.write() as tx:
        await fetches.fail(tx, fetch, why)
        provider = crm.providers.get(connection.provider) if connection else None
        if provider is not None and not fetch.id:
            # What comes after it does not wait for ever.
            now = crm.shared.clock.now()
            await backfill.advance(tx, provider, fetch.workspace_id, fetch.connection_id, now)
