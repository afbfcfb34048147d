"""Work gives way to a rush of webhooks, and not for ever."""

from collections.abc import Callable

import pytest

from bot.crm import worker
from bot.crm.intake import Intake
from bot.crm.rush import MANY, PATIENCE, WITHIN, Rush
from bot.runtime.parts import Parts
from tests.bot.crm.test_intake import Gate
from tests.world import crm_of, won


class Waiting:
    """A timer that only resting moves, and what happens meanwhile."""

    def __init__(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        self.now = 0.0
        self.meanwhile = meanwhile

    async def rest(self, seconds: float) -> None:
        self.now += seconds
        self.meanwhile()


def noticed(waiting: Waiting) -> Rush:
    """A rush that is on."""
    rush = Rush(lambda: waiting.now, waiting.rest)
    for _ in range(MANY):
        rush.came()
    return rush


async def test_work_goes_on_at_once_when_requests_come_one_by_one() -> None:
    waiting = Waiting()
    rush = Rush(lambda: waiting.now, waiting.rest)
    for _ in range(5 * MANY):
        waiting.now += 0.01
        rush.came()
    begun = waiting.now
    await rush.give_way()
    assert waiting.now == begun


async def test_work_waits_for_the_end_of_a_rush_and_no_longer() -> None:
    waiting = Waiting()
    await noticed(waiting).give_way()
    assert waiting.now == pytest.approx(2 * WITHIN)


async def test_a_rush_that_lasts_holds_work_up_for_a_second_at_most() -> None:
    waiting = Waiting()
    rush = noticed(waiting)

    def keep_coming() -> None:
        for _ in range(MANY):
            rush.came()

    waiting.meanwhile = keep_coming
    await rush.give_way()
    assert waiting.now == pytest.approx(PATIENCE, abs=WITHIN)


async def test_webhooks_that_come_in_a_rush_go_before_the_work_on_them(sqlite_parts: Parts) -> None:
    waiting = Waiting()
    gate = Gate(sqlite_parts)
    crm = crm_of(sqlite_parts, rush=Rush(lambda: waiting.now, waiting.rest))
    gate.intake = Intake(crm)
    gate.web.routes[:] = gate.intake.routes()
    for number in range(MANY - 1):
        assert (await gate.post(won(f"D-{number}"), id=f"m{number}")).status == 202
    await worker.work_turn(crm)
    assert waiting.now == 0
    assert (await gate.post(won("D-99"), id="m99")).status == 202
    await worker.work_turn(crm)
    assert waiting.now > 0
    assert {state for state, _, _ in await gate.stored()} == {"done"}
