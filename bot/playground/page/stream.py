"""The stream of changes that every open page listens to."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

QUEUE_KEPT = 2000
HEARTBEAT_SECONDS = 15.0

Json = dict[str, Any]


class Stream:
    """Tells each change to whoever listens; a page that does not read is cut off."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[Json | None]] = set()
        self._ended = False
        self.routes = [Route("/ui/events", self._listen)]

    def publish(self, change: Json) -> None:
        """Tell a change."""
        for queue in list(self._listeners):
            if queue.full():
                # It comes back and loads the whole state.
                self._listeners.discard(queue)
                _put(queue, None)
            else:
                queue.put_nowait(change)

    def end(self) -> None:
        """Let every listener go."""
        self._ended = True
        for queue in self._listeners:
            _put(queue, None)

    async def _listen(self, request: Request) -> Response:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._lines(), media_type="text/event-stream", headers=headers)

    async def _lines(self) -> AsyncIterator[str]:
        queue: asyncio.Queue[Json | None] = asyncio.Queue(QUEUE_KEPT)
        self._listeners.add(queue)
        try:
            yield ": hello\n\n"
            while not self._ended:
                try:
                    change = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if change is None:
                    return
                yield f"data: {json.dumps(change, ensure_ascii=False)}\n\n"
        finally:
            self._listeners.discard(queue)


def _put(queue: asyncio.Queue[Json | None], change: Json | None) -> None:
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(change)
