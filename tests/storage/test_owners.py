"""Owners: each is one person, within a connection by id and name, everywhere by address."""

import itertools

import pytest

from coach.events import EVERYWHERE, Owner, OwnerKey
from storage import owners, people, workspaces
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
            EMAILS[ANA], "77", store.ana.name
        )
        assert await owners.owner_of(tx, WORKSPACE, OTHER, store.ana.id) == Owner(EMAILS[ANA], "3")
        assert await owners.owner_of(tx, "elsewhere", CONNECTION, store.ana.id) is None


async def test_people_who_are_told_to_be_one_become_one_and_the_one_in_slack_stays(
    store: Store,
) -> None:
    (seven,) = await resolve(store, Owner(id="7"))
    tied = Owner(EMAILS[ANA], "7")
    async with store.database.write() as tx:
        found = await owners.resolve(
            tx, WORKSPACE, CONNECTION, [tied], store.parts.clock.now(), store.parts.new_id
        )
        assert found.joined == {seven: store.ana.id}
        assert found[tied] == store.ana.id
        assert await people.load(tx, WORKSPACE, [seven]) == {}
    assert await resolve(store, Owner(id="7")) == [store.ana.id]


async def test_an_owner_known_by_name_is_looked_up_once_an_address_is_told(store: Store) -> None:
    (by_name,) = await resolve(store, Owner(name="Nia Berg"))
    async with store.database.write() as tx:
        await workspaces.change(tx, WORKSPACE, team_id="T1")
        assert not await people.waits_to_be_looked_up(tx, store.parts.clock.now())
    assert await resolve(store, Owner("nia@x.example", name="Nia Berg")) == [by_name]
    now = store.parts.clock.now()
    async with store.database.write() as tx:
        (waiting,) = await people.claim_look_ups(tx, store.database, now, now, 9)
    assert (waiting.id, waiting.email) == (by_name, "nia@x.example")


async def test_an_owner_called_by_an_id_gets_the_name_that_is_told_and_one_in_slack_keeps_theirs(
    store: Store,
) -> None:
    (seven,) = await resolve(store, Owner(id="7"))
    await resolve(store, Owner(id="7", name="Nia Berg"), Owner(EMAILS[ANA], name="A. Ruiz"))
    await resolve(store, Owner(id="7", name="Nia Berg-Olsen"))
    async with store.database.read() as tx:
        found = await people.load(tx, WORKSPACE, [seven, store.ana.id])
    assert found[seven].name == "Nia Berg"
    assert found[store.ana.id].name == store.ana.name


async def test_the_order_in_which_an_owner_becomes_known_does_not_matter(store: Store) -> None:
    told = [
        Owner("nia@x.example", name="Nia Berg"),
        Owner(id="7", name="Nia Berg"),
        Owner(name="nia  BERG"),
    ]
    for place, order in enumerate(itertools.permutations(told)):
        for each in order:
            await resolve(store, each, of=f"crm{place}")
        assert len(set(await resolve(store, *told, of=f"crm{place}"))) == 1


async def test_of_a_name_that_two_bear_a_thing_stays_with_the_one_who_has_it(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    bare = Owner(name="Ana Ruiz")
    one, two = await resolve(store, Owner(id="7", name="Ana Ruiz"), Owner(id="8", name="Ana Ruiz"))
    async with store.database.write() as tx:
        found = await owners.resolve(
            tx, WORKSPACE, CONNECTION, [bare], store.parts.clock.now(), store.parts.new_id
        )
    assert (found.of(bare, one), found.of(bare, two)) == (one, two)
    assert found.of(bare, store.ben.id) == found.of(bare, None) == found[bare]
    assert found[bare] not in {one, two}
    assert "Several owners are called Ana Ruiz" in caplog.text
    assert await resolve(store, bare) == [found[bare]]


async def test_two_slack_users_stay_two_and_it_is_said(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    async with store.database.write() as tx:
        await owners.own(tx, WORKSPACE, OwnerKey(CONNECTION, "id:7"), store.ben.id)
    assert await resolve(store, Owner(EMAILS[ANA], "7")) == [store.ana.id]
    assert await resolve(store, Owner(id="7")) == [store.ben.id]
    assert "one Slack user by address and another by id" in caplog.text


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
            assert len(await people.load(tx, WORKSPACE, made.people.values())) == 1200
            again = await owners.resolve(tx, WORKSPACE, CONNECTION, named, now, store.parts.new_id)
            assert again.people == made.people
            # Slack is asked about those of whom something was learnt.
            assert (made.learnt, again.learnt) == (True, False)
    finally:
        await database.close()
