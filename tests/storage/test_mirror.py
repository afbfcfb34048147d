"""The mirror: what is due, ripe, pressing and large, at the cost of what is asked for."""

from datetime import date, timedelta
from decimal import Decimal

from coach.keys import kind_of
from coach.models import (
    Contact,
    DealStatus,
    Subject,
    SubjectKind,
    TaskPriority,
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
        kind = kind_of(each)
        async with store.database.read() as tx:
            found = await mirror.load(tx, kind, WORKSPACE, CONNECTION, [each.id, "unknown"])
            assert await mirror.load(tx, kind, WORKSPACE, "other", [each.id]) == {}
        assert found == {each.id: each}
    await keep(store, deal(store, "D-1"))
    async with store.database.read() as tx:
        found = await mirror.load(tx, SubjectKind.DEAL, WORKSPACE, CONNECTION, ["D-1"])
        assert found["D-1"] == deal(store, "D-1")
        assert (await mirror.counts(tx, WORKSPACE))[SubjectKind.DEAL] == 1
