"""The money at stake in an insight is that of the deals it is about."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from coach.importance import Worth
from coach.keys import FINISHED
from coach.models import About, Contact, DealStatus, SubjectKind
from storage import insights, worth
from tests.storage.conftest import Store
from tests.storage.test_insights import new
from tests.storage.things import deal, keep, task
from tests.world import CONNECTION, WORKSPACE

D, T, C = SubjectKind.DEAL, SubjectKind.TASK, SubjectKind.CONTACT


def euros(amount: int, **more: Any) -> dict[str, Any]:
    return {"value": Decimal(amount), "currency": "EUR", **more}


async def of(
    store: Store, *about: tuple[SubjectKind, str] | tuple[SubjectKind, str, str]
) -> Worth | None:
    things = tuple(About(kind, CONNECTION, *its) for kind, *its in about)
    made = new(store, occasion=str(things))
    made = replace(made, draft=replace(made.draft, about=things))
    async with store.database.write() as tx:
        ((print_, _),) = await insights.add(tx, WORKSPACE, [made], store.parts.clock.now())
        assert await worth.of(tx, "elsewhere", [print_]) == {}
        return (await worth.of(tx, WORKSPACE, [print_])).get(print_)


async def test_it_is_the_deals_or_that_of_the_task_or_the_open_ones_with_the_lead(
    store: Store,
) -> None:
    await keep(
        store,
        deal(store, "D-1", contact_id="C-1", **euros(4_200)),
        deal(store, "D-2", contact_id="C-1", **euros(28_500)),
        deal(store, "D-3", contact_id="C-1", status=DealStatus.WON, **euros(700)),
        deal(store, "D-4", contact_id="C-1", deleted=True, **euros(90_000)),
        deal(store, "D-5", value=Decimal(7), currency="USD"),
        deal(store, "D-6"),
        Contact(CONNECTION, "C-1", "Ann"),
        task(store, "T-1", deal_id="D-2"),
        task(store, "T-2", deal_id="D-2"),
        task(store, "T-3"),
    )
    assert await of(store, (D, "D-1")) == Worth("EUR", 4_200)
    # Whom it is with has other deals too: they are not what it is about.
    assert await of(store, (D, "D-1"), (C, "C-1")) == Worth("EUR", 4_200)
    assert await of(store, (D, "D-3")) == Worth("EUR", 700)
    assert await of(store, (T, "T-1"), (T, "T-2"), (T, "T-3")) == Worth("EUR", 28_500)
    assert await of(store, (C, "C-1")) == Worth("EUR", 32_700)
    assert await of(store, (D, "D-4")) is None
    assert await of(store, (D, "D-6")) is None
    assert await of(store, (T, "T-3")) is None
    # There is no one number for it.
    assert await of(store, (D, "D-1"), (D, "D-5")) is None


async def test_what_an_insight_says_was_done_is_not_at_stake_in_it(store: Store) -> None:
    await keep(
        store,
        deal(store, "D-1", **euros(4_200)),
        deal(store, "D-2", **euros(28_500)),
        task(store, "T-1", deal_id="D-1"),
        task(store, "T-2", deal_id="D-2"),
    )
    assert await of(store, (T, "T-1"), (T, "T-2")) == Worth("EUR", 32_700)
    assert await of(store, (T, "T-1"), (T, "T-2", FINISHED)) == Worth("EUR", 4_200)
