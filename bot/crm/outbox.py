"""The outbox: changes made in Slack go to the CRM, retried until it has them or refuses them."""

import asyncio
import logging
from datetime import timedelta
from time import time

import aiohttp

from bot.crm.provider import Secrets
from bot.runtime.backoff import backoff, retry_after
from bot.runtime.parts import Parts
from coach.wording import plain
from storage import connections, crm_writes
from storage.connections import Connection
from storage.crm_writes import StoredWrite

log = logging.getLogger(__name__)

#: Changes sent at once.
TOGETHER = 8

#: How long a CRM may take to answer, in seconds.
PATIENCE = 10

#: After so many tries, over about two days, a change is kept as failed.
TRIES = 14

#: How long a claim lasts: longer than a try can take.
LEASE = timedelta(seconds=PATIENCE * 3)


async def send_due(parts: Parts, http: aiohttp.ClientSession, *, patience: float = PATIENCE) -> int:
    """Send every change that is due now; returns how many were tried.

    `patience` is how long the CRM may take to answer, in seconds.
    """
    now = parts.clock.now()
    async with parts.database.read() as tx:
        if not await crm_writes.any_due(tx, now):
            return 0
    async with parts.database.write() as tx:
        claimed = await crm_writes.claim(tx, parts.database, now, until=now + LEASE, most=TOGETHER)
        known: dict[tuple[str, str], Connection] = {}
        for workspace_id in {write.workspace_id for write in claimed}:
            for each in await connections.of_workspace(tx, parts.seal, workspace_id):
                known[workspace_id, each.id] = each
    failures = await asyncio.gather(
        *(
            _send(
                parts, http, write, known.get((write.workspace_id, write.connection_id)), patience
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


async def _send(
    parts: Parts,
    http: aiohttp.ClientSession,
    write: StoredWrite,
    connection: Connection | None,
    patience: float,
) -> None:
    if connection is None or connection.callback_url is None:
        await _fail(parts, write, "the connection has no callback address any more")
        return
    provider = parts.providers[connection.provider]
    secrets = Secrets(connection.secrets, connection.bearer)
    post = provider.post(connection.callback_url, write.key, write.body or "", secrets, time())
    try:
        # A redirect could lead anywhere; the operator gave the address to post to.
        async with http.post(
            post.url,
            data=post.body,
            headers=post.headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=patience),
        ) as response:
            status = response.status
            asked = retry_after(response.headers.get("retry-after"))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        await _again(parts, write, f"{type(error).__name__}: {str(error)[:200]}", None)
        return
    if 200 <= status < 300:
        async with parts.database.write() as tx:
            await crm_writes.finish(tx, write, parts.clock.now())
        log.info("told the CRM: %s", plain(write.words))
    elif status in {408, 425, 429} or status >= 500:
        await _again(parts, write, f"HTTP {status}", asked)
    else:
        await _fail(parts, write, f"HTTP {status}")


async def _again(parts: Parts, write: StoredWrite, error: str, asked: timedelta | None) -> None:
    if write.attempts >= TRIES:
        await _fail(parts, write, f"{error}, {write.attempts} times")
        return
    wait = asked or backoff(write.attempts, parts.entropy)
    async with parts.database.write() as tx:
        await crm_writes.retry(tx, write, parts.clock.now() + wait, error)


async def _fail(parts: Parts, write: StoredWrite, error: str) -> None:
    log.warning("a change could not be brought to the CRM: %s (%s)", plain(write.words), error)
    async with parts.database.write() as tx:
        await crm_writes.fail(tx, write, error)
