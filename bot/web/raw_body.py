"""Request bodies and short answers on plain ASGI."""

import json
from collections.abc import Iterable

from starlette.types import Receive, Scope, Send


class TooLargeError(Exception):
    """The body is larger than allowed; it was not read to its end."""


async def read_body(scope: Scope, receive: Receive, largest: int) -> bytes:
    """The whole body as raw bytes.

    Raises `TooLargeError`, or `ConnectionError` when the client has gone.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or int(value[:12]) > largest):
            raise TooLargeError
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError("the client has gone")
        piece = message.get("body", b"")
        size += len(piece)
        if size > largest:
            raise TooLargeError
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
