"""Pages in plain words, for the few things that people do in a browser."""

from collections.abc import Sequence
from html import escape

from starlette.responses import HTMLResponse, Response

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
