"""HubSpot's signature, version 3: over the method, the whole address, the body and the time.

https://developers.hubspot.com/docs/api/webhooks/validating-requests
"""

import base64
import hmac
import re

from bot.crm.provider import Account, Request, SignatureError

#: How far a request's time may be from our clock, in seconds, either way.
TOLERANCE = 300

_TIMESTAMP = re.compile(rb"[0-9]{1,15}")

#: Of the address these alone are decoded before it is signed; others, such as %20, stay.
_DECODED = re.compile(r"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def signed_url(url: str) -> str:
    """The address as HubSpot writes it when it signs."""
    return _DECODED.sub(lambda found: chr(int(found.group()[1:], 16)), url)


def signature(secret: str, method: str, url: str, body: bytes, timestamp: bytes) -> bytes:
    """What stands in `X-HubSpot-Signature-v3`; the timestamp is in milliseconds since 1970."""
    signed = method.encode() + signed_url(url).encode() + body + timestamp
    return base64.b64encode(hmac.digest(secret.encode(), signed, "sha256"))


def verify(request: Request, account: Account, wall: float) -> None:
    """Check a request by the client secret of the app that sends it. HubSpot gives it no id.

    Versions 1 and 2 carry no time, so that what was recorded once could be sent again for ever:
    they are not taken. Everything that HubSpot sends today has version 3 beside them.
    """
    secret = account.access.get("client_secret") or account.app.get("client_secret")
    if not secret:
        raise SignatureError(
            "The app's client secret is not known here. Give it to `coach connect hubspot "
            "--client-secret`, or with COACH_CRM_APPS for an app of several accounts."
        )
    if not request.url.startswith(("http://", "https://")):
        raise SignatureError("HubSpot signs the whole address. Set COACH_PUBLIC_URL to ours.")
    timestamp = request.headers.get(b"x-hubspot-request-timestamp", b"")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("X-HubSpot-Request-Timestamp must be milliseconds since 1970.")
    if abs(wall - int(timestamp) / 1000) > TOLERANCE:
        raise SignatureError(
            "X-HubSpot-Request-Timestamp is more than five minutes off; check the clock."
        )
    given = request.headers.get(b"x-hubspot-signature-v3", b"")
    expected = signature(secret, request.method, request.url, request.body, timestamp)
    if not hmac.compare_digest(given, expected):
        raise SignatureError(
            "X-HubSpot-Signature-v3 does not match. Check the app's client secret, and that "
            "COACH_PUBLIC_URL is the address to which HubSpot posts."
        )
