"""A team's past is read in bare numbers, the same on both kinds of database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from coach.columns import micros
from coach.mirror import Visit
from coach.models import DealStatus, TaskStatus, Verb
from coach.rows_to_columns import Page
from storage import past, visits
from storage.database import add
from storage.tables import contacts_made
from tests.storage.conftest import Store
from tests.storage.things import deal, keep, task
from tests.world import CONNECTION, WORKSPACE

BEGAN = datetime(2026, 9, 1, 8, 30, 0, 7, tzinfo=UTC)
DAY = timedelta(days=1)


async def reached(store: Store, contact_id: str, *when: tuple[datetime, Verb]) -> None:
    rows = [
        {
            "workspace_id": WORKSPACE,
            "connection_id": CONNECTION,
            "contact_id": contact_id,
            "at": at,
            "verb": verb.value,
            "person_id": store.ana.id,
        }
        for at, verb in when
    ]
    async with store.database.write() as tx:
        await add(tx, contacts_made, rows)


async def read(store: Store, workspace_id: str = WORKSPACE) -> Page:
    """All pages in one."""
    whole = Page([], [], [])
    async with store.database.read() as tx:
        async for page in past.pages(tx, workspace_id):
            whole = Page(
                [*whole.deals, *map(tuple, page.deals)],
                [*whole.stays, *map(tuple, page.stays)],
                [*whole.tasks, *map(tuple, page.tasks)],
            )
    return whole


async def test_a_deal_is_a_row_of_what_patterns_need(store: Store) -> None:
    await keep(
        store,
        deal(
            store,
            "D-1",
            status=DealStatus.WON,
            created_at=BEGAN,
            closed_at=BEGAN + 20 * DAY,
            value=Decimal("1200.50"),
            currency="EUR",
            source="Referral",
            product="Gate",
            contact_id="C-1",
            other={"Industry": "Steel", "Colour": "red"},
        ),
        task(store, "T-0", deal_id="D-1", created_at=BEGAN - DAY),
        task(store, "T-1", deal_id="D-1", created_at=BEGAN + 2 * DAY),
        task(store, "T-2", deal_id="D-1", created_at=BEGAN + DAY),
        task(store, "T-3", deal_id="D-1", created_at=BEGAN, deleted=True),
    )
    await reached(
        store,
        "C-1",
        (BEGAN - DAY, Verb.CALL_LOGGED),
        (BEGAN + DAY, Verb.NOTE_LOGGED),
        (BEGAN + 3 * DAY, Verb.EMAIL_LOGGED),
        (BEGAN + 4 * DAY, Verb.CALL_LOGGED),
    )
    rows = await read(store)
    assert list(rows.deals) == [
        (
            "D-1",
            micros(BEGAN),
            micros(BEGAN + 20 * DAY),
            "won",
            store.ana.id,
            1200.5,
            micros(BEGAN + 3 * DAY),
            micros(BEGAN + DAY),
            True,
            "EUR",
            "Referral",
            "Gate",
            "Steel",
        )
    ]


async def test_what_is_deleted_or_of_another_workspace_is_not_read(store: Store) -> None:
    await keep(store, deal(store, "D-1", deleted=True), task(store, "T-1", deleted=True))
    rows = await read(store)
    assert (list(rows.deals), list(rows.tasks)) == ([], [])
    await keep(store, deal(store, "D-2"))
    assert (await read(store, "another")).deals == []


async def test_without_a_field_of_its_sector_a_deal_has_none(store: Store) -> None:
    await keep(store, deal(store, "D-1", other={"Colour": "red"}), deal(store, "D-2"))
    assert {row[12] for row in (await read(store)).deals} == {None}


async def test_stays_come_with_their_deals_when_they_began_and_ended_surely(store: Store) -> None:
    await keep(store, deal(store, "D-1"), deal(store, "D-2"))
    stays = [
        Visit("New", BEGAN, BEGAN + DAY, False),
        Visit("Offer", BEGAN + DAY, BEGAN + 3 * DAY, True),
        Visit("Talks", BEGAN + 3 * DAY, BEGAN + 4 * DAY, True),
        Visit("Won", BEGAN + 4 * DAY, None, True),
    ]
    async with store.database.write() as tx:
        await visits.save(tx, WORKSPACE, CONNECTION, {"D-1": ([], stays)})
    assert (await read(store)).stays == [
        ("D-1", "Offer", micros(BEGAN + DAY), micros(BEGAN + 3 * DAY)),
        ("D-1", "Talks", micros(BEGAN + 3 * DAY), micros(BEGAN + 4 * DAY)),
    ]


async def test_every_page_is_read_and_none_twice(store: Store) -> None:
    many = [deal(store, f"D-{number}") for number in range(25)]
    other = [replace(deal(store, "D-1"), connection_id="another")]
    await keep(store, *many, *other, *(task(store, f"T-{number}") for number in range(12)))
    async with store.database.write() as tx:
        stay = [Visit("New", BEGAN, BEGAN + DAY, True)]
        await visits.save(tx, WORKSPACE, CONNECTION, {each.id: ([], stay) for each in many})
    async with store.database.read() as tx:
        pages = [page async for page in past.pages(tx, WORKSPACE, size=10)]
    assert [len(page.deals) for page in pages if page.deals] in ([10, 10, 5, 1], [1, 10, 10, 5])
    for page in pages:
        # A deal's stays come with it, unless it has none.
        assert {row[0] for row in page.stays} in ({row[0] for row in page.deals}, set())
    assert sum(len(page.stays) for page in pages) == 25
    assert [len(page.tasks) for page in pages if page.tasks] == [10, 2]


async def test_tasks_are_those_of_somebody(store: Store) -> None:
    done = task(
        store, "T-1", status=TaskStatus.COMPLETED, created_at=BEGAN, completed_at=BEGAN + DAY
    )
    nobodys = replace(task(store, "T-2"), person_id=None)
    await keep(store, done, nobodys, task(store, "T-3", created_at=BEGAN))
    assert sorted((await read(store)).tasks, key=str) == [
        (micros(BEGAN), micros(BEGAN + DAY), store.ana.id),
        (micros(BEGAN), None, store.ana.id),
    ]
