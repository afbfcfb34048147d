"""Webhooks in: verified on raw bytes, stored durably with whoever came at the same time, answered.

Plain ASGI, because this is where speed is asked for: nothing but verifying and storing happens
while a vendor waits.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Receive, Scope, Send

from bot.crm.parts import CrmParts
from bot.crm.provider import (
    Account,
    PayloadError,
    Provider,
    Reading,
    Reply,
    Request,
    SignatureError,
    Taken,
)
from bot.web.raw_body import TooLargeError, answer, read_body
from coach.ids import ordered_id
from storage import connections, deliveries
from storage.connections import Connection
from storage.database import is_passing
from storage.deliveries import NewDelivery

log = logging.getLogger(__name__)

#: Deliveries in one commit.
TOGETHER = 256

#: For how many seconds a connection is remembered: so long a rotated secret takes to count.
REMEMBERED = 3.0

#: How long a sender may be kept waiting for the database, in seconds.
PATIENCE = 10.0

_NOT_STORED = {"error": "The delivery could not be stored. Send it again."}
_UNKNOWN = {"error": "No connection has this address. See coach connect."}


@dataclass(slots=True)
class _Waiting:
    delivery: NewDelivery
    done: asyncio.Future[int]


class Intake:
    """The ASGI application behind `/webhooks/<provider>/<token>`.

    A vendor that has one address for all accounts posts to `/webhooks/<provider>`.
    """

    def __init__(self, crm: CrmParts) -> None:
        self._crm = crm
        self._parts = crm.shared
        self._known: dict[tuple[str, str], tuple[float, list[Connection]]] = {}
        self._queue: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None
        self._closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 202, or 400, 401, 404, 405, 413, 503 with a sentence."""
        if scope["method"] != "POST":
            await answer(send, 405, {"error": "Send webhooks with POST."}, ((b"allow", b"POST"),))
            return
        name, _, token = scope["path"].removeprefix("/webhooks/").partition("/")
        provider = self._crm.providers.get(name)
        if provider is None or not (token or provider.split):
            await answer(send, 404, _UNKNOWN)
            return
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._by_token(name, token) if token else []
        except Exception:
            log.exception("a connection could not be looked up")
            await answer(send, 503, _NOT_STORED)
            return
        if token and not found:
            await answer(send, 404, _UNKNOWN)
            return
        try:
            body = await read_body(scope, receive, provider.largest)
        except TooLargeError:
            await answer(send, 413, {"error": f"A webhook may have {provider.largest:,} bytes."})
            return
        except ConnectionError:
            return
        request = Request(dict(scope["headers"]), body, scope["method"], self._url(scope))
        try:
            taken = await (
                self._take(provider, found[0], request) if found else self._split(name, request)
            )
        except SignatureError as error:
            await answer(send, 401, {"error": str(error)})
        except Exception:
            log.exception("a delivery could not be stored")
            await answer(send, 503, _NOT_STORED)
        else:
            await _reply(send, provider.reply(taken))

    def _url(self, scope: Scope) -> str:
        # By the configured address: what a proxy says of itself, anybody could say.
        path = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"")
        called: bytes = path + b"?" + query if query else path
        return self._crm.public_url + called.decode("latin-1")

    async def _by_token(self, provider: str, token: str) -> list[Connection]:
        if not 16 <= len(token) <= 128:
            return []
        known = self._remembered("token", token)
        if known is None:
            async with self._parts.database.read() as tx:
                connection = await connections.by_token(tx, self._parts.seal, token)
            known = [connection] if connection is not None else []
            if known:
                self._remember("token", token, known)
        return [each for each in known if each.provider == provider]

    async def _by_account(self, provider: str, account_id: str) -> list[Connection]:
        known = self._remembered(provider, account_id)
        if known is None:
            async with self._parts.database.read() as tx:
                known = await connections.by_account(tx, self._parts.seal, provider, account_id)
            self._remember(provider, account_id, known)
        return known

    def _remembered(self, kind: str, key: str) -> list[Connection] | None:
        cached = self._known.get((kind, key))
        return cached[1] if cached is not None and cached[0] > time.monotonic() else None

    def _remember(self, kind: str, key: str, found: list[Connection]) -> None:
        self._known[kind, key] = (time.monotonic() + REMEMBERED, found)

    async def _take(self, provider: Provider, connection: Connection, request: Request) -> Taken:
        """Verify and store. Raises `SignatureError`, or what kept it from being stored."""
        account = self._crm.account(connection)
        message_id = provider.verify(request, account, self._crm.wall())
        return await self._keep(provider, connection, request.body, message_id)

    async def _split(self, name: str, request: Request) -> Taken:
        """The same for a request that may speak of several accounts: each gets its own part."""
        provider = self._crm.providers[name]
        account = Account(app=self._crm.apps.get(name, {}))
        message_id = provider.verify(request, account, self._crm.wall())
        try:
            pieces = provider.split(request.body) if provider.split else {}
        except PayloadError as error:
            log.warning("a request of %s could not be split by account: %s", name, error)
            return Taken(error=str(error))
        found = [
            (connection, piece)
            for account_id, piece in pieces.items()
            for connection in await self._by_account(name, account_id)
        ]
        kept = await asyncio.gather(
            *(self._keep(provider, connection, piece, message_id) for connection, piece in found)
        )
        return _together(kept)

    async def _keep(
        self, provider: Provider, connection: Connection, body: bytes, message_id: str | None
    ) -> Taken:
        received_at = self._parts.clock.now()
        fault: PayloadError | None = None
        try:
            reading = provider.parse(body, message_id, received_at)
        except PayloadError as error:
            # It came from the right hands: it is kept, to be looked at and read again.
            reading, fault = Reading(()), error
        self._crm.rush.came()
        delivery = self._delivery(connection, body, message_id, received_at, reading, fault)
        async with asyncio.timeout(PATIENCE):
            fresh = await self._store(delivery)
        if fault is not None:
            return Taken(error=str(fault))
        self._parts.wake.worker.set()
        return Taken(fresh, len(reading.dedupe_keys) - fresh, reading.rejected)

    def _delivery(
        self,
        connection: Connection,
        body: bytes,
        message_id: str | None,
        received_at: datetime,
        reading: Reading,
        fault: PayloadError | None,
    ) -> NewDelivery:
        faults = "; ".join(f"event {index}: {why}" for index, why in reading.rejected)
        return NewDelivery(
            connection.workspace_id,
            ordered_id(received_at, self._parts.entropy),
            connection.id,
            message_id,
            received_at,
            body,
            reading.dedupe_keys,
            str(fault) if fault else faults or None,
        )

    async def _store(self, delivery: NewDelivery) -> int:
        """Durable when it returns; how many of its events are new."""
        if self._closed:
            raise ConnectionAbortedError("shutting down")
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(delivery, done))
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_all(), name="intake")
        return await asyncio.shield(done)

    async def _store_all(self) -> None:
        try:
            while self._queue:
                await self._store_together()
        finally:
            self._storing = None

    async def _store_together(self) -> None:
        together: list[_Waiting] = []
        try:
            async with self._parts.database.write() as tx:
                # Chosen now and not before: whoever came while another wrote shares this commit.
                together = self._next()
                fresh = await deliveries.accept(tx, [each.delivery for each in together])
        except Exception as error:
            together = together or self._next()
            if len(together) == 1 or is_passing(error):
                _fail(together, error)
                return
            # One that the database will not have must not keep the others out.
            for each in together:
                await self._store_alone(each)
            return
        for each in together:
            each.done.set_result(len(fresh[each.delivery.id]))

    async def _store_alone(self, waiting: _Waiting) -> None:
        try:
            async with self._parts.database.write() as tx:
                fresh = await deliveries.accept(tx, [waiting.delivery])
        except Exception as error:
            _fail([waiting], error)
        else:
            waiting.done.set_result(len(fresh[waiting.delivery.id]))

    def _next(self) -> list[_Waiting]:
        together, self._queue = self._queue[:TOGETHER], self._queue[TOGETHER:]
        return together

    async def close(self) -> None:
        """Take nothing more, and finish storing what was taken."""
        self._closed = True
        if self._storing is not None:
            await self._storing


def _fail(together: list[_Waiting], error: Exception) -> None:
    for each in together:
        each.done.set_exception(error)
        # Nobody may be left to hear of it.
        each.done.exception()


def _together(taken: Sequence[Taken]) -> Taken:
    return Taken(
        sum(each.accepted for each in taken),
        sum(each.duplicates for each in taken),
        [fault for each in taken for fault in each.rejected],
        "; ".join(each.error for each in taken if each.error) or None,
    )


async def _reply(send: Send, reply: Reply) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
