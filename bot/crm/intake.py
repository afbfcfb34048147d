"""Webhooks in: verified on raw bytes, stored durably with whoever came at the same time, answered.

Plain ASGI, because this is where speed is asked for: nothing but verifying and storing happens
while a vendor waits.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Receive, Scope, Send

from bot.crm.provider import PayloadError, Provider, Reading, Request, Secrets, SignatureError
from bot.runtime.parts import Parts
from bot.web.raw_body import TooLargeError, answer, read_body
from coach.ids import ordered_id
from storage import connections, deliveries
from storage.connections import Connection
from storage.database import is_passing
from storage.deliveries import NewDelivery

log = logging.getLogger(__name__)

#: The largest body, in bytes.
LARGEST = 1_000_000

#: Deliveries in one commit.
TOGETHER = 256

#: For how many seconds a connection is remembered: so long a rotated secret takes to count.
REMEMBERED = 3.0

#: How long a sender may be kept waiting for the database, in seconds.
PATIENCE = 10.0

_NOT_STORED = {"error": "The delivery could not be stored. Send it again."}


@dataclass(slots=True)
class _Waiting:
    delivery: NewDelivery
    done: asyncio.Future[int]


class Intake:
    """The ASGI application behind `/webhooks/<provider>/<token>`."""

    def __init__(self, parts: Parts, wall: Callable[[], float] = time.time) -> None:
        self._parts = parts
        self._wall = wall
        self._known: dict[str, tuple[float, Connection, Secrets]] = {}
        self._queue: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None
        self._closed = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 202, or 400, 401, 404, 405, 413, 503 with a sentence."""
        if scope["method"] != "POST":
            await answer(send, 405, {"error": "Send webhooks with POST."}, ((b"allow", b"POST"),))
            return
        provider_name, _, token = scope["path"].removeprefix("/webhooks/").partition("/")
        try:
            async with asyncio.timeout(PATIENCE):
                found = await self._connection(provider_name, token)
        except Exception:
            log.exception("a connection could not be looked up")
            await answer(send, 503, _NOT_STORED)
            return
        if found is None:
            await answer(send, 404, {"error": "No connection has this address. See coach connect."})
            return
        connection, secrets = found
        try:
            body = await read_body(scope, receive, LARGEST)
        except TooLargeError:
            await answer(send, 413, {"error": f"A webhook may have {LARGEST:,} bytes."})
            return
        except ConnectionError:
            return
        status, content = await self._take(
            self._parts.providers[connection.provider],
            connection,
            secrets,
            Request(dict(scope["headers"]), body),
        )
        await answer(send, status, content)

    async def _connection(self, provider: str, token: str) -> tuple[Connection, Secrets] | None:
        now = time.monotonic()
        cached = self._known.get(token)
        if cached is not None and cached[0] > now and cached[1].provider == provider:
            return cached[1], cached[2]
        if not 16 <= len(token) <= 128 or provider not in self._parts.providers:
            return None
        async with self._parts.database.read() as tx:
            connection = await connections.by_token(tx, self._parts.seal, token)
        if connection is None or connection.provider != provider:
            return None
        secrets = Secrets(connection.secrets, connection.bearer)
        self._known[token] = (now + REMEMBERED, connection, secrets)
        return connection, secrets

    async def _take(
        self, provider: Provider, connection: Connection, secrets: Secrets, request: Request
    ) -> tuple[int, object]:
        try:
            message_id = provider.verify(request, secrets, self._wall())
        except SignatureError as error:
            return 401, {"error": str(error)}
        received_at = self._parts.clock.now()
        fault: PayloadError | None = None
        try:
            reading = provider.parse(request.body, message_id, received_at)
        except PayloadError as error:
            # It came from the right hands: it is kept, to be looked at and read again.
            reading, fault = Reading(()), error
        self._parts.rush.came()
        delivery = self._delivery(connection, request.body, message_id, received_at, reading, fault)
        try:
            async with asyncio.timeout(PATIENCE):
                fresh = await self._store(delivery)
        except Exception:
            log.exception("a delivery could not be stored")
            return 503, _NOT_STORED
        if fault is not None:
            return 400, {"error": str(fault)}
        self._parts.wake.worker.set()
        return 202, {
            "accepted": fresh,
            "duplicates": len(reading.events) - fresh,
            "rejected": [{"index": index, "error": why} for index, why in reading.rejected],
        }

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
            tuple(event.dedupe_key for event in reading.events),
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
