"""Only this machine's own page and bot are let in, and browsers are told to be strict."""

from typing import Any

import pytest
from starlette.responses import JSONResponse

from bot.playground.page.guard import Guard
from tests.bot.playground.room import Room


async def test_only_this_machines_own_page_is_let_in(room: Room) -> None:
    body = {"json": {"person": "U01ANA", "text": "/coach help"}}
    own = {"Origin": room.url}
    elsewhere = {"Origin": "http://evil.example"}
    assert await room.status("POST", "/ui/command", **body, headers=own) == 200
    assert await room.status("POST", "/ui/command", **body) == 403
    assert await room.status("POST", "/ui/command", **body, headers=elsewhere) == 403
    assert await room.status("POST", "/ui/command", **body, headers={"Origin": "null"}) == 403
    assert await room.status("GET", "/ui/state", headers=elsewhere) == 403
    assert await room.status("GET", "/ui/state", headers={"Host": "evil.example"}) == 421
    port = room.url.rsplit(":", 1)[1]
    assert await room.status("GET", "/ui/state", headers={"Host": f"localhost:{port}"}) == 200
    plain = {"data": "{}", "headers": {**own, "Content-Type": "text/plain"}}
    assert await room.status("POST", "/ui/command", **plain) == 415
    large = {"data": b"x" * 1_000_001, "headers": own}
    assert await room.status("POST", "/crm/callback", **large) == 413
    assert len(room.bot.commands) == 1


async def test_browsers_are_told_to_be_strict(room: Room) -> None:
    for path in ("/", "/ui/state", "/page/nothing.js"):
        async with room.session.get(room.url + path) as answer:
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("page", "host", "status"),
    [
        ("http://127.0.0.1:80", "127.0.0.1", 200),
        ("http://127.0.0.1:80", "localhost", 200),
        ("http://127.0.0.1:80", "127.0.0.1:80", 200),
        ("http://127.0.0.1:80", "evil.example", 421),
        ("http://127.0.0.1:8080", "127.0.0.1", 421),
    ],
)
async def test_an_address_without_a_port_is_that_of_port_80(
    page: str, host: str, status: int
) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    headers = [(b"host", host.encode()), (b"origin", f"http://{host}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    await Guard(JSONResponse({}), page)(scope, receive, send)
    assert sent[0]["status"] == status
