"""The outbox: changes made in Slack go to the CRM, retried until it has them or refuses them."""

import asyncio
import logging
from datetime import timedelta

import aiohttp

from bot.crm.calls import Answer
from bot.crm.parts import CrmParts
from bot.crm.provider import Told
from bot.runtime.backoff import backoff, retry_after
from coach import writes
from coach.wording import plain
from coach.writes import Outgoing
from storage import connections, crm_writes, mirror, owners, people
from storage.connections import Connection
from storage.crm_writes import StoredWrite
from storage.database import Tx

log = logging.getLogger(__name__)

#: Changes sent at once.
TOGETHER = 8

#: How long a CRM may take to answer, in seconds.
PATIENCE = 10

#: After so many tries, over about two days, a change is kept as failed.
TRIES = 14

#: How long a claim lasts: longer than a try can take.
LEASE = timedelta(seconds=PATIENCE * 3)


async def send_due(
    crm: CrmParts, http: aiohttp.ClientSession, *, patience: float = PATIENCE
) -> int:
    """Send every change that is due now; returns how many were tried.

    `patience` is how long the CRM may take to answer, in seconds.
    """
    parts = crm.shared
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await crm_writes.any_due(tx, now):
            return 0
    async with parts.database.write() as tx:
        claimed = await crm_writes.claim(tx, parts.database, now, lease=LEASE, most=TOGETHER)
        known: dict[tuple[str, str], Connection] = {}
        for workspace_id in {write.workspace_id for write in claimed}:
            for each in await connections.of_workspace(tx, parts.seal, workspace_id):
                known[workspace_id, each.id] = each
        outgoing = [await _outgoing(tx, write) for write in claimed]
    failures = await asyncio.gather(
        *(
            _send(
                crm,
                http,
                write,
                each,
                known.get((write.workspace_id, write.connection_id)),
                patience,
            )
            for write, each in zip(claimed, outgoing, strict=True)
        ),
        return_exceptions=True,
    )
    for failure in failures:
        # Only now that every change has had its turn; this one's claim runs out.
        if isinstance(failure, BaseException):
            raise failure
    return len(claimed)


async def _outgoing(tx: Tx, write: StoredWrite) -> Outgoing | None:
    """The change with the thing it concerns as it is now; `None` when there is no such thing."""
    kind, id = writes.subject(write.write)
    found = await mirror.load(tx, kind, write.workspace_id, write.connection_id, [id])
    owner = email = None
    if write.person_id is not None:
        owner = await owners.owner_of(tx, write.workspace_id, write.connection_id, write.person_id)
        known = await people.load(tx, write.workspace_id, [write.person_id])
        person = known.get(write.person_id)
        email = owner.email if owner and owner.email else person.email if person else None
    if id not in found:
        return None
    verb = writes.event(write.write, dedupe_key=write.key, at=write.made_at, owner=owner).verb
    return Outgoing(write.key, write.write, verb, write.made_at, found[id], owner, email)


async def _send(
    crm: CrmParts,
    http: aiohttp.ClientSession,
    write: StoredWrite,
    outgoing: Outgoing | None,
    connection: Connection | None,
    patience: float,
) -> None:
    writing = crm.providers[connection.provider].writing if connection else None
    if connection is None or writing is None:
        await _fail(crm, write, "the connection has nowhere to tell of it any more")
        return
    if outgoing is None:
        await _fail(crm, write, "what it changed is no longer known")
        return
    call = writing.call(crm.account(connection), outgoing, crm.wall())
    if call is None:
        await _fail(crm, write, "the connection has nowhere to tell of it any more")
        return
    try:
        # A redirect could lead anywhere; the operator gave the address to post to.
        async with http.request(
            call.method,
            call.url,
            data=call.body,
            headers=call.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=patience),
        ) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            answer = Answer(response.status, headers, await response.content.read(100_000))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        await _again(crm, write, f"{type(error).__name__}: {str(error)[:200]}", None)
        return
    await _record(crm, write, writing.read(outgoing, answer), answer)


async def _record(crm: CrmParts, write: StoredWrite, told: Told, answer: Answer) -> None:
    if told.again is not None:
        await _again(crm, write, told.again, retry_after(answer.headers.get("retry-after")))
    elif told.refusal is not None:
        await _fail(crm, write, told.refusal)
    else:
        async with crm.shared.database.write() as tx:
            await crm_writes.finish(tx, write, crm.shared.clock.now())
        log.info("told the CRM: %s", plain(write.words))


async def _again(crm: CrmParts, write: StoredWrite, error: str, asked: timedelta | None) -> None:
    if write.attempts >= TRIES:
        await _fail(crm, write, f"{error}, {write.attempts} times")
        return
    wait = asked or backoff(write.attempts, crm.shared.entropy)
    async with crm.shared.database.write() as tx:
        await crm_writes.retry(tx, write, crm.shared.clock.now() + wait, error)


async def _fail(crm: CrmParts, write: StoredWrite, error: str) -> None:
    log.warning("a change could not be brought to the CRM: %s (%s)", plain(write.words), error)
    async with crm.shared.database.write() as tx:
        await crm_writes.fail(tx, write, error)
