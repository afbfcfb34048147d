"""Tests of links between Slack users and owners in the CRM: proved, not merely claimed."""

import pytest

from bot.coaching.claiming import OwnerError
from bot.playground.slack.api import Fault
from bot.playground.slack.api import Person as Member
from bot.slack import linking, members
from bot.slack.linking import LinkError
from bot.slack.members import MembersError
from coach.events import Owner
from coach.models import Person
from coach.wording import plain
from storage import lists, owners, people, workspaces
from tests.bot.surface import (
    ANA,
    BEN,
    CHRIS,
    CRM,
    NEW,
    WS,
    Surface,
    deal,
    staged,
    surface,
    surface_on_both,
    task,
)
from tests.world import by

__all__ = ["surface", "surface_on_both"]

OLD = "a.ruiz@old.example"


async def owner(surface: Surface, address: str) -> str:
    """An owner in the CRM with a deal and two tasks, whom nobody in Slack is; their person's id."""
    named = Owner.of(email=address)
    assert named is not None
    now = surface.clock.now()
    async with surface.parts.database.write() as tx:
        known = await owners.resolve(tx, WS, CRM, [named], now, surface.parts.new_id)
    person_id = known[named]
    await surface.save(
        deal(person_id=person_id),
        task("T-1", person_id=person_id),
        task("T-2", person_id=person_id),
    )
    return person_id


async def ask(surface: Surface, who: str, address: str) -> str:
    return plain(await linking.ask(surface.parts, surface.installed, by(who), address))


async def by_email(surface: Surface, address: str) -> Person | None:
    async with surface.parts.database.read() as tx:
        return await owners.by_email(tx, WS, address)


async def request_id(surface: Surface) -> str:
    (row,) = [
        element["value"]
        for block in surface.last(CHRIS).blocks
        if block["type"] == "actions"
        for element in block["elements"]
        if element["action_id"] == "link:confirm"
    ]
    return str(row)


