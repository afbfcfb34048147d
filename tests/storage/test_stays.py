"""How long deals stayed in each stage is counted by the database as the domain understands it."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from coach.knowledge import Place, Usual
from coach.mirror import Visit, with_stage
from coach.models import Deal, DealStatus
from coach.usual import Stays
from storage import mirror, stays, usual, visits
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WORKSPACE

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = BEGINNING + 100 * DAY

WON, LOST, OPEN = DealStatus.WON, DealStatus.LOST, DealStatus.OPEN

Way = Sequence[tuple[float, str] | tuple[float, str, bool]]


async def went(
    store: Store,
    way: Way,
    status: DealStatus = OPEN,
    closed: float | None = None,
    *,
    id: str = "D-1",
    **more: object,
) -> None:
    """A deal that came to stages after so many days each, and was closed after so many."""
    visited: list[Visit] = []
    for after, stage, *came in way:
        at = BEGINNING + after * DAY
        visited = with_stage(visited, stage, at, came=came[0] if came else True)
    closed_at = None if closed is None else BEGINNING + closed * DAY
    deal = Deal(
        CONNECTION, id, stage=visited[-1].stage if visited else None, status=status,
        closed_at=closed_at, person_id=store.ana.id, **more,  # type: ignore[arg-type]
    )  # fmt: skip
    async with store.database.write() as tx:
        await mirror.save(tx, WORKSPACE, [deal])
        await visits.save(tx, WORKSPACE, CONNECTION, {id: ([], visited)})


async def found(store: Store, now: datetime = NOW) -> dict[str, list[Stays]]:
    """What is counted, by stage; each in order of days."""
    async with store.database.read() as tx:
        counted = await stays.counted(tx, WORKSPACE, now)
    return {place.stage: sorted(its, key=lambda each: each.days) for place, its in counted.items()}


async def test_a_deal_that_was_won_tells_of_every_stage_but_the_last(store: Store) -> None:
    await went(store, [(0, "Qualified"), (10, "Proposal"), (40, "Won")], WON, 40)
    assert await found(store) == {
        "Qualified": [Stays(10, won=1)],
        "Proposal": [Stays(30, won=1)],
    }


async def test_one_that_was_closed_where_it_was_left_its_stage_by_that(store: Store) -> None:
    await went(store, [(0, "Qualified"), (10, "Proposal")], LOST, 25)
    assert await found(store) == {
        "Qualified": [Stays(10, lost=1)],
        "Proposal": [Stays(15, lost=1)],
    }


async def test_an_open_one_counts_for_as_long_as_it_has_stayed(store: Store) -> None:
    await went(store, [(0, "Qualified"), (10, "Proposal")])
    assert await found(store) == {
        "Qualified": [Stays(10, open=1)],
        "Proposal": [Stays(90, open=1)],
    }


async def test_a_stage_that_was_told_again_is_one_stay(store: Store) -> None:
    await went(store, [(0, "Proposal"), (3, "Proposal"), (9, "Proposal"), (30, "Won")], WON, 30)
    assert await found(store) == {"Proposal": [Stays(30, won=1)]}


async def test_of_several_stays_in_a_stage_the_longest_counts_and_the_deal_once(
    store: Store,
) -> None:
    way = [(0, "Demo"), (4, "Proposal"), (5, "Demo"), (25, "Proposal"), (30, "Won")]
    await went(store, way, WON, 30)
    assert await found(store) == {"Demo": [Stays(20, won=1)], "Proposal": [Stays(5, won=1)]}


async def test_where_nobody_knows_since_when_there_is_no_stay(store: Store) -> None:
    await went(store, [(0, "Demo", False), (10, "Proposal"), (20, "Won")], WON, 20)
    assert await found(store) == {"Proposal": [Stays(10, won=1)]}


async def test_nor_where_it_was_found_elsewhere_and_nobody_knows_since_when(store: Store) -> None:
    await went(store, [(0, "Demo"), (10, "Proposal", False), (20, "Won")], WON, 20)
    assert await found(store) == {}


async def test_one_that_came_to_where_it_had_been_found_has_stayed_since(store: Store) -> None:
    await went(store, [(0, "Demo", False), (10, "Demo"), (20, "Won")], WON, 20)
    assert await found(store) == {"Demo": [Stays(10, won=1)]}


@pytest.mark.parametrize("closed", [-5, 0])
async def test_one_that_was_closed_before_it_came_tells_nothing(
    store: Store, closed: float
) -> None:
    await went(store, [(0, "Demo"), (10, "Proposal")], WON, closed)
    assert await found(store) == {}


async def test_one_that_was_won_nobody_knows_when_tells_of_what_it_left(store: Store) -> None:
    await went(store, [(0, "Demo"), (10, "Won")], WON)
    assert await found(store) == {"Demo": [Stays(10, won=1)]}


async def test_what_is_to_come_tells_nothing_yet(store: Store) -> None:
    await went(store, [(0, "Demo"), (200, "Proposal")])
    assert await found(store, BEGINNING + 20 * DAY) == {"Demo": [Stays(20, open=1)]}


async def test_a_deleted_deal_counts_no_more(store: Store) -> None:
    await went(store, [(0, "Demo"), (10, "Won")], WON, 10, deleted=True)
    assert await found(store) == {}


async def test_days_are_whole_and_an_hour_by_the_clocks_is_none(store: Store) -> None:
    for hours, days in ((0.5, 0), (1, 0), (2, 1), (24, 1), (25, 1), (26, 2), (49, 2)):
        await went(store, [(0, f"{hours}"), (hours / 24, "Won")], WON, hours / 24, id=f"{hours}")
        assert (await found(store))[f"{hours}"] == [Stays(days, won=1)], hours


async def test_stages_of_the_same_name_are_told_apart_by_their_pipeline(store: Store) -> None:
    await went(store, [(0, "Demo"), (10, "Won")], WON, 10, id="D-1")
    await went(store, [(0, "Demo"), (30, "Won")], WON, 30, id="D-2", pipeline="Renewals")
    async with store.database.read() as tx:
        assert await stays.counted(tx, WORKSPACE, NOW) == {
            Place(CONNECTION, "", "Demo"): [Stays(10, won=1)],
            Place(CONNECTION, "Renewals", "Demo"): [Stays(30, won=1)],
        }
        assert await stays.counted(tx, "another", NOW) == {}


async def test_many_deals_are_counted_together(store: Store) -> None:
    chance = random.Random(3)
    expected: dict[tuple[int, DealStatus], int] = {}
    for number in range(60):
        days, status = chance.randrange(1, 9), chance.choice((WON, LOST))
        await went(store, [(0, "Demo"), (days, "End")], status, days, id=f"D-{number}")
        expected[days, status] = expected.get((days, status), 0) + 1
    assert {
        (each.days, status): count
        for each in (await found(store))["Demo"]
        for status, count in ((WON, each.won), (LOST, each.lost))
        if count
    } == expected


async def test_what_was_learned_is_kept_and_takes_the_place_of_what_was_known(
    store: Store,
) -> None:
    demo, proposal = Place(CONNECTION, "", "Demo"), Place(CONNECTION, "P", "Proposal")
    async with store.database.write() as tx:
        await usual.keep_stays(tx, WORKSPACE, {demo: Usual(5, 20), proposal: Usual(9, 31)}, NOW)
        assert await usual.stays(tx, WORKSPACE) == {demo: Usual(5, 20), proposal: Usual(9, 31)}
        await usual.keep_stays(tx, WORKSPACE, {demo: Usual(6, 24)}, NOW)
        assert await usual.stays(tx, WORKSPACE) == {demo: Usual(6, 24)}
        assert await usual.stays(tx, "another") == {}


async def test_a_team_is_claimed_by_one(store: Store) -> None:
    async with store.database.write() as tx:
        await usual.done(tx, WORKSPACE, NOW)
    async with store.database.write() as tx:
        assert await usual.next_due(tx, NOW - HOUR) is None
        assert await usual.next_due(tx, NOW) == WORKSPACE
        assert await usual.claim(tx, WORKSPACE, NOW, NOW + HOUR)
        assert not await usual.claim(tx, WORKSPACE, NOW, NOW + HOUR)
        assert await usual.next_due(tx, NOW) is None
        # Whoever has claimed it may have died.
        assert await usual.claim(tx, WORKSPACE, NOW + HOUR, NOW + 2 * HOUR)
