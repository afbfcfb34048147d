"""Deals' stays in stages are kept as the deal went."""

from datetime import timedelta

from coach.mirror import Visit
from storage import visits
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WORKSPACE

DAY = timedelta(days=1)


async def test_visits_are_kept_changed_and_taken_back(store: Store) -> None:
    first = [Visit("New", BEGINNING, BEGINNING + DAY), Visit("Proposal", BEGINNING + DAY)]
    second = [Visit("New", BEGINNING, BEGINNING + 2 * DAY), Visit("Won", BEGINNING + 2 * DAY)]
    async with store.database.write() as tx:
        await visits.save(tx, WORKSPACE, CONNECTION, {"D-1": ([], first)})
        assert await visits.load(tx, WORKSPACE, CONNECTION, ["D-1", "D-2"]) == {"D-1": first}
        await visits.save(tx, WORKSPACE, CONNECTION, {"D-1": (first, second)})
        assert await visits.load(tx, WORKSPACE, CONNECTION, ["D-1"]) == {"D-1": second}
