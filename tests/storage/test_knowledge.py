"""What rules ask to be shown: who it is about, and what counts."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from coach.models import DealStatus, TaskPriority, TaskStatus
from storage import lists
from storage.knowledge import large_value, pressing_tasks, tasks_of_deals
from storage.loader import Asked
from tests.storage.conftest import Store
from tests.storage.things import deal, keep, task
from tests.world import WORKSPACE


async def test_large_is_the_top_tenth_of_at_least_ten_open_deals(store: Store) -> None:
    values = ["9", "10", "100", "1000", "20000.5", "8", "7", "6", "5"]
    await keep(store, *(deal(store, f"D-{v}", value=Decimal(v)) for v in values))
    async with store.database.read() as tx:
        assert await large_value.find(tx, Asked(WORKSPACE, [store.ana.id, store.ben.id])) == {}
    await keep(store, deal(store, "D-4", value=Decimal("4")), deal(store, "none"))
    won = deal(store, "won", value=Decimal("10") ** 9, status=DealStatus.WON)
    await keep(store, won)
    async with store.database.read() as tx:
        found = await large_value.find(tx, Asked(WORKSPACE, [store.ana.id, store.ben.id]))
        largest = await lists.deals_of(tx, WORKSPACE, store.ana.id, 3)
    assert found == {store.ana.id: 20000.5}
    # By amount and not by its digits.
    assert [each.id for each in largest] == ["D-20000.5", "D-1000", "D-100"]


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
