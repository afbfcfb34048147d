"""The reference for the messages: a webhook's HMAC is checked and its owner written to at once."""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from benchmarks import team
from benchmarks.processes import serve


def application(api: str, secret: str) -> Any:
    """The shortest way from a webhook to a message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    client = AsyncWebClient(token=team.BOT_TOKEN, base_url=api)
    tasks: set[asyncio.Task[Any]] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = dict(scope["headers"])
        signed = b".".join((headers[b"webhook-id"], headers[b"webhook-timestamp"], body))
        expected = b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
        assert hmac.compare_digest(expected, headers[b"webhook-signature"])
        await send({"type": "http.response.start", "status": 202, "headers": [_EMPTY]})
        await send({"type": "http.response.body", "body": b""})
        event = json.loads(body)
        number = int(event["owner"]["email"].partition("@")[0].removeprefix("seller"))
        title = event["data"]["deal"]["title"]
        call = client.chat_postMessage(channel=team.slack_user(number), text=f"Won: {title}")
        task = asyncio.create_task(call)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    return app


_EMPTY = (b"content-length", b"0")

if __name__ == "__main__":
    serve(application(sys.argv[1], sys.argv[2]), lifespan=False)
