"""CRM owners are matched to Slack users by address, seldom asked about, and become reachable."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from bot.playground.slack.api import Fault, SlackStandIn
from bot.runtime.parts import Parts
from bot.slack import lookup, members
from bot.slack.installed import Slack
from bot.slack.members import MembersError
from coach.models import Enrolment, Person, SubjectKind
from storage import (
    check_plans,
    installations,
    messages,
    owners,
    people,
    sending,
    workspaces,
)
from storage.check_plans import Plan
from storage.database import Database
from storage.installations import Installation
from tests.together import World
from tests.world import (
    ANA,
    BEN,
    BOT_TOKEN,
    EMAILS,
    WORKSPACE,
    FixedClock,
    deliver,
    enrol,
    install,
    mirrored,
    running_slack,
    standings,
    told,
    with_slack,
    won,
)

DAY = timedelta(days=1)
STRANGER = "nobody@elsewhere.example"


@dataclass
class Book:
    """The lookup before a stand-in for Slack."""

    parts: Parts
    clock: FixedClock
    slack: SlackStandIn
    installed: Slack

    async def look(self, later: timedelta = timedelta()) -> int:
        self.clock.advance(later)
        return await lookup.look_up_due(self.parts, self.installed)

    async def owner(self, email: str) -> Person:
        async with self.parts.database.read() as tx:
            found = await owners.by_email(tx, WORKSPACE, email)
        assert found is not None
        return found


@pytest.fixture
async def book(parts: Parts) -> AsyncIterator[Book]:
    clock = parts.clock
    assert isinstance(clock, FixedClock)
    async with running_slack(clock) as (slack, client):
        yield Book(parts, clock, slack, await install(parts, client))


def deal(owner: str, id: str = "D-1") -> dict[str, Any]:
    return told("deal_created", deal={"id": id, "title": "Acme", "stage": "New"}, owner=owner)


async def test_an_owner_is_found_by_address_with_name_and_time_zone(book: Book) -> None:
    await deliver(book.parts, deal(BEN))
    assert await book.look() == 1
    ben = await book.owner(EMAILS[BEN])
    assert (ben.slack_user_id, ben.name, ben.time_zone) == (BEN, "Ben Okafor", "Europe/London")
    assert await book.look() == 0


async def test_a_miss_is_remembered_for_a_day(book: Book) -> None:
    await deliver(book.parts, deal(STRANGER))
    assert await book.look() == 1
    calls = book.slack.calls
    assert await book.look(DAY - timedelta(seconds=1)) == 0
    assert book.slack.calls == calls
    assert await book.look(timedelta(seconds=1)) == 1
    async with book.parts.database.read() as tx:
        ((person, waiting),) = await people.unmatched(tx, WORKSPACE)
    assert (person.email, waiting) == (STRANGER, 0)


async def test_insights_for_an_owner_nobody_matches_wait_and_are_counted(book: Book) -> None:
    await deliver(book.parts, won("D-1", owner=STRANGER), won("D-2", owner=STRANGER))
    await book.look()
    async with book.parts.database.read() as tx:
        ((person, waiting),) = await people.unmatched(tx, WORKSPACE)
    assert waiting == 2
    assert await standings(book.parts, person) == ["unmatched"] * 2
    async with book.parts.database.read() as tx:
        assert not await sending.any_waiting(tx, book.clock.now())


async def test_who_is_found_with_something_waiting_is_invited(book: Book) -> None:
    await deliver(book.parts, won("D-1", owner=BEN))
    await book.look()
    ben = await book.owner(EMAILS[BEN])
    assert ben.enrolment is Enrolment.INVITING
    async with book.parts.database.read() as tx:
        assert await messages.get(tx, WORKSPACE, f"welcome:{ben.id}") is not None
    assert book.parts.wake.sender.is_set()


async def test_somebody_known_by_command_and_by_address_becomes_one(book: Book) -> None:
    now = book.clock.now()
    async with book.parts.database.write() as tx:
        known = await people.ensure_slack_user(tx, WORKSPACE, ANA, now, book.parts.new_id)
        await people.change(
            tx, WORKSPACE, known.id, enrolment=Enrolment.STARTED.value, level=3, lookup_after=None
        )
    await deliver(book.parts, deal(ANA), won("D-2"))
    await book.look()
    owner = await book.owner(EMAILS[ANA])
    assert (owner.id, int(owner.settings.level)) == (known.id, 3)
    assert owner.enrolment is Enrolment.STARTED
    assert (await mirrored(book.parts, SubjectKind.DEAL, "D-1")).person_id == known.id
    assert await standings(book.parts, owner) == ["due"]
    async with book.parts.database.read() as tx:
        assert len(await people.of_slack(tx, WORKSPACE)) == 1


async def reconsidered(book: Book) -> Plan | None:
    """Whose checks are to be made anew."""
    async with book.parts.database.read() as tx:
        return await check_plans.unfinished(tx, book.parts.rules)


async def test_a_new_time_zone_is_taken_over_and_moves_the_checks(book: Book) -> None:
    await enrol(book.parts, ANA, lookup_after=book.clock.now())
    task = {"id": "T-1", "due_date": "2026-11-30"}
    await deliver(book.parts, told("task_created", task=task))
    await book.look()
    assert await reconsidered(book) is None
    book.slack.people[ANA] = replace(book.slack.people[ANA], tz="Asia/Tokyo")
    await book.look(DAY)
    assert (await book.owner(EMAILS[ANA])).time_zone == "Asia/Tokyo"
    assert await reconsidered(book) is not None
    assert book.parts.wake.tick.is_set()


async def test_their_language_is_told_by_the_next_look_and_kept(book: Book) -> None:
    book.slack.people[ANA] = replace(book.slack.people[ANA], locale="en-US")
    await deliver(book.parts, deal(ANA))
    await book.look()
    # An answer to an address does not tell it.
    assert (await book.owner(EMAILS[ANA])).locale is None
    await book.look(DAY)
    ana = await book.owner(EMAILS[ANA])
    assert ana.locale == "en-US"
    assert book.parts.voices.to(ana).locale == "en_US"


async def test_a_daily_look_that_brings_no_news_has_nothing_looked_at_again(book: Book) -> None:
    await enrol(book.parts, ANA, lookup_after=book.clock.now())
    await deliver(book.parts, deal(ANA))
    book.parts.wake.tick.clear()
    assert await book.look() == 1
    assert await reconsidered(book) is None
    assert not book.parts.wake.tick.is_set()


async def test_slack_is_asked_about_nobody_for_as_long_as_it_wants(book: Book) -> None:
    crowd = [deal(f"owner{number}@elsewhere.example", f"D-{number}") for number in range(30)]
    await deliver(book.parts, *crowd, deal(BEN, "D-30"))
    book.slack.faults["users.lookupByEmail"] = [Fault(status=429, retry_after=50)]
    calls = book.slack.calls
    assert await book.look() == 1
    # Whoever asks next, and in another process too: nobody is asked about.
    for seconds in (0, 0, 1, 48):
        assert await book.look(timedelta(seconds=seconds)) == 0
    assert book.slack.calls == calls + 1
    assert await book.look(timedelta(seconds=1)) == 31
    assert book.slack.calls == calls + 32
    assert (await book.owner(EMAILS[BEN])).slack_user_id == BEN


async def test_whoever_waits_in_a_workspace_that_rests_does_not_hold_up_another(
    book: Book,
) -> None:
    async with book.parts.database.write() as tx:
        now = book.clock.now()
        await workspaces.ensure(tx, "other", now)
        await workspaces.change(tx, "other", team_id="T0OTHER", enterprise_id="E1")
        whole = Installation("org", BOT_TOKEN, "E1", is_enterprise_install=True)
        await installations.keep(tx, book.parts.seal, whole, now)
        await people.ensure_slack_user(tx, "other", BEN, now, book.parts.new_id)
    await deliver(book.parts, deal(ANA))
    book.slack.faults["users.lookupByEmail"] = [Fault(status=429, retry_after=50)]
    assert await book.look() == 2
    async with book.parts.database.read() as tx:
        ben = await people.by_slack_user(tx, "other", BEN)
    assert ben is not None
    assert ben.name == "Ben Okafor"


async def test_slack_asked_to_prove_an_address_lets_the_lookups_rest_too(book: Book) -> None:
    await deliver(book.parts, deal(BEN))
    book.slack.faults["users.lookupByEmail"] = [Fault(status=429, retry_after=50)]
    with pytest.raises(MembersError, match="Try again"):
        await members.by_address(book.parts, book.installed, WORKSPACE, STRANGER)
    assert await book.look(timedelta(seconds=49)) == 0
    assert await book.look(timedelta(seconds=1)) == 1


async def test_two_processes_ask_about_each_person_once(book: Book) -> None:
    await deliver(book.parts, deal(BEN), deal(STRANGER, "D-2"))
    calls = book.slack.calls
    other = Database(str(book.parts.database.url.render_as_string(hide_password=False)))
    try:
        beside = replace(book.parts, database=other)
        asked = await asyncio.gather(book.look(), lookup.look_up_due(beside, book.installed))
    finally:
        await other.close()
    assert sum(asked) == 2
    assert book.slack.calls == calls + 2


async def test_passing_trouble_is_asked_again_soon(book: Book) -> None:
    await deliver(book.parts, deal(BEN))
    book.slack.faults["users.lookupByEmail"] = [Fault(status=503)]
    await book.look()
    await book.look(timedelta(seconds=30))
    assert (await book.owner(EMAILS[BEN])).slack_user_id == BEN


async def test_a_missing_scope_is_asked_about_again_within_the_hour(book: Book) -> None:
    await deliver(book.parts, deal(BEN))
    book.slack.scopes.discard("users:read.email")
    await book.look()
    assert await book.look() == 0
    book.slack.scopes.add("users:read.email")
    await book.look(timedelta(hours=1))
    assert (await book.owner(EMAILS[BEN])).slack_user_id == BEN


async def test_somebody_who_has_left_slack_is_a_miss(book: Book) -> None:
    book.slack.people[BEN] = replace(book.slack.people[BEN], deleted=True)
    await deliver(book.parts, deal(BEN))
    await book.look()
    assert (await book.owner(EMAILS[BEN])).slack_user_id is None
    assert await book.look(DAY / 2) == 0


async def test_before_slack_has_said_who_we_are_nobody_is_asked_about_nor_put_off(
    sqlite_parts: Parts,
) -> None:
    clock = sqlite_parts.clock
    assert isinstance(clock, FixedClock)
    async with running_slack(clock) as (slack, client):
        await deliver(sqlite_parts, deal(BEN))
        unasked = with_slack(sqlite_parts, client)
        assert await lookup.look_up_due(sqlite_parts, unasked) == 0
        assert slack.calls == 0
        asked = await install(sqlite_parts, client)
        assert await lookup.look_up_due(sqlite_parts, asked) == 1


async def test_the_running_bot_finds_owners_by_itself(world: World) -> None:
    await world.post(deal(BEN))
    await world.settle()
    assert (await world.person(BEN)).name == "Ben Okafor"
