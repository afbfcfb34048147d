"""A body comes whole and in time, or not at all."""

import asyncio
from typing import Any

import pytest

from bot.web.raw_body import TooSlowError, read_body


async def test_who_holds_the_door_open_is_let_go() -> None:
    pieces = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> Any:
        for piece in pieces:
            return piece
        return await asyncio.Event().wait()

    with pytest.raises(TooSlowError):
        await read_body({"type": "http", "headers": []}, receive, 100, patience=0.01)
