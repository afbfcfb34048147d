"""Things of a test in the mirror, Ana's unless it is said whose."""

from coach.models import Deal, Subject, Task
from storage import mirror
from tests.storage.conftest import Store
from tests.world import CONNECTION, WORKSPACE


async def keep(store: Store, *subjects: Subject) -> None:
    async with store.database.write() as tx:
        await mirror.save(tx, WORKSPACE, subjects)


def deal(store: Store, id: str, **more: object) -> Deal:
    return Deal(CONNECTION, id, person_id=store.ana.id, **more)  # type: ignore[arg-type]


def task(store: Store, id: str, **more: object) -> Task:
    return Task(CONNECTION, id, person_id=store.ana.id, **more)  # type: ignore[arg-type]
