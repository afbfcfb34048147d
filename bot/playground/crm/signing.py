"""Signs and checks requests as Standard Webhooks do, always with real wall time.

Fact: https://www.standardwebhooks.com (headers ``webhook-id``, ``webhook-timestamp``,
``webhook-signature``; secret ``whsec_`` followed by base64).
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

TOLERANCE_SECONDS = 300


def webhook_headers(secret: str, message_id: str, body: bytes, at: float) -> dict[str, str]:
    """The headers of a Standard Webhook; ``secret`` is ``whsec_…``."""
    stamp = str(int(at))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1," + _webhook_digest(secret, message_id, stamp, body),
        "Content-Type": "application/json",
    }


def webhook_fault(secret: str, headers: Mapping[str, str], body: bytes, at: float) -> str | None:
    """Why a Standard Webhook is not to be trusted, or None when it is."""
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    if not message_id:
        return "The header webhook-id is missing."
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return "The header webhook-timestamp is not a number of seconds."
    if abs(at - int(stamp)) > TOLERANCE_SECONDS:
        return "The header webhook-timestamp is more than five minutes away."
    expected = _webhook_digest(secret, message_id, stamp, body).encode()
    for signature in headers.get("webhook-signature", "").split():
        version, _, given = signature.partition(",")
        if version == "v1" and hmac.compare_digest(given.encode(), expected):
            return None
    return "No signature in the header webhook-signature fits the body."


def _webhook_digest(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
