"""What it costs to follow the CRM goes by what is concerned, and not by how much there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from bot.coaching import following
from bot.runtime.parts import Parts
from coach.models import InsightState
from tests.bot.coaching.test_following import reopened
from tests.bot.coaching.test_ticking import lead, open_deal
from tests.world import ANA, WORKSPACE, batch, deliver, enrol, insights_of, store, told, won


@contextmanager
def asked(parts: Parts) -> Iterator[list[str]]:
    """Every statement made in the block."""
    seen: list[str] = []

    def note(_: Any, __: Any, sql: str, *___: Any) -> None:
        seen.append(sql)

    engine = parts.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_an_event_that_concerns_nothing_said_asks_once(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, won("D-1"))
    await store(parts, batch(*({**open_deal(f"D-{n}"), "id": f"x{n}"} for n in range(9, 29))))
    with asked(parts) as seen:
        await deliver(parts)
    about = [sql for sql in seen if "insight_subjects" in sql]
    assert len(about) == 1


async def test_what_it_costs_follows_how_many_kinds_are_concerned_and_not_how_many_things(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, *(won(f"D-{n}") for n in range(12)))
    counts = []
    for deals in (range(1), range(1, 12)):
        events = [{**reopened(f"D-{n}"), "id": f"again-{n}"} for n in deals]
        await store(parts, batch(*events))
        with asked(parts) as seen:
            assert (await deliver(parts)).followed == len(deals)
        counts.append(len(seen))
    one, eleven = counts
    assert eleven <= one + 2, counts
    assert {each.state for each in await insights_of(parts, ana)} == {InsightState.RESOLVED}


async def test_lists_ask_as_often_however_much_there_is(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    counts = []
    for number in range(7):
        await deliver(parts, won(f"D-{number}"))
        if number in {0, 6}:
            with asked(parts) as seen:
                assert len(await following.pending(parts, WORKSPACE, ana.id)) == number + 1
            counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_of_a_deal_that_comes_closed_nothing_is_found_out_that_only_open_ones_need(
    parts: Parts,
) -> None:
    await enrol(parts, ANA)
    with asked(parts) as seen:
        await deliver(parts, won("D-1"))
    places = (
        "FROM tasks",
        "FROM usual",
        "max(activities.occurred_at)",
        "GROUP BY deals.contact_id",
    )
    found = [sql for sql in seen for place in places if place in sql]
    assert found == []
    with asked(parts) as seen:
        await deliver(parts, open_deal("D-2"))
    assert [place for place in places if not any(place in sql for sql in seen)] == [places[-1]]


async def test_a_deal_that_was_not_won_asks_nothing_of_its_contact(parts: Parts) -> None:
    await enrol(parts, ANA)
    await deliver(parts, lead("C-1", "Ann"), open_deal("D-1"))
    renamed = {"id": "D-1", "title": "Renamed", "contact_id": "C-1"}
    with asked(parts) as seen:
        await deliver(parts, told("deal_updated", deal=renamed))
    assert [sql for sql in seen if "GROUP BY deals.contact_id" in sql] == []
    with asked(parts) as seen:
        deal = {"id": "D-1", "status": "won"}
        await deliver(parts, told("deal_closed", deal=deal))
    assert len([sql for sql in seen if "GROUP BY deals.contact_id" in sql]) == 1
