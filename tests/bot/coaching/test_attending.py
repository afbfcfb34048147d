"""Whose turn it is is decided person by person: shared between processes, and past who fails."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from bot.app import prepare
from bot.coaching import attending
from bot.runtime.parts import Parts
from coach.models import InsightState
from storage import deciding, people
from storage.tables import people as people_table
from tests.world import (
    ANA,
    BEN,
    WORKSPACE,
    FixedClock,
    deliver,
    enrol,
    insights_of,
    make_test_parts,
    standings,
    won,
)

MINUTE = timedelta(minutes=1)


async def again(parts: Parts, person_id: str) -> object:
    """When a person is decided about again."""
    query = select(people_table.c.decide_at).where(people_table.c.id == person_id)
    async with parts.database.read() as tx:
        return (await tx.execute(query)).scalar_one()


async def test_a_card_is_due_as_soon_as_its_insight_is_recorded(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"), won("D-2"))
    assert await standings(parts, ana) == ["due", "pace"]
    # Not before another day begins where she is: of what stands in Slack days are told.
    assert await again(parts, ana.id) == datetime(2026, 11, 25, 23, tzinfo=UTC)
    assert parts.wake.sender.is_set()


async def test_one_who_cannot_be_decided_about_is_kept_for_later_and_stops_no_other(
    parts: Parts,
) -> None:
    ana, ben = await enrol(parts, ANA, enabled=False), await enrol(parts, BEN, enabled=False)
    await deliver(parts, won("D-1"), won("D-2", owner=BEN))
    now = parts.clock.now()
    async with parts.database.write() as tx:
        for person in (ana, ben):
            await people.change(tx, WORKSPACE, person.id, enabled=True)
        # A level that no version knows.
        await people.change(tx, WORKSPACE, ana.id, level=9)
        await deciding.reconsider(tx, WORKSPACE, [ana.id, ben.id], now)
    await attending.turn(parts)
    assert await again(parts, ana.id) == now + attending.AFTER_FAULT
    assert await again(parts, ben.id) is None
    assert not await attending.turn(parts)


async def test_what_has_expired_is_ended_by_the_decision_about_it(parts: Parts) -> None:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    ana = await enrol(parts, ANA)
    await deliver(parts, won())
    clock.advance(timedelta(days=3))
    async with parts.database.write() as tx:
        await deciding.reconsider(tx, WORKSPACE, [ana.id], clock.now())
    await attending.turn(parts)
    (insight,) = await insights_of(parts, ana)
    assert insight.state is InsightState.EXPIRED


async def test_two_processes_never_decide_about_one_person_at_once(postgresql_url: str) -> None:
    one, other = make_test_parts(postgresql_url), make_test_parts(postgresql_url)
    try:
        await prepare(one, WORKSPACE)
        ana, ben = await enrol(one, ANA), await enrol(one, BEN)
        now = one.clock.now()
        async with one.database.write() as tx:
            await deciding.reconsider(tx, WORKSPACE, [ana.id], now - MINUTE)
            await deciding.reconsider(tx, WORKSPACE, [ben.id], now)
        async with one.database.write() as first, other.database.write() as second:
            await second.exec_driver_sql("SET lock_timeout = '2s'")
            assert await deciding.to_decide(first, now, 1) == {WORKSPACE: [ana.id]}
            assert await deciding.to_decide(second, now, 9) == {WORKSPACE: [ben.id]}
            assert await deciding.to_decide(second, now, 9) == {WORKSPACE: [ben.id]}
    finally:
        await one.database.close()
        await other.database.close()
