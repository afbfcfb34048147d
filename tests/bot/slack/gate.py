"""A gate before the stand-in for Slack: calls about somebody wait at it until a test opens it."""

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send


class Gate:
    """Notes what is called, and holds the first calls of a method that name somebody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._held: dict[tuple[str, str], asyncio.Event] = {}
        self._waiting: dict[tuple[str, str], asyncio.Event] = {}
        #: Each call's method and arguments, in the order in which they came.
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def hold(self, method: str, who: str) -> None:
        """Let the next call of this method to that channel wait."""
        self._held[method, who] = asyncio.Event()
        self._waiting[method, who] = asyncio.Event()

    async def waits(self, method: str, who: str) -> None:
        """Return when that call has come."""
        async with asyncio.timeout(20):
            await self._waiting[method, who].wait()

    def open(self, method: str, who: str) -> None:
        """Let it go on."""
        self._held.pop((method, who)).set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        messages: list[MutableMapping[str, Any]] = []
        while not messages or messages[-1].get("more_body"):
            messages.append(await receive())
        body = b"".join(each.get("body", b"") for each in messages)
        method = str(scope["path"]).rpartition("/")[2]
        given = _arguments(body)
        self.calls.append((method, given))
        key = (method, str(given.get("channel")))
        held = self._held.get(key)
        if held is not None and not self._waiting[key].is_set():
            self._waiting[key].set()
            await held.wait()

        async def again() -> MutableMapping[str, Any]:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, again, send)


def _arguments(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}
    return found if isinstance(found, dict) else {}
