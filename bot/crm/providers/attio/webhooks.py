"""Attio's webhooks: signed, and saying only that something is not as it was.

No value, no time, no id of the event: each names a thing to be looked up, and what has happened is
what that changes. https://docs.attio.com/rest-api/guides/webhooks
"""

import binascii
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.crm.provider import Account, PayloadError, Reading, Request, SignatureError, Stub
from bot.crm.things import content, inner, key, name_of, needed, words

_ID = re.compile(rb"[\x21-\x7e]{1,255}")

#: What is told to whoever reads the answer, by the last word of the event.
_HINTS = {"created": "created", "merged": "merged"}


def verify(request: Request, account: Account, wall: float) -> str | None:
    """Check the signature over the raw body, with the secret as the text it is.

    Returns the key by which Attio marks repeats: it is not signed, and nothing hangs on it.
    """
    headers = request.headers
    given = headers.get(b"attio-signature", headers.get(b"x-attio-signature", b"")).lower()
    good = False
    for secret in account.signing:
        if not secret:
            # Whoever has no secret must not be able to sign with none.
            continue
        digest = hmac.digest(secret.encode(), request.body, "sha256")
        # Every one is compared, so that the time taken tells nothing.
        good |= hmac.compare_digest(given, binascii.hexlify(digest))
    if not good:
        raise SignatureError("Attio-Signature does not match; check the webhook's secret.")
    id = headers.get(b"idempotency-key", b"")
    return id.decode() if _ID.fullmatch(id) else None


def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
    """What to look up because of a request."""
    value = content(body)
    # Older samples have one event without the envelope.
    events = [value] if "event_type" in value else value.get("events")
    if not isinstance(events, list):
        raise PayloadError("There is no list of events: this is no webhook of Attio's.")
    # Two events may be alike to the byte, and both be true.
    request = message_id or received_at.isoformat()
    stubs: list[Stub] = []
    rejected: list[tuple[int, str]] = []
    passed: list[tuple[int, str]] = []
    for index, event in enumerate(events):
        try:
            if not isinstance(event, dict):
                raise PayloadError("An event must be a JSON object.")
            found = _wanted(event)
            if not found:
                passed.append((index, f"{words(event.get('event_type'), 60)} is not followed"))
            stubs += [
                Stub(key(request, index, place), kind, id, hint)
                for place, (kind, id, hint) in enumerate(found)
            ]
        except PayloadError as error:
            rejected.append((index, str(error)))
    return Reading((), rejected, stubs, passed)


def _wanted(event: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Of which sort, which one, and what is known of it already."""
    type = event.get("event_type")
    if not isinstance(type, str):
        raise PayloadError("The event does not say what happened.")
    of, _, what = type.rpartition(".")
    hint = _HINTS.get(what, "")
    match of:
        case "record":
            kind = f"record/{_part(event, 'object_id')}"
            duplicate = name_of(inner(event, "id", "duplicate_record_id")) or name_of(
                event.get("duplicate_record_id")
            )
            wanted = [(kind, needed(inner(event, "id", "record_id")), "")]
            if what == "merged" and duplicate is not None:
                return [*wanted, (kind, duplicate, hint)]
            return [(kind, wanted[0][1], hint)]
        case "list-entry":
            kind = f"entry/{_part(event, 'list_id')}"
            return [(kind, needed(inner(event, "id", "entry_id")), hint)]
        case "task":
            return [("task", needed(inner(event, "id", "task_id")), hint)]
        case "note" if what == "created":
            return [("note", needed(inner(event, "id", "note_id")), hint)]
        case "workspace-member":
            return [("owners", "all", "")]
        case "object-attribute" | "list-attribute":
            return [("stages", "all", "")]
    return []


def _part(event: Mapping[str, Any], name: str) -> str:
    id = needed(inner(event, "id", name))
    if len(id) > 50:
        raise PayloadError("It does not say of which sort it is.")
    return id
