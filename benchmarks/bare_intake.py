"""The reference for the intake: an ASGI app that checks an HMAC and inserts one row per commit."""

import base64
import hashlib
import hmac
import sqlite3
import sys
from collections.abc import Callable
from typing import Any

import psycopg

from benchmarks.processes import serve


def _sqlite(path: str) -> Callable[[str, bytes], object]:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS received (id TEXT PRIMARY KEY, body BLOB)")
    return lambda id, body: database.execute("INSERT INTO received VALUES (?, ?)", (id, body))


def _postgres(url: str) -> Callable[[str, bytes], object]:
    database = psycopg.connect(url, autocommit=True)
    database.execute("CREATE TABLE IF NOT EXISTS received (id TEXT PRIMARY KEY, body BYTEA)")
    return lambda id, body: database.execute("INSERT INTO received VALUES (%s, %s)", (id, body))


def application(path: str, secret: str) -> Any:
    """As little as can be done durably: no identity of events, no routes, no checks of the form."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    store = _postgres(path) if path.startswith("postgresql://") else _sqlite(path)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = dict(scope["headers"])
        id, stamp = headers[b"webhook-id"], headers[b"webhook-timestamp"]
        digest = hmac.new(key, b".".join((id, stamp, body)), hashlib.sha256).digest()
        expected = b"v1," + base64.b64encode(digest)
        if not hmac.compare_digest(expected, headers[b"webhook-signature"]):
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        store(id.decode(), body)
        answer = b'{"accepted":1}'
        headers_out = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 202, "headers": headers_out})
        await send({"type": "http.response.body", "body": answer})

    return app


if __name__ == "__main__":
    serve(application(sys.argv[1], sys.argv[2]), lifespan=False)
