"""The loop of every part: at work when the bell rings, never cut off, never ended by an error."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from bot.runtime.loops import keep_working


@asynccontextmanager
async def looping(
    work: Callable[[], Awaitable[object]], idle: float | None, apart: float = 0.0
) -> AsyncIterator[tuple[asyncio.Event, asyncio.Event, asyncio.Task[None]]]:
    bell, stopping = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(keep_working("a part", work, bell, stopping, idle=idle, apart=apart))
    try:
        yield bell, stopping, task
    finally:
        stopping.set()
        bell.set()
        await asyncio.wait_for(task, 20)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.002)


async def test_it_works_at_once_when_the_bell_rings_and_again_while_there_is_more() -> None:
    turns: list[int] = []

    async def work() -> bool:
        turns.append(len(turns))
        return len(turns) in {2, 3}

    async with looping(work, None) as (bell, _, _):
        await until(lambda: len(turns) == 1)
        bell.set()
        await until(lambda: len(turns) == 4)
        await asyncio.sleep(0.05)
        assert len(turns) == 4


async def test_rung_again_and_again_its_turns_begin_apart() -> None:
    loop, apart, begun = asyncio.get_running_loop(), 0.2, list[float]()

    async def work() -> bool:
        begun.append(loop.time())
        return False

    async with looping(work, None, apart) as (bell, _, _):
        for turn in (1, 2, 3):
            await until(lambda turn=turn: len(begun) == turn)  # type: ignore[misc]
            bell.set()
    assert all(later - earlier >= apart for earlier, later in pairwise(begun))


async def test_stopped_between_two_turns_it_begins_no_other() -> None:
    turns: list[int] = []

    async def work() -> bool:
        turns.append(len(turns))
        return False

    async with looping(work, None, apart=0.2) as (bell, stopping, task):
        await until(lambda: len(turns) == 1)
        bell.set()
        # It has heard the bell, and lets its distance pass.
        await asyncio.sleep(0.02)
        stopping.set()
        await asyncio.wait_for(task, 20)
    assert len(turns) == 1


async def test_while_there_is_more_no_turn_waits_for_its_distance() -> None:
    turns: list[int] = []

    async def work() -> bool:
        turns.append(len(turns))
        return len(turns) < 3

    async with looping(work, None, apart=3600.0) as (_, stopping, _):
        await until(lambda: len(turns) == 3)
        stopping.set()


async def test_a_bell_rung_during_work_is_not_lost() -> None:
    turns: list[int] = []

    async with looping(lambda: work(), None) as (bell, _, _):

        async def work() -> bool:
            turns.append(len(turns))
            if len(turns) == 1:
                bell.set()
            return False

        await until(lambda: len(turns) == 2)


async def test_without_a_bell_it_looks_now_and_then() -> None:
    turns: list[int] = []

    async def work() -> None:
        turns.append(1)

    async with looping(work, 0.02):
        await until(lambda: len(turns) >= 3)


async def test_an_error_is_told_and_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    turns: list[int] = []

    async def work() -> bool:
        turns.append(1)
        if len(turns) == 1:
            raise ZeroDivisionError
        return False

    with caplog.at_level(logging.ERROR, "bot.runtime.loops"):
        async with looping(work, None) as (_, _, task):
            await until(lambda: len(turns) == 2)
            assert not task.done()
    assert "a part could not work" in caplog.text


async def test_stopping_waits_for_the_present_turn_and_begins_no_other() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    ended: list[int] = []

    async def work() -> bool:
        begun.set()
        await may_end.wait()
        ended.append(len(ended))
        return True

    async with looping(work, None) as (bell, stopping, task):
        await begun.wait()
        stopping.set()
        bell.set()
        await asyncio.sleep(0.02)
        assert not task.done()
        may_end.set()
        await asyncio.wait_for(task, 20)
        assert len(ended) == 1
