"""What comes twice is done once, and what failed may come again."""

import asyncio

import pytest
from slack_bolt.response import BoltResponse

from bot.slack.socket.once import Once


class Work:
    """Counts how often it was done, and waits until it may end."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.done = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> BoltResponse:
        self.done += 1
        await self.may_end.wait()
        return BoltResponse(status=self.statuses.pop(0), body="answer")


async def test_the_second_of_two_at_once_waits_for_the_first_and_has_its_answer() -> None:
    once, work = Once(), Work(200)
    both = asyncio.gather(once.do("k", work), once.do("k", work))
    await asyncio.sleep(0)
    work.may_end.set()
    first, second = await both
    assert work.done == 1
    assert (first.status, first.body) == (second.status, second.body) == (200, "answer")


async def test_what_was_done_is_acknowledged_and_not_done_again() -> None:
    once, work = Once(), Work(200)
    work.may_end.set()
    await once.do("k", work)
    again = await once.do("k", work)
    assert (work.done, again.status, again.body) == (1, 200, "")


async def test_what_failed_is_done_when_it_comes_again() -> None:
    once, work = Once(), Work(503, 200)
    work.may_end.set()
    assert (await once.do("k", work)).status == 503
    assert (await once.do("k", work)).status == 200
    assert work.done == 2


async def test_what_was_cut_off_leaves_nobody_waiting_and_may_come_again() -> None:
    once, work = Once(), Work(200)
    first = asyncio.create_task(once.do("k", work))
    second = asyncio.create_task(once.do("k", work))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second).status == 503
    work.may_end.set()
    assert (await once.do("k", work)).status == 200


async def test_so_much_is_remembered_and_no_more() -> None:
    once, work = Once(kept=2), Work(*[200] * 9)
    work.may_end.set()
    for key in ("a", "b", "c", "c", "b", "a"):
        await once.do(key, work)
    assert work.done == 4
