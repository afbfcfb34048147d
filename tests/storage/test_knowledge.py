"""What rules ask to be shown: who it is about, and what counts."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event

from coach.calendar import days_between
from coach.keys import subject_key
from coach.knowledge import Dealings
from coach.models import Contact, Deal, DealStatus, TaskPriority, TaskStatus
from storage import lists
from storage.knowledge import (
    contacts_of_deals,
    deals_with,
    large_value,
    pressing_tasks,
    tasks_of_deals,
    usual_win,
)
from storage.loader import Asked
from tests.storage.conftest import Store
from tests.storage.things import deal, keep, task
from tests.world import BEGINNING, CONNECTION, WORKSPACE

SOON, LATER = date(2026, 12, 1), date(2027, 1, 1)
DAY = timedelta(days=1)
EARLIER = BEGINNING - 30 * DAY


async def limits(store: Store) -> Mapping[str, object]:
    """From which value Ana's deals are large, by currency."""
    async with store.database.read() as tx:
        found = await large_value.find(tx, Asked(WORKSPACE, [store.ana.id, store.ben.id]))
    assert found.keys() == {store.ana.id}
    return found[store.ana.id]


async def test_large_is_the_top_tenth_of_the_open_deals_and_of_few_there_is_none(
    store: Store,
) -> None:
    values = ["9", "10", "100", "1000", "20000.5", "8", "7", "6", "5"]
    await keep(store, *(deal(store, f"D-{v}", value=Decimal(v)) for v in values))
    assert await limits(store) == {"": None}
    await keep(store, deal(store, "D-4", value=Decimal("4")), deal(store, "none", value=None))
    won = deal(store, "won", value=Decimal("10") ** 9, status=DealStatus.WON)
    await keep(store, won)
    async with store.database.read() as tx:
        largest = await lists.deals_of(tx, WORKSPACE, store.ana.id, 3)
    assert await limits(store) == {"": 20000.5}
    # By amount and not by its digits.
    assert [each.id for each in largest] == ["D-20000.5", "D-1000", "D-100"]


@pytest.mark.parametrize(
    ("equal", "smaller", "limit"),
    [(45, 29, None), (7, 67, 5482.0), (8, 66, None), (2, 18, 5482.0), (3, 17, None)],
)
async def test_a_tenth_is_a_tenth_at_most_however_many_tie(
    store: Store, equal: int, smaller: int, limit: float | None
) -> None:
    values = [5482] * equal + [550 + n for n in range(smaller)]
    made = (deal(store, f"D-{n}", value=Decimal(value)) for n, value in enumerate(values))
    await keep(store, *made)
    assert await limits(store) == {"": limit}


async def test_those_that_tie_leave_the_larger_ones_in(store: Store) -> None:
    values = [9000, *[5000] * 10, *range(100, 109)]
    made = (deal(store, f"D-{n}", value=Decimal(value)) for n, value in enumerate(values))
    await keep(store, *made)
    assert await limits(store) == {"": 9000.0}


async def test_amounts_of_different_currencies_are_not_compared(store: Store) -> None:
    euros = (deal(store, f"E-{n}", value=Decimal(n), currency="EUR") for n in range(10))
    yens = (deal(store, f"Y-{n}", value=Decimal(10**6), currency="JPY") for n in range(5))
    bare = deal(store, "bare", value=Decimal(5))
    await keep(store, *euros, *yens, bare)
    assert await limits(store) == {"EUR": 9.0, "JPY": None, "": None}


async def test_pressing_tasks_are_high_and_pending_the_earliest_first_undated_last(
    store: Store,
) -> None:
    await keep(
        store,
        task(store, "T-undated", priority=TaskPriority.URGENT),
        task(store, "T-late", priority=TaskPriority.HIGH, due_date=date(2026, 12, 1)),
        task(store, "T-soon", priority=TaskPriority.HIGH, due_date=date(2026, 11, 26)),
        task(store, "T-medium", due_date=date(2026, 11, 1)),
        task(store, "T-done", priority=TaskPriority.HIGH, status=TaskStatus.COMPLETED),
    )
    async with store.database.read() as tx:
        found = await pressing_tasks.find(tx, Asked(WORKSPACE, [store.ana.id, store.ben.id]))
        mine = await lists.tasks_of(tx, WORKSPACE, store.ana.id)
        overdue = await lists.tasks_of(tx, WORKSPACE, store.ana.id, due_before=date(2026, 11, 26))
        by_id = await lists.tasks_by_id(tx, WORKSPACE, ["T-done", "unknown"])
        assert await lists.tasks_by_id(tx, WORKSPACE, []) == []
    assert sorted(each.id for each in found[store.ana.id]) == ["T-late", "T-soon", "T-undated"]
    assert [each.id for each in mine] == ["T-medium", "T-soon", "T-late", "T-undated"]
    assert [each.id for each in overdue] == ["T-medium"]
    assert [each.id for each in by_id] == ["T-done"]


