"""The outbox: changes made in Slack go to the CRM, retried until it has them or refuses them."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.coaching import refusing, undelivered
from bot.coaching.adopting import adopt
from bot.crm.caller import PATIENCE, Caller, Impossible, Later, unknown
from bot.crm.calls import Answer
from bot.crm.parts import CrmParts
from bot.crm.provider import Told, Want
from coach import writes
from coach.events import Owner
from coach.models import Deal, Person, Subject
from coach.stages import KnownStage, meant, settled
from coach.wording import plain
from coach.writes import CreateTask, MoveDeal, Outgoing
from storage import (
    connections,
    crm_writes,
    fetches,
    mirror,
    owners,
    people,
    remote_ids,
    stages,
    workspaces,
)
from storage.connections import Connection
from storage.crm_writes import StoredWrite
from storage.database import Tx

log = logging.getLogger(__name__)

#: Changes sent at once.
TOGETHER = 8

#: After so many tries, over about two days, a change is kept as failed.
TRIES = 14

#: How long a claim lasts: longer than a try can take.
LEASE = timedelta(seconds=PATIENCE * 3)

_NOWHERE = "the connection has nowhere to tell of it any more"


async def send_due(crm: CrmParts, caller: Caller) -> int:
    """Send every change that is due now; returns how many were tried."""
    parts = crm.shared
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await crm_writes.any_due(tx, now):
            return 0
    async with parts.database.write() as tx:
        claimed = await crm_writes.claim(tx, parts.database, now, lease=LEASE, most=TOGETHER)
    async with parts.database.read() as tx:
        known: dict[tuple[str, str], Connection] = {}
        for workspace_id in {write.workspace_id for write in claimed}:
            for each in await connections.of_workspace(tx, parts.seal, workspace_id):
                known[workspace_id, each.id] = each
        outgoing = await _outgoing(tx, claimed)
    failures = await asyncio.gather(
        *(
            _send(
                crm,
                caller,
                write,
                outgoing.get((write.workspace_id, write.key)),
                known.get((write.workspace_id, write.connection_id)),
            )
            for write in claimed
        ),
        return_exceptions=True,
    )
    for failure in failures:
        # Only now that every change has had its turn; this one's claim runs out.
        if isinstance(failure, BaseException):
            raise failure
    return len(claimed)


async def _outgoing(tx: Tx, claimed: Sequence[StoredWrite]) -> dict[tuple[str, str], Outgoing]:
    """The changes with the things they concern as these are now, by workspace and key.

    What the coach no longer knows anything of is missing.
    """
    found: dict[tuple[str, str], Outgoing] = {}
    for place in sorted({(write.workspace_id, write.connection_id) for write in claimed}):
        workspace_id, connection_id = place
        mine = [each for each in claimed if (each.workspace_id, each.connection_id) == place]
        persons = {each.person_id for each in mine if each.person_id is not None}
        known = await people.load(tx, workspace_id, persons)
        named = await owners.owners_of(tx, workspace_id, connection_id, persons)
        for kind in {writes.subject(each.write)[0] for each in mine}:
            wanted = {
                writes.subject(each.write)[1]: each
                for each in mine
                if writes.subject(each.write)[0] is kind
            }
            things = await mirror.load(tx, kind, workspace_id, connection_id, wanted)
            names = await remote_ids.theirs(tx, workspace_id, connection_id, kind, wanted)
            places = {each.write.stage for each in mine if isinstance(each.write, MoveDeal)}
            ways = await stages.called(tx, workspace_id, connection_id, places)
            for id, write in wanted.items():
                if id in things:
                    found[workspace_id, write.key] = _told(
                        write,
                        replace(things[id], id=names.get(id, id)),
                        ways,
                        named.get(write.person_id or ""),
                        known.get(write.person_id or ""),
                    )
    return found


def _told(
    write: StoredWrite,
    thing: Subject,
    ways: Sequence[KnownStage],
    owner: Owner | None,
    person: Person | None,
) -> Outgoing:
    """The change in the names that the CRM has for things, stages and people."""
    event = writes.event(write.write, dedupe_key=write.key, at=write.made_at, owner=owner)
    way = None
    if isinstance(write.write, MoveDeal) and isinstance(thing, Deal):
        way = meant(ways, write.write.stage, thing.pipeline)
    named = {way.stage.name: way, way.stage.id: way} if way else {}
    return Outgoing(
        write.key,
        writes.renamed(write.write, thing.id),
        settled(event, named).verb,
        write.made_at,
        thing,
        owner,
        (owner.email if owner else None) or (person.email if person else None),
        way.stage if way else None,
    )


async def _send(
    crm: CrmParts,
    caller: Caller,
    write: StoredWrite,
    outgoing: Outgoing | None,
    connection: Connection | None,
) -> None:
    writing = crm.providers[connection.provider].writing if connection else None
    if connection is None or writing is None:
        await _fail(crm, write, _NOWHERE)
        return
    if outgoing is None:
        await _fail(crm, write, "what it changed is no longer known")
        return
    account = await caller.account(connection)
    if isinstance(account, Later):
        await _again(crm, write, account)
        return
    if isinstance(account, Impossible):
        await _fail(crm, write, account.why)
        return
    call = writing.call(account, outgoing, crm.wall())
    if call is None:
        await _fail(crm, write, _NOWHERE)
        return
    if write.lost and not call.repeatable:
        # The call may have been made before the process that had it came to its end.
        why = unknown("the coach was stopped while it was being sent")
        await _fail(crm, write, why, in_doubt=True)
        return
    match await caller.make(connection, call, write.attempts):
        case Later() as later:
            await _again(crm, write, later)
        case Impossible(why, in_doubt):
            await _fail(crm, write, why, in_doubt=in_doubt)
        case Answer() as answer:
            told = writing.read(outgoing, answer)
            if told.again is not None:
                await _again(crm, write, Later(caller.again_at(write.attempts), told.again))
            elif told.refusal is not None:
                await _refused(crm, write, told.refusal, gone=told.gone)
            else:
                await _done(crm, write, told)


async def _done(crm: CrmParts, write: StoredWrite, told: Told) -> None:
    parts = crm.shared
    kind, id = writes.subject(write.write)
    async with parts.database.write() as tx:
        made = told.remote_id is not None and isinstance(write.write, CreateTask)
        if made or write.told_in is not None:
            await workspaces.lock(tx, parts.database, write.workspace_id)
        if told.remote_id is not None and made:
            # What the CRM calls it holds even when the claim has run out meanwhile.
            await adopt(
                parts, tx, write.workspace_id, write.connection_id, kind, id, told.remote_id
            )
        if await crm_writes.finish(tx, write, parts.clock.now()) and write.told_in is not None:
            # It was given up before, and somebody has had it tried again.
            await undelivered.follow(parts, tx, write)
            parts.wake.sender.set()
    log.info("told the CRM: %s", plain(write.words))


async def _again(crm: CrmParts, write: StoredWrite, later: Later) -> None:
    if not later.tried:
        async with crm.shared.database.write() as tx:
            await crm_writes.put_back(tx, write, later.at)
        return
    if write.attempts >= TRIES:
        await _fail(crm, write, f"{later.why}, {write.attempts} times")
        return
    async with crm.shared.database.write() as tx:
        await crm_writes.retry(tx, write, later.at, later.why)


async def _fail(crm: CrmParts, write: StoredWrite, error: str, *, in_doubt: bool = False) -> None:
    """It is given up: its person is told, as they count on it."""
    log.warning("a change could not be brought to the CRM: %s (%s)", plain(write.words), error)
    parts = crm.shared
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, write.workspace_id)
        if await crm_writes.fail(tx, write, error, in_doubt=in_doubt):
            await undelivered.tell(parts, tx, write)
    parts.wake.sender.set()


async def _refused(crm: CrmParts, write: StoredWrite, why: str, *, gone: bool) -> None:
    """The CRM will not have it: here it is taken back, and its person's card says so."""
    log.warning("the CRM refused a change: %s (%s)", plain(write.words), why)
    parts, now = crm.shared, crm.shared.clock.now()
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, write.workspace_id)
        if await crm_writes.refuse(tx, write, why, now):
            await refusing.take_back(parts, tx, write, why, gone=gone)
            if write.told_in is not None:
                await undelivered.follow(parts, tx, write)
            # What the CRM has instead it may have told of to nobody: it is looked for at once.
            place = write.workspace_id, write.connection_id
            await fetches.bring_on(tx, *place, [Want.HISTORY], now)
    parts.wake.ring({"attention", "sender", "tick", "fetcher"})
