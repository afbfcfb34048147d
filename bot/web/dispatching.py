"""What every request of Slack's goes through, by whichever way it came: is it sound, then Bolt."""

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.web.strict_json import JsonError, loads

log = logging.getLogger(__name__)

#: The largest body from Slack, in bytes.
LARGEST = 1_000_000

#: How many requests of Slack's, and bytes of their bodies, may be in hand at once. Slack sends a
#: press or a command again, or tells whoever made it.
REQUESTS, BYTES = 1000, 16_000_000

#: Where a request names a team or somebody, and what such an id consists of. Empty, it names none.
_IDS = ("team", "team_id", "enterprise", "enterprise_id", "user", "user_id", "channel_id")
_ID = re.compile(r"[A-Za-z0-9_-]{0,64}")


def readable(headers: Mapping[bytes, bytes], body: bytes) -> str | None:
    """What Bolt is to parse, if it can: JSON, or a form whose `payload`, if any, is JSON.

    Of such a form only the payload, which Bolt takes for the same: decoding a form costs more than
    all the rest that is done until a press is acknowledged, and need not be done twice.
    """
    try:
        # Bolt takes for JSON what says so or begins like it.
        is_json = headers.get(b"content-type", b"").startswith(b"application/json")
        if is_json or body.startswith(b"{"):
            return body.decode() if is_sound(loads(body)) else None
        text = body.decode()
        form = dict(parse_qsl(text, keep_blank_values=True))
        payload = form.get("payload")
        if payload is None:
            return text if is_sound(form) else None
        return payload.strip() if is_sound(loads(payload.encode())) else None
    except (JsonError, ValueError):
        return None


def is_sound(told: object) -> bool:
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


async def dispatched(
    bolt: AsyncApp,
    body: str | dict[str, Any],
    headers: dict[str, Any],
    *,
    query: str = "",
    mode: str = "http",
) -> BoltResponse:
    """What Bolt answers; 400 to what is not of Slack's form, 503 to what may be sent again."""
    try:
        request = AsyncBoltRequest(body=body, query=query, headers=headers, mode=mode)
        return await bolt.async_dispatch(request)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        # Bolt trusts that what is from Slack has the form its documentation gives.
        reference = secrets.token_hex(4)
        log.error("a request of another form than Slack's, %s: %r", reference, error)
        log.debug("what was done with it, %s", reference, exc_info=True)
        return BoltResponse(status=400, body={"error": "This is not of the form Slack sends."})
    except Exception:
        log.exception("a request of Slack's could not be answered")
        return BoltResponse(status=503, body={"error": "This cannot be answered now."})
