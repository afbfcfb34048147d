"""The mirror: what is due, ripe, pressing and large, at the cost of what is asked for."""

from datetime import date, timedelta
from decimal import Decimal

from coach.models import (
    Contact,
    Deal,
    DealStatus,
    Subject,
    SubjectKind,
    TaskPriority,
    TaskStatus,
)
from storage import mirror
from tests.storage.conftest import Store
from tests.storage.things import deal, keep, task
from tests.world import BEGINNING, CONNECTION, WORKSPACE

DAY = timedelta(days=1)


async def test_things_come_back_as_they_were_kept_and_are_replaced_whole(store: Store) -> None:
    told = {"title": BEGINNING - DAY, "value": BEGINNING}
    kept: list[Subject] = [
        deal(
            store,
            "D-1",
            title="Ünïcode \U0001f600",
            stage="Proposal",
            status=DealStatus.WON,
            value=Decimal("12.30"),
            currency="EUR",
            created_at=BEGINNING,
            stage_entered_at=BEGINNING,
            account="Acme",
            product="GTX",
            pipeline="Renewals",
            expected_close_date=date(2026, 12, 24),
            probability=Decimal("0.35"),
            lost_reason="Price",
            other={"Region": "Süd"},
            told=told,
        ),
        Contact(
            CONNECTION,
            "C-1",
            "Ann",
            status="LEAD",
            silent_since=BEGINNING,
            company="Acme",
            other={"Role": "CTO"},
            told=told,
        ),
        task(store, "T-1", due_date=date(2026, 11, 25), priority=TaskPriority.URGENT, told=told),
    ]
    await keep(store, *kept)
    for each in kept:
        kind = mirror.kind_of(each)
        async with store.database.read() as tx:
            found = await mirror.load(tx, kind, WORKSPACE, CONNECTION, [each.id, "unknown"])
            assert await mirror.load(tx, kind, WORKSPACE, "other", [each.id]) == {}
        assert found == {each.id: each}
    await keep(store, deal(store, "D-1"))
    async with store.database.read() as tx:
        found = await mirror.load(tx, SubjectKind.DEAL, WORKSPACE, CONNECTION, ["D-1"])
        assert found["D-1"] == deal(store, "D-1")
        assert (await mirror.counts(tx, WORKSPACE))[SubjectKind.DEAL] == 1


async def test_only_what_is_due_is_found_the_longest_due_first(store: Store) -> None:
    async with store.database.write() as tx:
        checks = [(deal(store, f"D-{n}"), BEGINNING + n * DAY if n < 5 else None) for n in range(9)]
        await mirror.save(tx, WORKSPACE, checks)
        due = await mirror.due(tx, SubjectKind.DEAL, BEGINNING + 2 * DAY, 10)
        assert [id for _, id, _ in due[WORKSPACE]] == ["D-0", "D-1", "D-2"]
        few = await mirror.due(tx, SubjectKind.DEAL, BEGINNING + 9 * DAY, 2)
        assert [id for _, id, _ in few[WORKSPACE]] == ["D-0", "D-1"]
        later = {(CONNECTION, "D-0"): BEGINNING + 7 * DAY, (CONNECTION, "D-1"): None}
        await mirror.set_checks(tx, SubjectKind.DEAL, WORKSPACE, later)
        due = await mirror.due(tx, SubjectKind.DEAL, BEGINNING + 2 * DAY, 10)
        assert [id for _, id, _ in due[WORKSPACE]] == ["D-2"]


async def test_a_persons_live_things_are_looked_at_when_their_settings_change(
    store: Store,
) -> None:
    await keep(
        store,
        deal(store, "open"),
        deal(store, "won", status=DealStatus.WON),
        deal(store, "gone", deleted=True),
        Deal(CONNECTION, "bens", person_id=store.ben.id),
        Deal(CONNECTION, "nobodys"),
        task(store, "T-1"),
        task(store, "T-done", status=TaskStatus.COMPLETED),
        Contact(CONNECTION, "C-1", status="prospect", person_id=store.ana.id),
        Contact(CONNECTION, "C-2", status="CUSTOMER", person_id=store.ana.id),
    )

    async def due() -> set[str]:
        async with store.database.read() as tx:
            return {
                id
                for kind in SubjectKind
                for _, id, _ in (await mirror.due(tx, kind, BEGINNING, 99)).get(WORKSPACE, [])
            }

    async with store.database.write() as tx:
        await mirror.check_person_now(tx, WORKSPACE, store.ana.id, BEGINNING)
    assert await due() == {"open", "T-1", "C-1"}
    async with store.database.write() as tx:
        await mirror.check_everything_now(tx, WORKSPACE, BEGINNING)
    assert await due() == {"open", "T-1", "C-1", "bens"}


async def test_what_is_ripe_is_found_for_each_person_by_their_own_limit(store: Store) -> None:
    deals = [deal(store, f"D-{n}", stage_entered_at=BEGINNING - n * DAY) for n in range(5)]
    bens = Deal(CONNECTION, "bens", person_id=store.ben.id, stage_entered_at=BEGINNING - DAY)
    closed = deal(store, "lost", stage_entered_at=BEGINNING - 9 * DAY, status=DealStatus.LOST)
    await keep(store, *deals, bens, closed)
    cutoffs = {store.ana.id: BEGINNING - 3 * DAY, store.ben.id: BEGINNING}
    async with store.database.read() as tx:
        found = await mirror.ripe(tx, SubjectKind.DEAL, WORKSPACE, "stage_entered_at", cutoffs)
    assert {who: sorted(each.id for each in ripe) for who, ripe in found.items()} == {
        store.ana.id: ["D-3", "D-4"],
        store.ben.id: ["bens"],
    }