async def test_the_administrator_is_asked_with_what_the_owner_has(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    await owner(surface, OLD)
    told = await ask(surface, ANA, " A.Ruiz@OLD.example ")
    await surface.settle()
    assert "has been asked" in told
    assert "1 open deal, 2 open tasks" in surface.said(CHRIS)
    found = await by_email(surface, OLD)
    assert found is not None
    assert found.slack_user_id is None


async def test_a_confirmed_link_brings_everything_over_and_what_was_held(
    surface_on_both: Surface,
) -> None:
    surface = surface_on_both
    await owner(surface, OLD)
    held_for = await by_email(surface, OLD)
    assert held_for is not None
    await ask(surface, ANA, OLD)
    await surface.settle()

    await linking.decide(
        surface.parts, surface.installed, by(CHRIS), await request_id(surface), confirmed=True
    )
    await surface.settle()

    ana = await surface.person(ANA)
    found = await by_email(surface, OLD)
    assert found is not None
    assert found.id == ana.id
    async with surface.parts.database.read() as tx:
        assert len(await lists.deals_of(tx, WS, ana.id)) == 1
        assert len(await lists.tasks_of(tx, WS, ana.id)) == 2
        assert held_for.id not in await people.load(tx, WS, [held_for.id])
    assert surface.parts.wake.tick.is_set()


async def test_what_was_held_for_the_owner_is_sent_to_the_linked_person(surface: Surface) -> None:
    person_id = await owner(surface, OLD)
    held = await surface.insight(BEN)
    async with surface.parts.database.write() as tx:
        await tx.exec_driver_sql(f"UPDATE insights SET person_id = '{person_id}'")
    await ask(surface, ANA, OLD)
    await surface.settle()
    await linking.decide(
        surface.parts, surface.installed, by(CHRIS), await request_id(surface), confirmed=True
    )
    await surface.settle()
    assert await surface.standing(held) == "sent"
    assert any("Ask Ann Lee" in each.text for each in surface.slack.messages(ANA))


async def test_an_owner_the_crm_has_not_named_is_told_to_who_asks_and_nobody_else(
    surface: Surface,
) -> None:
    with pytest.raises(LinkError, match="has named no owner"):
        await ask(surface, ANA, OLD)
    await surface.settle()
    assert surface.slack.messages(CHRIS) == []


async def test_a_refused_link_changes_nothing(surface: Surface) -> None:
    await owner(surface, OLD)
    await ask(surface, ANA, OLD)
    await surface.settle()
    await linking.decide(
        surface.parts, surface.installed, by(CHRIS), await request_id(surface), confirmed=False
    )
    found = await by_email(surface, OLD)
    assert found is not None
    assert found.slack_user_id is None


async def test_asking_twice_asks_the_administrator_once(surface: Surface) -> None:
    await owner(surface, OLD)
    await owner(surface, "another@old.example")
    await ask(surface, ANA, OLD)
    for _ in range(5):
        for typed in (OLD, "another@old.example"):
            assert "You have asked already" in await ask(surface, ANA, typed)
    await surface.settle()
    assert len(surface.slack.messages(CHRIS)) == 1
    await linking.decide(
        surface.parts, surface.installed, by(CHRIS), await request_id(surface), confirmed=False
    )
    assert "has been asked" in await ask(surface, ANA, "another@old.example")


async def test_the_administrator_needs_nobodys_leave(surface: Surface) -> None:
    await owner(surface, OLD)
    assert "now recognised" in await ask(surface, CHRIS, OLD)
    found = await by_email(surface, OLD)
    assert found is not None
    assert found.slack_user_id == CHRIS


async def test_an_address_of_somebody_else_in_slack_is_refused(surface: Surface) -> None:
    for address in ("ben@northwind.example", "nia@northwind.example"):
        with pytest.raises(LinkError, match="belongs to somebody else"):
            await ask(surface, ANA, address)
    await surface.settle()
    assert surface.slack.messages(CHRIS) == []


async def test_an_address_matched_to_somebody_while_the_question_was_open_is_refused(
    surface: Surface,
) -> None:
    person_id = await owner(surface, OLD)
    await ask(surface, ANA, OLD)
    await surface.settle()
    id = await request_id(surface)
    async with surface.parts.database.write() as tx:
        await people.change(tx, WS, person_id, slack_user_id="U09ELSE")
    with pytest.raises(LinkError, match="belongs to somebody else"):
        await linking.decide(surface.parts, surface.installed, by(CHRIS), id, confirmed=True)
    # The question stays open, so that it can still be refused.
    await linking.decide(surface.parts, surface.installed, by(CHRIS), id, confirmed=False)


async def test_ones_own_slack_address_is_proof_enough(surface: Surface) -> None:
    assert "now recognised" in await ask(surface, NEW, "nia@northwind.example")
    assert surface.slack.messages(CHRIS) == []


async def test_an_address_one_has_already_needs_nothing(surface: Surface) -> None:
    assert "already recognised" in await ask(surface, ANA, "ana@northwind.example")


@pytest.mark.parametrize("typed", ["", "@x.example", "a@b", "<!channel>", "a b@c.de", "a\x00b"])
async def test_what_is_no_address_is_explained(surface: Surface, typed: str) -> None:
    with pytest.raises(LinkError, match="/coach link"):
        await ask(surface, ANA, typed)


@pytest.mark.parametrize("setting", [BEN, "ben@northwind.example"])
async def test_the_operator_may_name_the_administrator(sqlite_url: str, setting: str) -> None:
    async with staged(sqlite_url, administrator=setting) as surface:
        await owner(surface, OLD)
        await ask(surface, ANA, OLD)
        await surface.settle()
        assert "says that" in surface.said(BEN)
        assert surface.slack.messages(CHRIS) == []


async def test_an_administrator_nobody_is_gets_explained(sqlite_url: str) -> None:
    async with staged(sqlite_url, administrator="nobody@northwind.example") as surface:
        await owner(surface, OLD)
        with pytest.raises(MembersError, match="COACH_ADMINISTRATOR"):
            await ask(surface, ANA, OLD)


async def test_the_primary_owner_is_found_on_a_later_page_and_remembered(
    surface: Surface, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd = [Member(f"U{n:05}", f"P {n}", f"p{n}@northwind.example") for n in range(450)]
    chris = surface.slack.people.pop(CHRIS)
    surface.slack.people.update({each.id: each for each in crowd})
    surface.slack.people[CHRIS] = chris
    assert await members.administrator(surface.parts, surface.installed, WS) == CHRIS
    surface.slack.faults["users.list"] = [Fault(error="fatal_error")]
    assert await members.administrator(surface.parts, surface.installed, WS) == CHRIS
    async with surface.parts.database.read() as tx:
        workspace = await workspaces.get(tx, WS)
    assert workspace is not None
    assert workspace.administrator == CHRIS


async def test_a_workspace_without_an_owner_is_explained(surface: Surface) -> None:
    del surface.slack.people[CHRIS]
    with pytest.raises(MembersError, match="COACH_ADMINISTRATOR"):
        await ask(surface, ANA, OLD)


async def test_slack_out_of_order_is_explained(surface: Surface) -> None:
    surface.slack.faults["users.lookupByEmail"] = [Fault(status=503)]
    with pytest.raises(MembersError, match="Try again"):
        await ask(surface, ANA, OLD)


async def test_an_unknown_request_is_explained(surface: Surface) -> None:
    with pytest.raises(LinkError, match="not known"):
        await linking.decide(surface.parts, surface.installed, by(CHRIS), "x", confirmed=True)


async def named(surface: Surface, *told: Owner) -> list[str]:
    """Owners whom the CRM has named so, with a deal of the first; their people's ids."""
    now = surface.clock.now()
    async with surface.parts.database.write() as tx:
        found = await owners.resolve(tx, WS, CRM, told, now, surface.parts.new_id)
    await surface.save(deal(person_id=found[told[0]]))
    return [found[each] for each in told]


async def meant(surface: Surface, *told: Owner) -> list[str]:
    now = surface.clock.now()
    async with surface.parts.database.write() as tx:
        found = await owners.resolve(tx, WS, CRM, told, now, surface.parts.new_id)
    return [found[each] for each in told]


@pytest.mark.parametrize(
    ("told", "typed", "said"),
    [
        (Owner(name="Anna Muster"), "anna  MUSTER", "Anna Muster"),
        (Owner(id="77"), "77", f"{CRM}/id:77"),
        (Owner(id="77", name="Anna Muster"), "Anna Muster", f"Anna Muster ({CRM}/id:77)"),
        (Owner(id="77", name="Anna Muster"), f"{CRM}/id:77", f"Anna Muster ({CRM}/id:77)"),
        (Owner(OLD, name="Anna Muster"), "Anna Muster", OLD),
    ],
)
async def test_an_owner_known_by_id_or_name_is_linked_once_the_administrator_confirms(
    surface: Surface, told: Owner, typed: str, said: str
) -> None:
    (before,) = await named(surface, told)
    assert "has been asked" in await ask(surface, ANA, typed)
    assert "You have asked already" in await ask(surface, ANA, typed)
    await surface.settle()
    assert f"says that {said} in the CRM is them" in surface.said(CHRIS)
    assert "1 open deal" in surface.said(CHRIS)
    told_of = await linking.decide(
        surface.parts, surface.installed, by(CHRIS), await request_id(surface), confirmed=True
    )
    assert f"now recognised as {said}" in plain(told_of)
    ana = await surface.person(ANA)
    assert await meant(surface, told) == [ana.id] != [before]
    async with surface.parts.database.read() as tx:
        assert len(await lists.deals_of(tx, WS, ana.id)) == 1
    assert "already recognised" in await ask(surface, ANA, typed)


async def test_of_two_owners_with_one_name_it_is_asked_which(surface: Surface) -> None:
    one, _ = await named(
        surface, Owner(id="7", name="Anna Muster"), Owner(id="8", name="Anna Muster")
    )
    with pytest.raises(OwnerError, match=f"{CRM}/id:7, {CRM}/id:8"):
        await ask(surface, CHRIS, "Anna Muster")
    assert "now recognised" in await ask(surface, CHRIS, f"{CRM}/id:7")
    assert (await surface.person(CHRIS)).id != one
    async with surface.parts.database.read() as tx:
        assert await people.load(tx, WS, [one]) == {}


async def test_the_name_alone_of_two_can_be_linked_and_means_that_person_then(
    surface: Surface,
) -> None:
    bare = Owner(name="Anna Muster")
    await named(surface, Owner(id="7", name="Anna Muster"), Owner(id="8", name="Anna Muster"), bare)
    await ask(surface, CHRIS, f"{CRM}/name:Anna Muster")
    chris = await surface.person(CHRIS)
    assert await meant(surface, bare, Owner(id="7")) != [chris.id, chris.id]
    assert (await meant(surface, bare)) == [chris.id]
    async with surface.parts.database.write() as tx:
        now, new_id = surface.clock.now(), surface.parts.new_id
        found = await owners.resolve(tx, WS, CRM, [bare], now, new_id)
    assert found.bearers == {}


@pytest.mark.parametrize("typed", ["Nobody Known", f"{CRM}/name:Nobody Known", f"{CRM}/id:99"])
async def test_an_owner_nobody_has_heard_of_is_not_linked(surface: Surface, typed: str) -> None:
    with pytest.raises(OwnerError, match=f"No CRM has named an owner “{typed}”"):
        await ask(surface, ANA, typed)


async def test_an_owner_who_is_somebody_else_in_slack_is_not_linked(surface: Surface) -> None:
    await named(surface, Owner(id="77", name="Ben"))
    await ask(surface, CHRIS, "77")
    with pytest.raises(LinkError, match="ask whoever runs the coach"):
        await ask(surface, ANA, "77")
