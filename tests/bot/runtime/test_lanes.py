"""So much at once for each and in all, so much waiting, and nobody waits behind another's crowd."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from bot.runtime.lanes import Bounds, Lanes
from bot.runtime.parts import Background


class Desk:
    """Work that lasts until it is let go, and what is known of it."""

    def __init__(self, **bounds: int) -> None:
        self.background = Background()
        self.lanes = Lanes(self.background, Bounds(**bounds))
        self.going: list[str] = []
        self.done: list[str] = []
        self._doors: dict[str, asyncio.Event] = {}

    def begin(self, name: str) -> bool:
        """Bring work of whoever the name begins with."""
        return self.lanes.begin(name[0], name, self._work(name))

    def _work(self, name: str) -> Callable[[], Awaitable[None]]:
        async def work() -> None:
            door = self._doors[name] = asyncio.Event()
            self.going.append(name)
            await door.wait()
            self.going.remove(name)
            self.done.append(name)

        return work

    async def let_go(self, name: str) -> None:
        self._doors[name].set()
        await self.pause()

    async def pause(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def finish(self) -> list[str]:
        """Let everything go as it comes; returns the order in which it was done."""
        while self.going:
            await self.let_go(self.going[0])
        return self.done


async def test_no_more_goes_on_than_may_for_one_and_for_all() -> None:
    desk = Desk(each=2, together=3, waiting_each=9, waiting=9)
    assert all(desk.begin(name) for name in ("a1", "a2", "a3", "b1", "b2", "c1"))
    await desk.pause()
    assert desk.going == ["a1", "a2", "b1"]
    await desk.let_go("b1")
    assert desk.going == ["a1", "a2", "b2"]
    assert len(await desk.finish()) == 6


async def test_who_brings_much_does_not_hold_up_who_brings_little() -> None:
    desk = Desk(each=1, together=1, waiting_each=9, waiting=20)
    for name in ("a1", "a2", "a3", "a4", "b1", "c1", "b2"):
        assert desk.begin(name)
    await desk.pause()
    assert await desk.finish() == ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]


async def test_what_is_too_much_is_refused_at_once_and_never_done() -> None:
    desk = Desk(each=1, together=2, waiting_each=2, waiting=3)
    assert [desk.begin(f"a{number}") for number in range(5)] == [True] * 3 + [False] * 2
    # Somebody else has their own places, as long as there are any at all.
    assert [desk.begin(f"b{number}") for number in range(5)] == [True] * 2 + [False] * 3
    await desk.pause()
    assert await desk.finish() == ["a0", "b0", "a1", "b1", "a2"]
    # The places of what is done are free again, those to wait in as well.
    assert [desk.begin(f"a{number}") for number in range(5)] == [True] * 3 + [False] * 2
    await desk.pause()
    assert await desk.finish() == ["a0", "b0", "a1", "b1", "a2", "a0", "a1", "a2"]


async def test_an_error_is_logged_and_frees_the_place(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk(each=1, together=1, waiting_each=1, waiting=1)

    async def fail() -> None:
        raise ZeroDivisionError

    assert desk.lanes.begin("a", "a division", fail)
    assert desk.begin("a1")
    with caplog.at_level(logging.ERROR):
        await desk.pause()
    assert "a division failed" in caplog.text
    assert desk.going == ["a1"]
    assert await desk.finish() == ["a1"]


async def test_draining_waits_for_what_waited_and_the_end_begins_nothing_more() -> None:
    desk = Desk(each=1, together=1, waiting_each=9, waiting=9)
    for name in ("a1", "a2", "a3"):
        assert desk.begin(name)
    await desk.pause()
    draining = asyncio.create_task(desk.background.drain(30))
    await desk.let_go("a1")
    await desk.let_go("a2")
    assert not draining.done()
    await desk.let_go("a3")
    assert await draining == 0
    for name in ("b1", "b2"):
        assert desk.begin(name)
    await desk.pause()
    assert await desk.background.drain(0.01) == 1
    await desk.pause()
    assert desk.done == ["a1", "a2", "a3"]
    assert await desk.background.drain(0.01) == 0
