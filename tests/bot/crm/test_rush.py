"""Work gives way to a rush of webhooks, and not for ever."""

import asyncio
import time

from bot.crm.rush import MANY, PATIENCE, WITHIN, Rush


async def seconds_given(rush: Rush) -> float:
    begun = time.monotonic()
    await rush.give_way()
    return time.monotonic() - begun


async def test_work_goes_on_at_once_when_requests_come_one_by_one() -> None:
    now = 0.0
    rush = Rush(lambda: now)
    for _ in range(5 * MANY):
        now += 0.01
        rush.came()
    assert await seconds_given(rush) < WITHIN


async def test_work_waits_for_the_end_of_a_rush_and_no_longer() -> None:
    rush = Rush()
    for _ in range(MANY):
        rush.came()
    assert WITHIN * 0.9 <= await seconds_given(rush) < PATIENCE


async def test_a_rush_that_lasts_holds_work_up_for_a_second_at_most() -> None:
    rush = Rush()

    async def keep_coming() -> None:
        while True:
            for _ in range(MANY):
                rush.came()
            await asyncio.sleep(0.01)

    coming = asyncio.create_task(keep_coming())
    await asyncio.sleep(0)
    given = await seconds_given(rush)
    coming.cancel()
    assert PATIENCE <= given < PATIENCE + 1
