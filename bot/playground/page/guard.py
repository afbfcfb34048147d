"""Lets only this machine's own page and bot in, and tells browsers to be strict.

A page elsewhere could otherwise reach loopback by a name that resolves to it (DNS rebinding: the
Host header tells) or by posting a form (CSRF: the Origin header tells).
"""

from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 1_000_000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


#: The names of this machine, and the port of an address that names none.
NAMES, HTTP = ("127.0.0.1", "localhost"), 80


class Guard:
    """Checks Host, Origin and size of each request and adds strict headers to each answer."""

    def __init__(self, app: ASGIApp, page_url: str) -> None:
        self.app = app
        port = urlsplit(page_url).port or HTTP
        self.hosts = {f"{name}:{port}" for name in NAMES}
        if port == HTTP:
            # Nobody names the port that an address has without one.
            self.hosts |= set(NAMES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is not None:
            status, sentence = refusal
            await JSONResponse({"ok": False, "error": sentence}, status)(scope, receive, send)
            return

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
            await send(message)

        await self.app(scope, _limited(receive), strict)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        host = headers.get("host", b"").decode("latin-1").lower()
        if host not in self.hosts:
            return 421, "The playground answers on this machine only: open the address it printed."
        origin = headers.get("origin")
        if origin is not None and origin.decode("latin-1").lower() != f"http://{host}":
            return 403, "Another page has no business here."
        length = headers.get("content-length", b"0")
        if not length.isdigit() or len(length) > 12 or int(length) > MOST_BYTES:
            return 413, "That is more than a megabyte."
        if scope["method"] == "POST" and scope["path"].startswith("/ui/"):
            if origin is None:
                return 403, "Only the playground's own page may do this (no Origin header)."
            if not headers.get("content-type", b"").startswith(b"application/json"):
                return 415, "Send JSON."
        return None


def _limited(receive: Receive) -> Receive:
    """Stop reading a body that grows beyond the limit without having said so."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        return {"type": "http.disconnect"} if read > MOST_BYTES else message

    return limited
