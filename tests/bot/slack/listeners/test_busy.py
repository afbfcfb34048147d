"""Too much at once is bounded: who finds no place is told so, and nothing else waits behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.runtime.lanes import Bounds
from bot.slack.listeners.desk import BOUNDS, DATABASE_SHARE
from coach.models import InsightState
from storage.database import Database
from tests.bot.surface import ANA, BEN, Surface, staged
from tests.together import World
from tests.world import won

#: One at a time, and one that waits.
NARROW = Bounds(each=1, together=1, waiting_each=1, waiting=1)
BUSY = "busy at the moment. Please try again"


@pytest.fixture
async def narrow(sqlite_url: str) -> AsyncIterator[Surface]:
    async with staged(sqlite_url, bounds=NARROW, ack_within=0.2) as made:
        yield made


@asynccontextmanager
async def overloaded(surface: Surface) -> AsyncIterator[None]:
    """While this lasts, one command is under way and one waits."""
    async with surface.parts.database.write():
        for _ in range(2):
            answer = await surface.slack.command(BEN, "/coach tasks")
            assert BUSY not in answer.text
        yield
    await surface.settle()


async def test_a_command_too_many_is_told_to_come_again_in_its_acknowledgement(
    narrow: Surface,
) -> None:
    async with overloaded(narrow):
        answers = [await narrow.slack.command(ANA, "/coach help") for _ in range(3)]
        assert all(answer.ok and BUSY in answer.text for answer in answers)
        assert len(narrow.ephemerals(ANA)) == 3
    # What had found a place is done; what had not is not.
    assert len(narrow.ephemerals(BEN)) == 2
    assert len(narrow.ephemerals(ANA)) == 3
    await narrow.slack.command(ANA, "/coach help")
    await narrow.settle()
    assert "What you can type" in narrow.ephemerals(ANA)[-1]


async def test_a_press_too_many_is_told_so_in_words_and_changes_nothing(narrow: Surface) -> None:
    fingerprint, card = await narrow.card()
    async with overloaded(narrow):
        assert (await narrow.slack.press(ANA, card.ts, label="Dismiss")).ok
        await narrow.slack.until(lambda: narrow.ephemerals(ANA), "an answer")
        assert BUSY in narrow.ephemerals(ANA)[0]
    assert (await narrow.stored(fingerprint)).state is InsightState.OPEN
    await narrow.slack.press(ANA, card.ts, label="Dismiss")
    await narrow.settle()
    assert (await narrow.stored(fingerprint)).state is InsightState.DISMISSED


async def test_a_form_too_many_keeps_what_was_filled_in(narrow: Surface) -> None:
    await narrow.slack.command(ANA, "/coach settings")
    await narrow.settle()
    async with overloaded(narrow):
        answer = await narrow.submit(ANA, {"stale_lead_days": "12"})
        assert [BUSY in said for said in answer.errors.values()] == [True]
        assert narrow.slack.top_view(ANA) is not None
    assert (await narrow.submit(ANA, {"stale_lead_days": "12"})).ok
    await narrow.settle()
    assert (await narrow.person(ANA)).settings.stale_lead_days == 12


async def test_a_home_tab_opened_too_often_is_to_be_told_again(narrow: Surface) -> None:
    async with overloaded(narrow):
        assert (await narrow.slack.open_tab(ANA, "home")).status == 503
    assert (await narrow.slack.open_tab(ANA, "home")).ok
    await narrow.settle()
    assert ANA in narrow.slack.homes


async def test_what_people_type_leaves_the_database_to_webhooks(world: World) -> None:
    """More transactions than there are connections wait for each other, and a webhook for none."""
    assert DATABASE_SHARE < 8
    held = asyncio.Event()
    share = world.parts.database.share(DATABASE_SHARE)
    begun = 0

    async def hold() -> None:
        nonlocal begun
        async with share.read():
            begun += 1
            await held.wait()

    crowd = [asyncio.create_task(hold()) for _ in range(40)]
    async with asyncio.timeout(30):
        while begun < DATABASE_SHARE:
            await asyncio.sleep(0.01)
        assert (await world.post(won())).status == 202
        await world.settle()
    assert begun == DATABASE_SHARE
    held.set()
    await asyncio.gather(*crowd)
    assert begun == 40
    assert len(world.messages(ANA)) == 1


async def test_commands_that_wait_for_the_database_hold_only_their_share_of_it(
    postgresql_url: str,
) -> None:
    async with staged(postgresql_url) as surface:
        database = surface.parts.database
        async with database.write() as tx:
            await tx.exec_driver_sql("LOCK TABLE people IN ACCESS EXCLUSIVE MODE")
            for _ in range(BOUNDS.each):
                assert (await surface.slack.command(ANA, "/coach help")).ok
            async with asyncio.timeout(20):
                while await waiting(database) < DATABASE_SHARE:
                    await asyncio.sleep(0.02)
            # Each look gives others a chance to come in, too.
            assert {await waiting(database) for _ in range(20)} == {DATABASE_SHARE}
        await surface.settle()
        assert len(surface.ephemerals(ANA)) == BOUNDS.each


async def waiting(database: Database) -> int:
    """How many transactions wait for the people of this database; the server has others, too."""
    async with database.read() as tx:
        query = """
            SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
            WHERE datname = current_database() AND relation = 'people'::regclass AND NOT granted
        """
        return int((await tx.exec_driver_sql(query)).scalar_one())


async def test_of_a_burst_each_is_answered_or_told_that_there_are_too_many(
    sqlite_url: str,
) -> None:
    bounds = Bounds(each=2, together=4, waiting_each=20, waiting=40)
    async with staged(sqlite_url, bounds=bounds) as surface:
        # Nothing is done before all have come.
        async with surface.parts.database.write():
            typed = [surface.slack.command(ANA, "/coach help") for _ in range(60)]
            answers = await asyncio.gather(*typed)
        await surface.settle()
        assert all(answer.ok for answer in answers)
        refused = sum(BUSY in answer.text for answer in answers)
        told = surface.ephemerals(ANA)
        assert sum("What you can type" in each for each in told) == len(answers) - refused
        assert sum(BUSY in each for each in told) == refused
        assert refused == len(answers) - bounds.each - bounds.waiting_each
