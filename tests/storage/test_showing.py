"""Lists of things and people for whoever runs the coach: whole, in order, and page by page."""

from dataclasses import replace
from datetime import timedelta

import pytest

from coach.models import Contact, Deal, Person, Subject, SubjectKind, Task
from storage import mirror, people, showing
from tests.storage.conftest import Store
from tests.world import BEGINNING, CONNECTION, WORKSPACE

DAY = timedelta(days=1)


async def keep(store: Store, *subjects: Subject) -> None:
    async with store.database.write() as tx:
        await mirror.save(tx, WORKSPACE, subjects)


def thing(kind: SubjectKind, id: str, connection_id: str = CONNECTION) -> Deal | Contact | Task:
    """A thing of that kind and nothing more."""
    match kind:
        case SubjectKind.DEAL:
            return Deal(connection_id, id)
        case SubjectKind.CONTACT:
            return Contact(connection_id, id)
        case SubjectKind.TASK:
            return Task(connection_id, id)


@pytest.mark.parametrize("kind", SubjectKind)
async def test_things_come_newest_first_and_what_was_deleted_does_not(
    store: Store, kind: SubjectKind
) -> None:
    await keep(
        store,
        thing(kind, "untold"),
        replace(thing(kind, "old"), created_at=BEGINNING - 9 * DAY),
        replace(thing(kind, "new"), created_at=BEGINNING, person_id=store.ana.id),
        replace(thing(kind, "gone"), created_at=BEGINNING, deleted=True),
    )
    async with store.database.read() as tx:
        found = await showing.things(tx, kind, WORKSPACE, most=10)
        assert [each.id for each in found] == ["new", "old", "untold"]
        anas = await showing.things(tx, kind, WORKSPACE, person_id=store.ana.id, most=10)
        assert [each.id for each in anas] == ["new"]
        late = await showing.things(tx, kind, WORKSPACE, since=BEGINNING - 9 * DAY, most=10)
        assert [each.id for each in late] == ["new"]
        assert await showing.things(tx, kind, "elsewhere", most=10) == []


async def test_pages_of_things_follow_each_other_with_none_twice_and_none_left_out(
    store: Store,
) -> None:
    # Some of one moment, some of no known one, in two connections.
    kept = [
        replace(
            Deal(connection, f"D-{n}"), created_at=BEGINNING - (n // 3) * DAY if n < 9 else None
        )
        for n in range(14)
        for connection in (CONNECTION, "other")
    ]
    await keep(store, *kept)
    seen: list[Subject] = []
    async with store.database.read() as tx:
        while page := await showing.things(
            tx, SubjectKind.DEAL, WORKSPACE, after=seen[-1] if seen else None, most=3
        ):
            seen += page
    assert len({(each.connection_id, each.id) for each in seen}) == len(seen) == len(kept)
    told = [each.created_at for each in seen]
    assert told[:18] == sorted(filter(None, told), reverse=True)
    assert told[18:] == [None] * 10


async def test_people_come_by_name_page_by_page(store: Store) -> None:
    async with store.database.write() as tx:
        rows = [{"id": f"p{n}", "name": "Zoe", "email": None} for n in range(5)]
        await people.make(tx, WORKSPACE, rows, BEGINNING + DAY)
    seen: list[tuple[Person, object]] = []
    async with store.database.read() as tx:
        while page := await showing.everybody(
            tx, WORKSPACE, after=seen[-1][0] if seen else None, most=2
        ):
            seen += page
        late = await showing.everybody(tx, WORKSPACE, since=BEGINNING, most=10)
        one = await showing.everybody(tx, WORKSPACE, person_id=store.ben.id, most=10)
    assert [person.name for person, _ in seen] == ["Ana Ruiz", "Ben Okafor", *["Zoe"] * 5]
    assert len({person.id for person, _ in seen}) == 7
    assert {person.name for person, _ in late} == {"Zoe"}
    assert one == [(store.ben, BEGINNING)]


async def test_things_are_looked_up_by_place_whatever_their_kind(store: Store) -> None:
    await keep(store, thing(SubjectKind.DEAL, "X"), thing(SubjectKind.TASK, "X", "other"))
    here, there = (SubjectKind.DEAL, CONNECTION, "X"), (SubjectKind.TASK, "other", "X")
    async with store.database.read() as tx:
        found = await showing.by_places(
            tx, WORKSPACE, [here, there, (SubjectKind.CONTACT, CONNECTION, "X")]
        )
    assert set(found) == {here, there}


async def test_somebody_is_found_by_the_address_slack_or_a_crm_has(store: Store) -> None:
    async with store.database.read() as tx:
        assert await showing.with_address(tx, WORKSPACE, " ANA@northwind.example") == store.ana.id
        assert await showing.with_address(tx, WORKSPACE, "nobody@northwind.example") is None
        assert await showing.with_address(tx, "elsewhere", "ana@northwind.example") is None
