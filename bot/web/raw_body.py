"""Request bodies and short answers on plain ASGI."""

import asyncio
import json
from collections.abc import Iterable

from starlette.types import Receive, Scope, Send

from bot.web.room import Share

#: For how many seconds a body may come; a megabyte takes a slow line a second or two.
PATIENCE = 10.0


class TooLargeError(Exception):
    """The body is larger than allowed; it was not read to its end."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"more than {largest:,} bytes")
        self.largest = largest


class GoneError(Exception):
    """The client has gone before its request was whole."""


class TooSlowError(Exception):
    """The body has not come whole in time."""


async def read_body(
    scope: Scope, receive: Receive, largest: int, share: Share, *, patience: float = PATIENCE
) -> bytes:
    """The whole body as raw bytes, for which `share` takes room.

    Raises `TooLargeError`, `TooSlowError`, `GoneError` or `FullError`. Whoever sends it piece by
    piece, to hold the door open, is let go.
    """
    try:
        async with asyncio.timeout(patience):
            body = await _read(scope, receive, largest, share)
    except TimeoutError as error:
        raise TooSlowError from error
    share.whole()
    return body


async def _read(scope: Scope, receive: Receive, largest: int, share: Share) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value[:12]) > largest):
            raise TooLargeError(largest)
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        piece = message.get("body", b"")
        size += len(piece)
        if size > largest:
            raise TooLargeError(largest)
        share.take(len(piece))
        pieces.append(piece)
        if not message.get("more_body", False):
            return b"".join(pieces)


async def answer(
    send: Send, status: int, content: object, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Send a JSON answer."""
    body = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
