"""Namesakes are counted among the open deals of one owner, and each fact they share."""

from dataclasses import replace
from decimal import Decimal

from coach.models import Deal, DealStatus, Ref
from coach.namesakes import Namesake
from coach.phrases import Money
from storage import mirror, namesakes
from tests.storage.conftest import Store
from tests.storage.things import deal, keep
from tests.world import CONNECTION, WORKSPACE


async def counts(store: Store, *ids: str) -> dict[str, tuple[int, int, int]]:
    """How many others share account, amount, and both with each of these that has namesakes."""
    async with store.database.read() as tx:
        found = await namesakes.of(tx, WORKSPACE, [Ref(CONNECTION, id) for id in ids])
    return {each.id: (each.of_account, each.of_amount, each.of_both) for each in found.values()}


def basic(store: Store, id: str, value: str | None = None, **more: object) -> Deal:
    amount = None if value is None else Decimal(value)
    return deal(store, id, title="GTX Basic", value=amount, currency="EUR", **more)


async def test_a_title_that_no_other_open_deal_of_the_owner_bears_has_no_namesakes(
    store: Store,
) -> None:
    mine = basic(store, "D-1", "550")
    await keep(
        store,
        mine,
        deal(store, "D-other", title="GTX Pro"),
        basic(store, "D-won", status=DealStatus.WON),
        basic(store, "D-deleted", deleted=True),
        replace(basic(store, "D-ben"), person_id=store.ben.id),
        replace(basic(store, "D-nobody"), person_id=None),
    )
    assert await counts(store, "D-1", "D-ben", "D-nobody", "D-unknown") == {}
    # Of one that was just won there is still one open.
    assert await counts(store, "D-won") == {"D-won": (0, 0, 0)}


async def test_what_namesakes_share_is_counted(store: Store) -> None:
    await keep(
        store,
        basic(store, "D-1", "550", account="Cancity"),
        basic(store, "D-2", "550.00", account="Cancity"),
        basic(store, "D-3", "550", account="Isdom"),
        basic(store, "D-4", "600", account="Cancity"),
        replace(basic(store, "D-5", "550"), currency="USD"),
        replace(basic(store, "D-6", "550"), currency=None),
        basic(store, "D-7"),
    )
    assert await counts(store, "D-1", "D-3", "D-4", "D-5", "D-6", "D-7") == {
        "D-1": (2, 2, 1),
        "D-3": (0, 2, 0),
        "D-4": (2, 0, 0),
        "D-5": (0, 0, 0),
        "D-6": (0, 0, 0),
        "D-7": (0, 0, 0),
    }


async def test_each_is_told_with_its_account_and_amount(store: Store) -> None:
    await keep(store, basic(store, "D-1", "550", account="Cancity"), basic(store, "D-2"))
    one, two = Ref(CONNECTION, "D-1"), Ref(CONNECTION, "D-2")
    async with store.database.read() as tx:
        found = await namesakes.of(tx, WORKSPACE, [one, two])
        assert await namesakes.of(tx, WORKSPACE, []) == {}
    assert found == {
        one: Namesake("D-1", "Cancity", Money(Decimal(550), "EUR")),
        two: Namesake("D-2", None, None),
    }


async def test_a_namesake_in_another_crm_or_workspace_is_another_deal(store: Store) -> None:
    await keep(store, basic(store, "D-1"))
    twin = replace(basic(store, "D-1"), connection_id="other")
    async with store.database.write() as tx:
        await mirror.save(tx, "elsewhere", [basic(store, "D-2")])
    assert await counts(store, "D-1") == {}
    await keep(store, twin)
    assert await counts(store, "D-1") == {"D-1": (0, 0, 0)}


async def test_a_deal_is_told_apart_as_things_are_now(store: Store) -> None:
    mine = basic(store, "D-1", "550")
    await keep(store, mine)
    async with store.database.read() as tx:
        assert (await namesakes.told_apart(tx, WORKSPACE, [mine]))[0].apart is None
    await keep(store, basic(store, "D-2"))
    async with store.database.read() as tx:
        (told,) = await namesakes.told_apart(tx, WORKSPACE, [mine])
    assert told.apart is not None