async def test_the_tasks_of_a_deal_are_all_of_them_whoever_has_them(store: Store) -> None:
    await keep(
        store,
        task(store, "T-1", deal_id="D-1"),
        replace(
            task(store, "T-2", deal_id="D-1", status=TaskStatus.COMPLETED),
            person_id=store.ben.id,
        ),
        task(store, "T-3", deal_id="D-1", deleted=True),
        task(store, "T-4", deal_id="D-2"),
        task(store, "T-5"),
    )
    asked = Asked(WORKSPACE, [store.ana.id, store.ben.id], [deal(store, "D-1"), deal(store, "D-9")])
    async with store.database.read() as tx:
        found = await tasks_of_deals.find(tx, asked)
        assert await tasks_of_deals.find(tx, Asked(WORKSPACE, [store.ana.id])) == {}
    assert found.keys() == {store.ana.id, store.ben.id}
    ((key, its),) = found[store.ana.id].items()
    assert key.endswith(":D-1")
    assert {each.id for each in its} == {"T-1", "T-2"}


async def test_the_deals_with_a_lead_are_summed_up_whoever_has_them(store: Store) -> None:
    ann, bo, cy, di = (
        Contact(CONNECTION, id, status="LEAD") for id in ("C-1", "C-2", "C-3", "C-5")
    )
    client = Contact(CONNECTION, "C-4", status="CUSTOMER")
    lost = DealStatus.LOST
    await keep(
        store,
        deal(store, "D-1", contact_id="C-1", value=Decimal(9), expected_close_date=LATER),
        deal(store, "D-2", contact_id="C-1", value=Decimal(100), expected_close_date=SOON),
        deal(store, "D-3", contact_id="C-1", value=Decimal(999), status=lost),
        replace(
            deal(store, "D-4", contact_id="C-2", value=Decimal(7), status=DealStatus.WON),
            person_id=store.ben.id,
        ),
        deal(store, "D-5", contact_id="C-3", status=DealStatus.WON, deleted=True),
        deal(store, "D-6", contact_id="C-4", status=DealStatus.WON),
        deal(store, "D-7", contact_id="C-5", status=lost, closed_at=EARLIER),
        deal(store, "D-8", contact_id="C-5", status=lost, closed_at=EARLIER + 2 * DAY),
        deal(store, "D-9", contact_id="C-5", status=DealStatus.OPEN, deleted=True),
        deal(store, "D-10", contact_id="C-2", status=lost, closed_at=EARLIER),
    )
    people = [store.ana.id, store.ben.id]
    async with store.database.read() as tx:
        found = await deals_with.find(tx, Asked(WORKSPACE, people, [ann, bo, cy, di, client]))
        assert await deals_with.find(tx, Asked(WORKSPACE, people, [client])) == {}
    known = {
        subject_key(ann): Dealings(value=100.0, closes=SOON),
        subject_key(bo): Dealings(won=True),
        subject_key(di): Dealings(lost=True, lost_at=EARLIER + 2 * DAY),
    }
    assert found == dict.fromkeys(people, known)


async def test_what_a_person_has_is_counted_in_truth(store: Store) -> None:
    late = (task(store, f"T-{n}", due_date=SOON) for n in range(5))
    done = task(store, "T-done", due_date=SOON, status=TaskStatus.COMPLETED)
    await keep(store, *late, done, task(store, "T-later", due_date=LATER))
    won = deal(store, "D-won", status=DealStatus.WON)
    await keep(store, *(deal(store, f"D-{n}") for n in range(3)), won)
    async with store.database.read() as tx:
        overdue = await lists.how_many_tasks(tx, WORKSPACE, store.ana.id, due_before=LATER)
        assert overdue == 5
        assert await lists.how_many_tasks(tx, WORKSPACE, store.ana.id) == 6
        assert await lists.how_many_tasks(tx, WORKSPACE, store.ben.id) == 0
        assert await lists.how_many_deals(tx, WORKSPACE, store.ana.id) == 3


