"""The web application: what CRMs and browsers come to, Slack behind its guard, and health."""

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable

from slack_bolt.async_app import AsyncApp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.dispatching import BYTES, LARGEST, REQUESTS, dispatched, readable
from bot.web.raw_body import GoneError, TooLargeError, TooSlowError, answer, read_body
from bot.web.room import FullError, Room, Share

log = logging.getLogger(__name__)

#: How old a request may be, in seconds, either way
#: (https://docs.slack.dev/authentication/verifying-requests-from-slack).
TOLERANCE = 300

_TIMESTAMP = re.compile(rb"\d{1,12}")


class SlackGuard:
    """Stands before Bolt: checks the signature on raw bytes, so that nothing unsigned is parsed.

    Bolt parses bodies and headers before it verifies them and answers hostile ones with a 500.
    """

    def __init__(
        self,
        bolt: AsyncApp,
        signing_secret: str,
        wall: Callable[[], float] = time.time,
        room: Room | None = None,
    ) -> None:
        self._bolt = bolt
        self._secret = signing_secret.encode()
        self._wall = wall
        self._room = room or Room(REQUESTS, BYTES)

    def _signed(self, headers: dict[bytes, bytes], body: bytes) -> bool:
        timestamp = headers.get(b"x-slack-request-timestamp", b"")
        if not self._secret or not _TIMESTAMP.fullmatch(timestamp):
            return False
        if abs(self._wall() - int(timestamp)) > TOLERANCE:
            return False
        message = b"v0:" + timestamp + b":" + body
        expected = b"v0=" + hmac.new(self._secret, message, hashlib.sha256).hexdigest().encode()
        return hmac.compare_digest(headers.get(b"x-slack-signature", b""), expected)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of Slack's."""
        if scope["method"] != "POST":
            await answer(send, 405, {"error": "Slack sends POST."}, ((b"allow", b"POST"),))
            return
        with self._room.share() as share:
            await self._answer(scope, receive, send, share)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, share: Share) -> None:
        try:
            body = await read_body(scope, receive, LARGEST, share)
        except FullError:
            await answer(send, 503, {"error": "Too much is coming in. Send it again."})
            return
        except TooSlowError:
            await answer(send, 408, {"error": "The request did not come whole in time."})
            return
        except TooLargeError:
            await answer(send, 413, {"error": f"A request may have {LARGEST:,} bytes."})
            return
        except GoneError:
            return
        headers = dict(scope["headers"])
        if not self._signed(headers, body):
            await answer(send, 401, {"error": "Not signed by Slack; check the signing secret."})
            return
        text = readable(headers, body)
        if text is None:
            await answer(send, 400, {"error": "The body cannot be read."})
            return
        given = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}
        query = scope.get("query_string", b"").decode("latin-1")
        response = await dispatched(self._bolt, text, given, query=query)
        content = response.body.encode()
        await send(
            {
                "type": "http.response.start",
                "status": response.status,
                "headers": [
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, values in response.headers.items()
                    for value in values
                    if name.lower() != "content-length"
                ]
                # Without it the answer would go out in chunks.
                + [(b"content-length", str(len(content)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": content})


class BySocket:
    """Stands at Slack's address where Slack comes by Socket Mode: nothing is taken there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so, without reading anything."""
        await answer(send, 404, {"error": "Slack comes by Socket Mode here."})


class Web:
    """The whole application: its parts' routes, and a lifespan that says in a line why it failed.

    Starlette's own lifespan would print a traceback for it.
    """

    def __init__(
        self,
        *,
        routes: Iterable[Route],
        slack: ASGIApp | None,
        ready: Callable[[], Awaitable[str | None]],
        start: Callable[[], Awaitable[None]],
        stop: Callable[[], Awaitable[None]],
    ) -> None:
        self._ready = ready
        self._start = start
        self._stop = stop
        self._router = Router(
            [
                *routes,
                Route("/slack/events", slack or _not_set_up, methods=None if slack else ["POST"]),
                Route("/healthz", self._alive),
                Route("/readyz", self._readiness),
            ],
            redirect_slashes=False,
            default=_nothing_here,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to its part."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._router(scope, receive, send)

    async def _alive(self, _: Request) -> Response:
        return JSONResponse({"ok": True})

    async def _readiness(self, _: Request) -> Response:
        fault = await self._ready()
        return JSONResponse({"ok": fault is None, "fault": fault}, 503 if fault else 200)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start()
                except Exception as error:
                    log.debug("start failed", exc_info=True)
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _not_set_up(_: Request) -> Response:
    return JSONResponse({"error": "Slack is not set up. Run coach doctor."}, 503)


async def _nothing_here(_: Scope, __: Receive, send: Send) -> None:
    await answer(send, 404, {"error": "Nothing is here."})
