"""A body comes whole and in time, or not at all."""

import asyncio
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from bot.web.raw_body import TooSlowError, read_body
from bot.web.room import FullError, Room, Share
from bot.web.routes import SlackGuard


async def test_who_holds_the_door_open_is_let_go() -> None:
    pieces = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> Any:
        for piece in pieces:
            return piece
        return await asyncio.Event().wait()

    with pytest.raises(TooSlowError):
        await read_body(
            {"type": "http", "headers": []}, receive, 100, Share(Room(1, 100)), patience=0.01
        )


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


def coming(*pieces: bytes) -> Any:
    """A body in pieces; after the last it stays open."""
    left = list(pieces)

    async def receive() -> Any:
        if not left:
            return await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": True}

    return receive


async def test_bodies_take_no_more_memory_than_there_is_whatever_they_say_of_themselves() -> None:
    room = Room(10, 100)
    with room.share() as first, room.share() as second:
        scope = {"type": "http", "headers": []}
        with pytest.raises(TooSlowError):
            await read_body(scope, coming(b"x" * 60), 100, first, patience=0.01)
        with pytest.raises(FullError):
            await read_body(scope, coming(b"x" * 30, b"x" * 30), 100, second)
    assert (room.bytes, room.in_hand) == (0, 0)


async def test_who_says_much_and_sends_nothing_takes_no_room() -> None:
    room = Room(1, 100)
    scope = {"type": "http", "headers": [(b"content-length", b"90")]}

    with room.share() as idle, room.share() as honest:
        waiting = asyncio.create_task(read_body(scope, coming(), 100, idle))
        await asyncio.sleep(0)
        assert await read_body(scope, whole_of(b"x" * 90), 100, honest) == b"x" * 90
        waiting.cancel()
        # Of those that have come whole, no more than can be seen to are in hand.
        with room.share() as late, pytest.raises(FullError):
            await read_body({"type": "http", "headers": []}, whole_of(b""), 100, late)


def whole_of(body: bytes) -> Any:
    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    return receive


async def test_slacks_door_has_so_much_room_and_no_more() -> None:
    guard = SlackGuard(AsyncApp(token="xoxb-1", signing_secret="s"), "s", room=Room(10, 100))
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": []}
    held = asyncio.create_task(guard(scope, coming(b"x" * 60), send))
    await asyncio.sleep(0)
    await guard(scope, whole_of(b"x" * 60), send)
    assert sent[0]["status"] == 503
    held.cancel()
    await asyncio.wait([held])
    await guard(scope, whole_of(b"x" * 60), send)
    assert sent[2]["status"] == 401
