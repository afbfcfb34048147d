"""Owners: each is one person, within a connection by id and name, everywhere by address."""

from coach.events import EVERYWHERE, Owner, OwnerKey
from storage import owners, people
from storage.database import Database
from tests.storage.conftest import Store
from tests.world import ANA, CONNECTION, EMAILS, WORKSPACE

OTHER = "other"


async def resolve(store: Store, *named: Owner, of: str = CONNECTION) -> list[str]:
    """The people that these owners of a connection are, in their order."""
    async with store.database.write() as tx:
        found = await owners.resolve(
            tx, WORKSPACE, of, named, store.parts.clock.now(), store.parts.new_id
        )
    return [found[owner] for owner in named]


async def test_owners_named_often_are_one_person_each(store: Store) -> None:
    named = [Owner("a@x.example"), Owner(id="7"), Owner("a@x.example")]
    first, seven, again = await resolve(store, *named)
    assert first == again != seven
    assert await resolve(store, *named) == [first, seven, first]
    async with store.database.read() as tx:
        found = await people.load(tx, WORKSPACE, [first, seven])
    assert {each.name for each in found.values()} == {"a@x.example", "7"}


async def test_an_id_and_a_name_are_somebody_else_in_another_connection(store: Store) -> None:
    for owner in (Owner(id="77"), Owner(name="Ana Ruiz")):
        (here,), (there,) = await resolve(store, owner), await resolve(store, owner, of=OTHER)
        assert here != there
        assert [here] == await resolve(store, owner)


async def test_an_address_is_the_same_person_in_every_connection(store: Store) -> None:
    owner = Owner(EMAILS[ANA])
    assert await resolve(store, owner, of=OTHER) == await resolve(store, owner) == [store.ana.id]


async def test_a_connection_is_told_of_a_person_by_its_own_keys_and_the_address(
    store: Store,
) -> None:
    async with store.database.write() as tx:
        await owners.own(tx, WORKSPACE, OwnerKey(CONNECTION, "id:77"), store.ana.id)
        await owners.own(tx, WORKSPACE, OwnerKey(OTHER, "id:3"), store.ana.id)
        assert await owners.owner_of(tx, WORKSPACE, CONNECTION, store.ana.id) == Owner(
            EMAILS[ANA], "77"
        )
        assert await owners.owner_of(tx, WORKSPACE, OTHER, store.ana.id) == Owner(EMAILS[ANA], "3")
        assert await owners.owner_of(tx, "elsewhere", CONNECTION, store.ana.id) is None


async def test_what_is_somebodys_key_stays_theirs(store: Store) -> None:
    key = OwnerKey(EVERYWHERE, f"email:{EMAILS[ANA]}")
    async with store.database.write() as tx:
        await owners.own(tx, WORKSPACE, key, store.ben.id)
    assert await resolve(store, Owner(EMAILS[ANA])) == [store.ana.id]


async def test_many_people_are_found_at_once(store: Store) -> None:
    named = [Owner(f"p{number}@x.example") for number in range(1200)]
    database = Database(store.url)
    try:
        now = store.parts.clock.now()
        async with database.write() as tx:
            made = await owners.resolve(tx, WORKSPACE, CONNECTION, named, now, store.parts.new_id)
            assert len(await people.load(tx, WORKSPACE, made.values())) == 1200
            again = await owners.resolve(tx, WORKSPACE, CONNECTION, named, now, store.parts.new_id)
            assert again == made
    finally:
        await database.close()
