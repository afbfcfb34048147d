"""Signatures of Standard Webhooks, made and checked; a bearer token for tools that cannot sign.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable

from bot.crm.provider import Account, Request, SignatureError

#: How far a request's timestamp may be from our clock, in seconds, either way.
TOLERANCE = 300

_PREFIX = "whsec_"
_ID = re.compile(rb"[\x21-\x7e]{1,255}")
_TIMESTAMP = re.compile(rb"\d{1,12}")


def new_secret(entropy: Callable[[int], bytes]) -> str:
    """A signing secret of 32 random bytes in the form the standard asks for."""
    return _PREFIX + base64.b64encode(entropy(32)).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def signature(secret: str, id: bytes, timestamp: bytes, body: bytes) -> bytes:
    """The `v1` signature: HMAC-SHA256 over `id.timestamp.body`, in base64."""
    digest = hmac.digest(_key(secret), b".".join((id, timestamp, body)), "sha256")
    return b"v1," + base64.b64encode(digest)


def verify(request: Request, account: Account, wall: float) -> str | None:
    """Check a request on its raw bytes; returns its `webhook-id`.

    A request without a signature may carry `Authorization: Bearer …` instead: for tools that
    cannot sign, at the price of no protection against replay.
    """
    headers = request.headers
    id = headers.get(b"webhook-id", b"")
    given = headers.get(b"webhook-signature")
    if given is None:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer":
            raise SignatureError(
                "Sign the request as Standard Webhooks (webhook-id, webhook-timestamp, "
                "webhook-signature), or send Authorization: Bearer with the connection's token."
            )
        token = token.strip()
        if not token or not hmac.compare_digest(token, account.bearer.encode()):
            raise SignatureError("The bearer token is not this connection's.")
        return id.decode() if _ID.fullmatch(id) else None
    timestamp = headers.get(b"webhook-timestamp", b"")
    if not _ID.fullmatch(id):
        raise SignatureError("webhook-id must be 1 to 255 visible ASCII characters.")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise SignatureError("webhook-timestamp must be whole seconds since 1970.")
    if abs(wall - int(timestamp)) > TOLERANCE:
        raise SignatureError("webhook-timestamp is more than five minutes off; check the clock.")
    offered = given.split(b" ")[:16]
    good = False
    for secret in account.signing:
        expected = signature(secret, id, timestamp, request.body)
        for each in offered:
            # Every pair is compared, so that the time taken tells nothing.
            good |= hmac.compare_digest(each, expected)
    if not good:
        raise SignatureError("The signature does not match; check the connection's signing secret.")
    return id.decode()
