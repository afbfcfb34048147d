"""A body comes whole and in time, or not at all."""

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from bot.web.raw_body import TooSlowError, read_body
from bot.web.routes import SlackGuard


async def test_who_holds_the_door_open_is_let_go() -> None:
    pieces = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> Any:
        for piece in pieces:
            return piece
        return await asyncio.Event().wait()

    with pytest.raises(TooSlowError):
        await read_body({"type": "http", "headers": []}, receive, 100, patience=0.01)


async def test_slacks_door_answers_them_408() -> None:
    async def receive() -> Any:
        raise TimeoutError

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    # Nothing of Bolt's is reached before the body is whole.
    guard = SlackGuard(AsyncApp(token="xoxb-1", signing_secret="s"), "s")
    await guard({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert sent[0]["status"] == 408
