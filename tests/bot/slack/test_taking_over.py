"""The administrator hears in one message how far an account is taken over, and what came of it."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest

from bot.coaching import forgetting
from bot.coaching.claiming import join
from bot.coaching.connecting import Linked
from bot.crm import fetching
from bot.crm.caller import Caller
from bot.crm.intake import Intake
from bot.crm.links import Links
from bot.crm.parts import CrmParts
from bot.crm.provider import load_providers
from bot.playground.crm.vendors.hubspot import PORTAL, SECRET, TOKEN, Hubspot
from bot.playground.crm.vendors.standin import Member
from bot.slack import lookup
from bot.slack.taking_over import AT_REST, STALE, tell_due
from coach.events import OwnerKey
from coach.models import MessageState
from storage import fetches, messages, takeovers, workspaces
from storage.takeovers import EVERY
from tests.bot.crm.running import beside
from tests.bot.surface import CHRIS, WS, Surface, staged

GIVEN = {"token": TOKEN, "client_secret": SECRET}


@pytest.fixture
def hubspot() -> Iterator[Hubspot]:
    with beside(Hubspot()) as standin:
        assert isinstance(standin, Hubspot)
        yield standin


@dataclass
class Office:
    """The Slack side with HubSpot beside it, and the work of the processes that serve it."""

    surface: Surface
    crm: CrmParts
    links: Links

    async def link(self) -> None:
        await self.links.link(WS, "hubspot", GIVEN)

    async def page(self) -> int:
        """Look up what is due, by a process that has just come up."""
        async with Caller(self.crm) as caller:
            return await fetching.fetch_due(self.crm, caller)

    async def whole(self) -> None:
        while await self.page():
            pass

    async def look_up(self) -> None:
        while await lookup.look_up_due(self.surface.parts, self.surface.installed):
            pass

    async def tell(self, later: timedelta = timedelta()) -> int:
        """How many were told of; all that is due in Slack is done afterwards."""
        self.surface.clock.moment += later
        told = await tell_due(self.surface.parts, self.surface.installed, self.links)
        await self.surface.settle()
        return told

    def said(self) -> str:
        return " ".join(self.surface.said(CHRIS).split())

    async def count(self) -> int:
        async with self.surface.parts.database.read() as tx:
            return (await messages.counts(tx, WS)).get(MessageState.SENT, 0)


async def opened(url: str, hubspot: Hubspot) -> AsyncIterator[Office]:
    async with staged(url) as surface:
        crm = CrmParts(surface.parts, load_providers())
        yield Office(surface, crm, Links(crm, Intake(crm), {"hubspot": hubspot.url}))


@pytest.fixture
async def office(sqlite_url: str, hubspot: Hubspot) -> AsyncIterator[Office]:
    async for each in opened(sqlite_url, hubspot):
        yield each


@pytest.fixture
async def office_on_both(database_url: str, hubspot: Hubspot) -> AsyncIterator[Office]:
    async for each in opened(database_url, hubspot):
        yield each


async def test_one_message_follows_the_taking_over_and_says_what_came_of_it(
    office_on_both: Office, hubspot: Hubspot
) -> None:
    office = office_on_both
    for number in range(120):
        hubspot.put("deals", str(5001 + number), {"dealname": f"Deal {number}"})
    assert await office.tell() == 0
    await office.link()
    assert await office.tell() == 1
    assert f"Taking over what HubSpot account {PORTAL} holds. Nothing was read" in office.said()
    assert "Still to come: owners, stages, deals, contacts, tasks." in office.said()
    drawn = []
    while await office.page():
        # However often it is looked, it is said anew every few seconds only.
        assert await office.tell(timedelta(seconds=1)) == 0
        await office.tell(EVERY)
        drawn.append(office.said())
    assert any("deals 50 so far" in each for each in drawn)
    assert "Taken over from" not in "".join(drawn[:-1])
    await office.look_up()
    await office.tell(AT_REST)
    assert "owners 1, stages 4, deals 120, contacts 0, tasks 0." in office.said()
    assert "Each of its owners is somebody in Slack." in office.said()
    assert await office.count() == 1
    # Then there is nothing to tell any more.
    assert await office.tell(timedelta(days=1)) == 0


async def test_several_processes_tell_it_once(office_on_both: Office) -> None:
    office, surface = office_on_both, office_on_both.surface
    await office.link()
    told = await asyncio.gather(
        *(tell_due(surface.parts, surface.installed, office.links) for _ in range(4))
    )
    assert sorted(told) == [0, 0, 0, 1]
    await surface.settle()
    assert await office.count() == 1


async def test_a_process_that_died_over_it_is_made_up_for(office: Office) -> None:
    await office.link()
    now = office.surface.clock.moment
    async with office.surface.parts.database.write() as tx:
        assert await takeovers.claim(tx, now, now + AT_REST)
    assert await office.tell(EVERY) == 0
    assert await office.tell(AT_REST) == 1
    assert "Taking over what" in office.said()


async def test_owners_nobody_knows_are_named_until_they_are_tied(
    office: Office, hubspot: Hubspot
) -> None:
    hubspot.people = [*hubspot.people, Member(78, "Bo Berg", "b@old.example")]
    await office.link()
    await office.whole()
    await office.tell()
    assert "Slack is being asked who its owners are." in office.said()
    assert "nobody in Slack" not in office.said()
    await office.look_up()
    await office.tell(AT_REST)
    assert "1 of its owners is nobody in Slack so far: Bo Berg." in office.said()
    assert "/coach link" in office.said()
    assert 'coach owners link "hubspot/id:78" ADDRESS' in office.said()
    assert await office.tell(AT_REST) == 0
    parts, ben = office.surface.parts, await office.surface.person("U02BEN")
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, WS)
        await join(parts, tx, WS, OwnerKey("hubspot", "id:78"), ben.id)
    assert await office.tell(EVERY) == 1
    assert "Each of its owners is somebody in Slack." in office.said()
    assert await office.count() == 1


async def test_what_was_refused_is_told_with_how_to_mend_it_and_follows_when_it_is(
    office: Office, hubspot: Hubspot
) -> None:
    hubspot.forbidden = ["/objects/contacts"]
    await office.link()
    await office.whole()
    await office.look_up()
    await office.tell()
    assert "The contacts could not be read: HTTP 403." in office.said()
    assert "with /coach connect : it is read then from where it stopped." in office.said()
    assert await office.tell(AT_REST) == 0
    hubspot.forbidden = []
    hubspot.put("contacts", "6001", {"firstname": "Ann"})
    await office.link()
    await office.tell()
    assert "Taking over what" in office.said()
    await office.whole()
    await office.tell(AT_REST)
    assert "contacts 1, tasks 0." in office.said()
    assert "could not be read" not in office.said()
    assert await office.count() == 1


async def test_what_is_tried_again_by_hand_is_followed_too(
    office: Office, hubspot: Hubspot
) -> None:
    hubspot.forbidden = ["/objects/tasks"]
    await office.link()
    await office.whole()
    await office.look_up()
    await office.tell()
    hubspot.forbidden = []
    parts = office.surface.parts
    async with parts.database.write() as tx:
        assert await fetches.replay(tx, WS, parts.clock.now()) == 1
        await takeovers.look_again(tx, WS, parts.clock.now())
    await office.whole()
    assert await office.tell(EVERY) == 1
    assert "could not be read" not in office.said()


async def test_linked_anew_what_was_taken_over_is_told_no_more(office: Office) -> None:
    await office.link()
    await office.whole()
    await office.look_up()
    await office.tell()
    await office.link()
    assert await office.tell(timedelta(hours=1)) == 0


async def test_what_was_over_long_before_anybody_could_be_told_is_no_news(office: Office) -> None:
    await office.link()
    await office.whole()
    await office.look_up()
    await office.tell(STALE + EVERY)
    assert await office.count() == 0


async def test_what_is_not_linked_any_more_is_said(office: Office) -> None:
    await office.link()
    await office.tell()
    await forgetting.forget(office.surface.parts, WS, "hubspot")
    await office.surface.settle()
    assert "is not linked any more." in office.said()
    assert await office.tell(AT_REST) == 0
    assert "is not linked any more." in office.said()


async def test_what_ends_while_it_is_being_told_is_told_of_no_more(
    office: Office, hubspot: Hubspot
) -> None:
    await office.link()
    await office.tell()
    await office.page()
    parts = office.surface.parts

    class Ending(Links):
        """The link ends after it was read how far it is."""

        async def linked(self, workspace_id: str) -> Sequence[Linked]:
            found = await super().linked(workspace_id)
            await forgetting.forget(parts, WS, "hubspot")
            return found

    office.links = Ending(office.crm, Intake(office.crm), {"hubspot": hubspot.url})
    assert await office.tell(EVERY) == 1
    assert "is not linked any more." in office.said()
