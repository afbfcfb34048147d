"""What Slack sends through a socket, and what it is answered; nothing here does anything.

https://docs.slack.dev/apis/events-api/using-socket-mode/
"""

import json
from dataclasses import dataclass
from typing import Any

from slack_bolt.response import BoltResponse

from bot.web.dispatching import is_sound
from bot.web.strict_json import JsonError, loads

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hello:
    """The connection is open: what happens comes through it from now on."""

    #: How many connections of the app are open, this one counted; Slack allows ten.
    open: int = 1


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Slack will close the connection."""

    reason: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """Something that happened, to be acknowledged by its id."""

    id: str
    #: What is the same when Slack sends it again, by this connection or another.
    key: str
    #: As Slack would have posted it.
    payload: Json
    headers: dict[str, str]
    #: Whether the acknowledgement may hold an answer.
    takes_answer: bool


Frame = Hello | Goodbye | Envelope


def read(text: str) -> Frame | None:
    """What a frame says; `None` for what is nothing we know, or cannot be looked up."""
    try:
        told = loads(text.encode("utf-8", "surrogatepass"))
    except JsonError:
        return None
    if not isinstance(told, dict):
        return None
    match told.get("type"):
        case "hello":
            count = told.get("num_connections")
            return Hello(count if isinstance(count, int) else 1)
        case "disconnect":
            return Goodbye(str(told.get("reason") or "unknown"))
        case _:
            return _envelope(told)


def _envelope(told: Json) -> Envelope | None:
    id, payload = told.get("envelope_id"), told.get("payload")
    if not isinstance(id, str) or not id or not isinstance(payload, dict) or not is_sound(payload):
        return None
    headers = {}
    if told.get("retry_attempt"):
        headers["x-slack-retry-num"] = str(told["retry_attempt"])
        headers["x-slack-retry-reason"] = str(told.get("retry_reason") or "")
    return Envelope(
        id, _key(id, payload), payload, headers, told.get("accepts_response_payload") is not False
    )


def _key(id: str, payload: Json) -> str:
    for name in ("event_id", "trigger_id"):
        given = payload.get(name)
        if isinstance(given, str) and given:
            return f"{name}:{given}"
    return f"envelope_id:{id}"


def acknowledgement(envelope: Envelope, response: BoltResponse) -> str | None:
    """What acknowledges the envelope; `None` where Slack is to hear nothing, and to send it again.

    Over HTTP that is what any other status than 200 is for.
    """
    if response.status != 200:
        return None
    told: Json = {"envelope_id": envelope.id}
    if response.body and envelope.takes_answer:
        kinds = response.headers.get("content-type") or [""]
        is_json = str(kinds[0]).startswith("application/json")
        told["payload"] = json.loads(response.body) if is_json else {"text": response.body}
    return json.dumps(told)
