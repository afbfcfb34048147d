"""Pages in plain words, for the few things that people do in a browser."""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action "
)

#: Nothing is loaded from anywhere, nobody shows it within a page of theirs, and nobody keeps it or
#: hears of its address, which may hold what was brought.
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"{_POLICY}'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:3rem auto;padding:0 1rem}"
    "li{overflow-wrap:anywhere}button{font:inherit;padding:.5rem 1rem}"
    "@media(prefers-color-scheme:dark){body{background:#111;color:#eee}}"
)


def sent_on(
    address: str, cookie: tuple[str, str], lasts: timedelta, public_url: str, path: str
) -> Response:
    """A browser sent on to who is asked, and by a cookie known again when they send it back.

    `path`: below which path of the coach's public address the cookie is shown.
    """
    name, value = cookie
    base = urlsplit(public_url)
    answer = RedirectResponse(address, 303, HEADERS)
    answer.set_cookie(
        name,
        value,
        max_age=int(lasts.total_seconds()),
        path=f"{base.path}{path}",
        secure=base.scheme == "https",
        httponly=True,
        # It is to come along when somebody else sends the browser back.
        samesite="lax",
    )
    return answer


def page(
    title: str,
    said: Sequence[str],
    steps: Sequence[str] = (),
    *,
    status: int = 200,
    button: str | None = None,
) -> Response:
    """A page in plain words; whatever it says may come from a vendor.

    With a `button` it can be sent back to where it came from, which is one press and no more:
    what only looks at addresses presses nothing.
    """
    words = "".join(f"<p>{escape(each)}</p>" for each in said)
    if steps:
        items = "".join(f"<li>{escape(each.strip())}</li>" for each in steps)
        words += f"<p>To have the CRM tell the coach of what happens there:</p><ol>{items}</ol>"
    headers = HEADERS
    if button is not None:
        words += f'<form method="post"><button>{escape(button)}</button></form>'
        headers = {**HEADERS, "content-security-policy": f"{_POLICY}'self'"}
    head = f"<title>{escape(title)}</title><style>{_STYLE}</style>"
    return HTMLResponse(
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"{head}<h1>{escape(title)}</h1>{words}</html>",
        status,
        headers=headers,
    )
