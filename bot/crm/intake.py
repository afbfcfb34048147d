"""Webhooks in: verified on raw bytes, stored durably with whoever came at the same time, answered.

Plain ASGI, because this is where speed is asked for: nothing but verifying and storing happens
while a vendor waits.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.routing import Route
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
from bot.crm.reading import faults, passed_over, read
from bot.web.raw_body import GoneError, TooLargeError, TooSlowError, read_body
from bot.web.room import FullError, Room
from coach.errors import CoachError
from coach.ids import ordered_id
from storage import connections, deliveries
from storage.connections import Connection
from storage.database import is_passing
from storage.deliveries import LARGE, NewDelivery

log = logging.getLogger(__name__)

#: Deliveries in one commit, and events in them.
TOGETHER = 256
KEYS = 2000

#: For how many seconds a connection is remembered: so long a rotated secret takes to count.
REMEMBERED = 3.0

#: How long a sender may be kept waiting for the database, in seconds.
PATIENCE = 10.0

#: How many requests, and bytes of their bodies, may be in hand at once; whoever comes then is told
#: to come again.
REQUESTS = 1000
BYTES = 64_000_000

_UNKNOWN = "No connection has this address. See coach connect."

_LATER = {"retry-after": "5"}


@dataclass(slots=True)
class _Waiting:
    delivery: NewDelivery
    done: asyncio.Future[int]


class Intake:
    """The ASGI application behind its `routes`: `/webhooks/<provider>/<token>`.

    A vendor that has one address for all accounts posts to `/webhooks/<provider>`.
    """

    def __init__(self, crm: CrmParts, room: Room | None = None) -> None:
        self._crm = crm
        self._parts = crm.shared
        self._known: dict[tuple[str, str], tuple[float, list[Connection]]] = {}
        self._queue: list[_Waiting] = []
        self._storing: asyncio.Task[None] | None = None
        self._closed = False
        #: Where storing does not keep up, vendors are told to come again, instead of all they send
        #: being held in memory.
        self.room = room or Room(REQUESTS, BYTES)
        self._full = False

    @property
    def waiting(self) -> int:
        """How many deliveries wait to be stored."""
        return len(self._queue)

    def routes(self) -> list[Route]:
        """Where webhooks come in."""
        return [Route("/webhooks/{provider}/{token}", self), Route("/webhooks/{provider}", self)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: as its provider does, or 401, 404, 405, 413, 503 with a sentence."""
        try:
            reply = await self._answer(scope, receive)
        except GoneError:
            return
        except SignatureError as error:
            reply = _sentence(401, str(error))
        except TooSlowError:
            reply = _sentence(408, "The request did not come whole in time.")
        except TooLargeError as error:
            reply = _sentence(413, f"A webhook may have {error.largest:,} bytes.")
        except FullError:
            if not self._full:
                log.warning("webhooks come faster than they can be stored; some have to come again")
            self._full = True
            reply = _sentence(503, "Too much is coming in. Send it again a little later.", _LATER)
        except Exception as error:
            # A secret that cannot be read says all there is to say.
            log.error(
                "a delivery could not be stored: %s",
                type(error).__name__ if is_passing(error) else error,
                exc_info=not (_is_told(error) or is_passing(error)),
            )
            reply = _sentence(503, "The delivery could not be stored. Send it again.", _LATER)
        await _reply(send, reply)

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        if scope["method"] != "POST":
            return _sentence(405, "Send webhooks with POST.", {"allow": "POST"})
        name, token = scope["path_params"]["provider"], scope["path_params"].get("token", "")
        provider = self._crm.providers.get(name)
        if provider is None or not (token or provider.split):
            return _sentence(404, _UNKNOWN)
        found = await self._by_token(name, token) if token else []
        if token and not found:
            return _sentence(404, _UNKNOWN)
        self._crm.rush.came()
        with self.room.share() as share:
            body = await read_body(scope, receive, provider.largest, share)
            request = Request(dict(scope["headers"]), body, scope["method"], self._url(scope))
            taken = await (
                self._take(provider, found[0], request) if found else self._split(name, request)
            )
        if not self.room.in_hand:
            self._full = False
        return provider.reply(taken)

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
            async with asyncio.timeout(PATIENCE), self._parts.database.read() as tx:
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
        return await self._keep(provider, connection, provider.kept(request.body), message_id)

    async def _split(self, name: str, request: Request) -> Taken:
        """The same for a request that may speak of several accounts: each gets its own part."""
        provider = self._crm.providers[name]
        account = Account(app=self._crm.apps.get(name, {}))
        message_id = provider.verify(request, account, self._crm.wall())
        try:
            pieces = await self._pieces(provider, request.body)
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

    async def _pieces(self, provider: Provider, body: bytes) -> Mapping[str, bytes]:
        if provider.split is None:
            return {}
        if len(body) <= LARGE:
            return provider.split(body)
        async with self._crm.reading:
            return await asyncio.to_thread(provider.split, body)

    async def _keep(
        self, provider: Provider, connection: Connection, body: bytes, message_id: str | None
    ) -> Taken:
        received_at = self._parts.clock.now()
        fault: PayloadError | None = None
        try:
            reading = await read(self._crm, provider, body, message_id, received_at)
        except PayloadError as error:
            # It came from the right hands: it is kept, to be looked at and read again.
            reading, fault = Reading(()), error
        delivery = self._delivery(connection, body, message_id, received_at, reading, fault)
        if fault is not None:
            # Whoever posts scripts is answered a 400, vendors are not: they would stop sending.
            told = provider.reply(Taken(error=str(fault))).status >= 400
            delivery = replace(delivery, refused=told)
        fresh = await self._store(delivery)
        if fault is not None:
            return Taken(error=str(fault))
        if fresh:
            self._crm.readings.keep(delivery.id, len(body), reading)
        bells = self._parts.wake
        (bells.large if len(body) > LARGE else bells.worker).set()
        return Taken(fresh, len(delivery.dedupe_keys) - fresh, reading.rejected)

    def _delivery(
        self,
        connection: Connection,
        body: bytes,
        message_id: str | None,
        received_at: datetime,
        reading: Reading,
        fault: PayloadError | None,
    ) -> NewDelivery:
        return NewDelivery(
            connection.workspace_id,
            ordered_id(received_at, self._parts.entropy),
            connection.id,
            message_id,
            received_at,
            body,
            reading.dedupe_keys,
            str(fault) if fault else faults(reading),
            passed=passed_over(reading),
        )

    async def _store(self, delivery: NewDelivery) -> int:
        """Durable when it returns; how many of its events are new."""
        if self._closed:
            raise ConnectionAbortedError("shutting down")
        loop = asyncio.get_running_loop()
        waiting = _Waiting(delivery, loop.create_future())
        self._queue.append(waiting)
        if self._storing is None:
            self._storing = asyncio.create_task(self._store_all(), name="intake")
        late = loop.call_later(PATIENCE, _fail, [waiting], TimeoutError())
        try:
            return await waiting.done
        except (asyncio.CancelledError, TimeoutError):
            # Whoever sent it is told to come again: held on to, it would fill the memory.
            self._queue = [each for each in self._queue if each is not waiting]
            raise
        finally:
            late.cancel()

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
            _succeed(each, fresh)

    async def _store_alone(self, waiting: _Waiting) -> None:
        try:
            async with self._parts.database.write() as tx:
                fresh = await deliveries.accept(tx, [waiting.delivery])
        except Exception as error:
            _fail([waiting], error)
        else:
            _succeed(waiting, fresh)

    def _next(self) -> list[_Waiting]:
        together, keys = 0, 0
        for each in self._queue[:TOGETHER]:
            keys += len(each.delivery.dedupe_keys)
            if together and keys > KEYS:
                break
            together += 1
        taken, self._queue = self._queue[:together], self._queue[together:]
        return taken

    async def close(self) -> None:
        """Take nothing more, and finish storing what was taken."""
        self._closed = True
        if self._storing is not None:
            await self._storing


def _succeed(waiting: _Waiting, fresh: Mapping[str, set[str]]) -> None:
    # Nobody may be left to hear of it.
    if not waiting.done.done():
        waiting.done.set_result(len(fresh[waiting.delivery.id]))


def _fail(together: list[_Waiting], error: Exception) -> None:
    for each in together:
        if not each.done.done():
            each.done.set_exception(error)


def _together(taken: Sequence[Taken]) -> Taken:
    return Taken(
        sum(each.accepted for each in taken),
        sum(each.duplicates for each in taken),
        [fault for each in taken for fault in each.rejected],
        "; ".join(each.error for each in taken if each.error) or None,
    )


def _is_told(error: Exception) -> bool:
    return isinstance(error, CoachError)


def _sentence(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> Reply:
    body = json.dumps({"error": sentence}, ensure_ascii=False).encode()
    return Reply(status, body, {"content-type": "application/json", **(headers or {})})


async def _reply(send: Send, reply: Reply) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers.items()]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
