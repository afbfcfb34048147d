"""The stand-in's side of Socket Mode: WebSockets that an app opens and gets everything by.

aiohttp serves them, which the coach has anyway; the server of the page speaks none without one more
library. Fact: https://docs.slack.dev/apis/events-api/using-socket-mode/
"""

import asyncio
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from bot.playground.slack.things import Json

HOST = "127.0.0.1"


@dataclass(eq=False)
class Connection:
    """One WebSocket of the app's."""

    socket: web.WebSocketResponse
    #: Dead without saying so: nothing is answered any more, and it stays open.
    is_dead: bool = False
    #: What was sent by it and acknowledged by it, by envelope id.
    sent: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)


class Sockets:
    """WebSockets with an app; tests say how badly they are to behave."""

    def __init__(self, app_token: str, app_id: str = "A0COACH") -> None:
        self.app_token = app_token
        self.app_id = app_id
        self.connections: list[Connection] = []
        #: How often an app has connected.
        self.opened = 0
        #: How many times each envelope is delivered.
        self.copies = 1
        #: Whether a new connection is greeted; else it is open and silent.
        self.greets = True
        #: The word with which a new connection is closed instead of being greeted.
        self.refuses: str | None = None
        #: Told of each frame that the app sends.
        self.heard: Callable[[str], None] | None = None
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[Json]] = {}
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._turn = 0

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        app = web.Application()
        app.router.add_get("/link/", self._connected)
        self._runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Close every connection and stop listening."""
        for each in self.connections:
            await each.socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def address(self) -> str:
        """An address good for one connection."""
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return f"ws://{HOST}:{self._port}/link/?ticket={ticket}&app_id={self.app_id}"

    async def deliver(
        self, payload: Json, seconds: float, *, attempt: int = 0, reason: str | None = None
    ) -> tuple[int, str, str | None]:
        """Send it by one of the connections; as HTTP: the status, the answer, what went wrong."""
        id = str(uuid.uuid4())
        kind = _kind(payload)
        envelope: Json = {
            "type": kind,
            "envelope_id": id,
            "payload": payload,
            "accepts_response_payload": kind != "events_api",
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason or ""}
        answered = self._waiting[id] = asyncio.get_running_loop().create_future()
        try:
            for _ in range(self.copies):
                if not await self._send(id, json.dumps(envelope)):
                    return 0, "", "The app is not connected."
            async with asyncio.timeout(seconds):
                told = await answered
        except TimeoutError:
            return 0, "", f"The app did not answer within {seconds:g} seconds."
        finally:
            del self._waiting[id]
        return 200, json.dumps(told) if told else "", None

    async def disconnect(self, reason: str, *, closing: bool = True) -> None:
        """Say goodbye by every connection, and close it unless told otherwise."""
        for each in list(self.connections):
            told = {"type": "disconnect", "reason": reason, "debug_info": {"host": "stand-in"}}
            await each.socket.send_str(json.dumps(told))
            if closing:
                await each.socket.close()

    async def _send(self, id: str, text: str) -> bool:
        live = [each for each in self.connections if not each.socket.closed]
        if not live:
            return False
        # Slack says that it may be any of them.
        self._turn += 1
        chosen = live[self._turn % len(live)]
        chosen.sent.append(id)
        try:
            await chosen.socket.send_str(text)
        except ConnectionError:
            return False
        return True

    async def _connected(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403)
        self._tickets.discard(ticket)
        # Pings are answered below, as long as the connection lives.
        connection = Connection(web.WebSocketResponse(autoping=False))
        await connection.socket.prepare(request)
        self.opened += 1
        self.connections.append(connection)
        if self.refuses is not None:
            await self.disconnect(self.refuses)
        elif self.greets:
            await connection.socket.send_str(json.dumps(self._hello()))
        try:
            async for message in connection.socket:
                if connection.is_dead:
                    continue
                if message.type is WSMsgType.PING:
                    await connection.socket.pong(message.data)
                elif message.type is WSMsgType.TEXT:
                    self._acknowledged(connection, message.data)
        finally:
            self.connections.remove(connection)
        return connection.socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.connections),
            "debug_info": {"host": "stand-in", "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.app_id},
        }

    def _acknowledged(self, connection: Connection, text: str) -> None:
        if self.heard is not None:
            self.heard(text)
        told = json.loads(text)
        id = told["envelope_id"]
        connection.acknowledged.append(id)
        waiting = self._waiting.get(id)
        if waiting is not None and not waiting.done():
            waiting.set_result(told.get("payload") or {})


def _kind(payload: Json) -> str:
    if payload.get("type") == "event_callback":
        return "events_api"
    return "slash_commands" if "command" in payload else "interactive"