async def test_whom_deals_are_with_is_read_at_once_for_all_of_them(store: Store) -> None:
    ann = Contact(CONNECTION, "C-1", "Ann", person_id=store.ben.id)
    gone = Contact(CONNECTION, "C-2", "Gone", deleted=True)
    made = [deal(store, f"D-{n}", contact_id="C-1") for n in range(30)]
    others = [
        deal(store, "D-gone", contact_id="C-2"),
        deal(store, "D-unknown", contact_id="C-9"),
        deal(store, "D-none"),
    ]
    await keep(store, ann, gone, *made, *others)
    statements: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    engine = store.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    async with store.database.read() as tx:
        asked = Asked(WORKSPACE, [store.ana.id], [*made, *others])
        found = await contacts_of_deals.find(tx, asked)
    event.remove(engine, "before_cursor_execute", note)
    assert found[store.ana.id].keys() == {f"deal:{CONNECTION}:D-{n}" for n in range(30)}
    assert {each.name for each in found[store.ana.id].values()} == {"Ann"}
    assert sum("FROM contacts" in statement for statement in statements) == 1


async def usual_win_of(store: Store, *asked: Deal) -> Mapping[str, Mapping[str, float]]:
    async with store.database.read() as tx:
        whom = [store.ana.id, store.ben.id]
        return await usual_win.find(tx, Asked(WORKSPACE, whom, asked))


async def test_amounts_that_were_won_often_count_as_often_as_they_were_won(store: Store) -> None:
    """And each once, however it is written."""

    async def middle_of(*amounts: str) -> float:
        made = [
            deal(store, f"D-{n}", status=DealStatus.WON, value=Decimal(each), currency=None)
            for n, each in enumerate(amounts)
        ]
        await keep(store, *made)
        return (await usual_win_of(store, made[0]))[store.ana.id][""]

    assert await middle_of(*["9"] * 6, *["100"] * 4) == 9.0
    assert await middle_of(*["100"] * 3, "100.0", "100.00", *["9"] * 5) == 9.0
    assert await middle_of(*["100"] * 3, "100.0", "100.00", "1e2", *["9"] * 4) == 100.0


async def test_what_a_person_usually_wins_is_the_middle_of_their_own_won_deals(
    store: Store,
) -> None:
    def won(id: str, value: int | None, currency: str = "EUR", **more: Any) -> Deal:
        amount = None if value is None else Decimal(value)
        given = {"status": DealStatus.WON, "value": amount, "currency": currency, **more}
        return deal(store, id, **given)

    nine = [won(f"D-{n}", 100 * n) for n in range(1, 10)]
    await keep(store, *nine, won("nothing", None), won("gone", 1, deleted=True))
    await keep(store, won("other", 7, "USD"), deal(store, "open", value=Decimal(1), currency="EUR"))
    await keep(store, replace(won("Ben's", 1), person_id=store.ben.id))
    # Nine are too few to tell.
    assert await usual_win_of(store, nine[0]) == {}
    await keep(store, won("D-10", 1_000_000))
    assert await usual_win_of(store, nine[0]) == {store.ana.id: {"EUR": 500.0}}
    await keep(store, won("D-11", 1_000_001))
    assert await usual_win_of(store, nine[0]) == {store.ana.id: {"EUR": 600.0}}
    # It is asked for where one was won.
    assert await usual_win_of(store, replace(nine[0], status=DealStatus.OPEN)) == {}


async def test_a_deal_is_listed_as_old_from_the_day_on_that_its_person_calls_it_so(
    store: Store,
) -> None:
    # Half past eleven at night where Ana is.
    late = datetime(2026, 9, 1, 21, 30, tzinfo=UTC)
    person = replace(store.ana, time_zone="Europe/Madrid")
    await keep(store, *(deal(store, f"D-{n}", created_at=late + n * DAY) for n in range(3)))
    # Forty days and nine hours after the second was created: 41 of her days.
    morning = datetime(2026, 10, 13, 7, tzinfo=UTC)
    async with store.database.read() as tx:
        found = await lists.old_deals_of(tx, person, 40, morning)
        assert [each.id for each in found] == ["D-0", "D-1"]
        assert await lists.how_many_old_deals(tx, person, 40, morning) == 2
    assert days_between(late + DAY, morning, person) == 41
