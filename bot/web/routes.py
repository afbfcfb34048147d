"""The web application: what CRMs and browsers come to, Slack behind its guard, and health."""

import hashlib
import hmac
import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import parse_qsl

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.raw_body import GoneError, TooLargeError, TooSlowError, answer, read_body
from bot.web.room import FullError, Room, Share
from bot.web.strict_json import JsonError, loads

log = logging.getLogger(__name__)

#: The largest body from Slack, in bytes.
LARGEST = 1_000_000

#: How many requests of Slack's, and bytes of their bodies, may be in hand at once. Slack sends a
#: press or a command again, or tells whoever made it.
REQUESTS, BYTES = 1000, 16_000_000

#: How old a request may be, in seconds, either way
#: (https://docs.slack.dev/authentication/verifying-requests-from-slack).
TOLERANCE = 300

#: Where a request names a team or somebody, and what such an id consists of. Empty, it names none.
_IDS = ("team", "team_id", "enterprise", "enterprise_id", "user", "user_id", "channel_id")
_ID = re.compile(r"[A-Za-z0-9_-]{0,64}")
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
        text = _readable(headers, body)
        if text is None:
            await answer(send, 400, {"error": "The body cannot be read."})
            return
        try:
            response = await self._dispatch(scope, headers, text)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            # Bolt trusts that what is signed has the form its documentation gives.
            reference = secrets.token_hex(4)
            log.error("a request of another form than Slack's, %s: %r", reference, error)
            log.debug("what was done with it, %s", reference, exc_info=True)
            await answer(send, 400, {"error": "This is not of the form Slack sends."})
            return
        except Exception:
            log.exception("a request of Slack's could not be answered")
            await answer(send, 503, {"error": "This cannot be answered now."})
            return
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

    async def _dispatch(self, scope: Scope, headers: dict[bytes, bytes], text: str) -> BoltResponse:
        request = AsyncBoltRequest(
            body=text,
            query=scope.get("query_string", b"").decode("latin-1"),
            headers={
                name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()
            },
        )
        return await self._bolt.async_dispatch(request)


def _readable(headers: dict[bytes, bytes], body: bytes) -> str | None:
    """What Bolt is to parse, if it can: JSON, or a form whose `payload`, if any, is JSON.

    Of such a form only the payload, which Bolt takes for the same: decoding a form costs more than
    all the rest that is done until a press is acknowledged, and need not be done twice.
    """
    try:
        # Bolt takes for JSON what says so or begins like it.
        is_json = headers.get(b"content-type", b"").startswith(b"application/json")
        if is_json or body.startswith(b"{"):
            return body.decode() if _is_sound(loads(body)) else None
        text = body.decode()
        form = dict(parse_qsl(text, keep_blank_values=True))
        payload = form.get("payload")
        if payload is None:
            return text if _is_sound(form) else None
        return payload.strip() if _is_sound(loads(payload.encode())) else None
    except (JsonError, ValueError):
        return None


def _is_sound(told: object) -> bool:
    """Whether it is an object whose ids can be looked up: a database takes no NUL in a text."""
    if not isinstance(told, dict):
        return False
    inner = told.get("event")
    for each in (told, inner if isinstance(inner, dict) else {}):
        for name in _IDS:
            id = each.get(name)
            id = id.get("id") if isinstance(id, dict) else id
            if isinstance(id, str) and not _ID.fullmatch(id):
                return False
    return True


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
