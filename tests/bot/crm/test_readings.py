"""A small body is read once on its way through a process, and again where nobody knows it."""

from dataclasses import replace
from datetime import datetime

from bot.crm import worker
from bot.crm.parts import CrmParts
from bot.crm.provider import Reading, load_providers
from bot.crm.readings import MOST, SMALL, Readings
from bot.runtime.parts import Parts
from tests.bot.crm.test_intake import Gate
from tests.world import ANA, crm_of, enrol, insights_of, won


class Counted:
    """The intake and the worker of one process, and how often a body was read there."""

    def __init__(self, parts: Parts) -> None:
        self.reads = 0
        native = load_providers()["native"]

        def parse(body: bytes, message_id: str | None, received_at: datetime) -> Reading:
            self.reads += 1
            return native.parse(body, message_id, received_at)

        self.gate = Gate(parts, providers={"native": replace(native, parse=parse)})

    @property
    def crm(self) -> CrmParts:
        return self.gate.crm


async def test_a_body_that_came_in_here_is_not_read_again(sqlite_parts: Parts) -> None:
    ana = await enrol(sqlite_parts, ANA)
    here = Counted(sqlite_parts)
    for number in range(3):
        assert (await here.gate.post(won(f"D-{number}"), id=f"m{number}")).status == 202
    done = await worker.work_off(here.crm)
    assert (done.insights, here.reads) == (3, 3)
    assert len(await insights_of(sqlite_parts, ana)) == 3


async def test_a_body_that_came_in_elsewhere_is_read_from_what_is_stored(
    sqlite_parts: Parts,
) -> None:
    ana = await enrol(sqlite_parts, ANA)
    elsewhere = Counted(sqlite_parts)
    await elsewhere.gate.post(won("D-1"))
    assert (await worker.work_off(crm_of(sqlite_parts))).insights == 1
    assert len(await insights_of(sqlite_parts, ana)) == 1


async def test_a_repeat_that_is_not_stored_is_not_kept_either(sqlite_parts: Parts) -> None:
    here = Counted(sqlite_parts)
    for _ in range(3):
        await here.gate.post(won("D-1"))
    await worker.work_off(here.crm)
    assert here.crm.readings.size == 0


def test_what_is_kept_is_bounded_in_number_and_size() -> None:
    kept, reading = Readings(), Reading(())
    kept.keep("large", SMALL + 1, reading)
    assert kept.take("large") is None
    for number in range(MOST * 3):
        kept.keep(str(number), SMALL, reading)
        assert kept.size <= MOST
    last = str(MOST * 3 - 1)
    assert kept.take(last) is reading
    assert kept.take(last) is None
