"""`/coach preview`: what the last 30 days would have brought; nothing changes, nothing waits."""

import asyncio
import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.playground.slack.api import words_of
from bot.simulating.previewing import apart
from bot.slack.listeners.desk import LONG
from coach.models import Level
from storage.tables import activities, insights, messages
from tests.bot.surface import BEN as NOBODY
from tests.bot.surface import Surface
from tests.together import World
from tests.world import ANA, BEGINNING, batch, told, won

DAY = timedelta(days=1)


async def lived(world: World) -> None:
    """Ana's month: two deals stand still, and one was won."""
    deals = [
        told(
            "deal_created",
            at=BEGINNING - (60 + n) * DAY,
            deal={"id": f"D-{n}", "title": f"Deal {n}", "stage": "Offer", "value": str(n)},
        )
        for n in (1, 2, 3)
    ]
    await world.post(batch(*deals, won("D-3", at=BEGINNING - 12 * DAY)))
    await world.settle()


def answers(world: World, who: str = ANA) -> list[str]:
    return [words_of(each) for each in world.slack.messages(who) if each.ephemeral]


async def previewed(world: World, who: str = ANA) -> str:
    """The preview, once it is there."""
    assert (await world.slack.command(who, "/coach preview")).ok
    assert await world.parts.background.drain(60) == 0
    return answers(world, who)[-1]


async def test_each_level_is_told_with_numbers_kinds_and_examples(world: World) -> None:
    await lived(world)
    told_ = await previewed(world)
    first, *_ = answers(world)
    assert "Looking at your last 30 days at each level." in first
    for name in ("1 · Minimal", "2 · Balanced", "3 · Active"):
        assert name in told_
    assert "2 · Balanced: high and medium priority (yours)" in told_
    assert " messages on " in told_
    assert "Stuck deals" in told_
    assert "Referrals 1" in told_
    assert "“Great close! This is the perfect moment to ask Ann Lee for a referral" in told_
    assert "Deal 2" in told_
    # The levels that are not hers can be chosen.
    assert [n for n in (1, 2, 3) if f"Choose level {n}" in told_] == [1, 3]


async def test_nothing_is_changed_by_it_and_nothing_is_sent(sqlite_world: World) -> None:
    await lived(sqlite_world)

    async def there() -> list[list[str]]:
        async with sqlite_world.database.read() as tx:
            return [
                sorted(map(repr, await tx.execute(select(table)))) for table in (insights, messages)
            ]

    before, posts = await there(), sqlite_world.posts()
    await previewed(sqlite_world)
    assert await there() == before
    assert sqlite_world.posts() == posts
    assert (await sqlite_world.person(ANA)).settings.level is Level.BALANCED
    async with sqlite_world.database.read() as tx:
        used = select(activities.c.changes).where(activities.c.verb == "command_used")
        assert [row[0] for row in await tx.execute(used)] == [{"command": [None, "preview"]}]


async def test_another_level_is_chosen_by_its_button_and_the_preview_goes(
    sqlite_world: World,
) -> None:
    await lived(sqlite_world)
    await previewed(sqlite_world)
    last = sqlite_world.slack.messages(ANA)[-1]
    await sqlite_world.slack.press(ANA, last.ts, label="Choose level 3")
    await sqlite_world.settle()
    assert (await sqlite_world.person(ANA)).settings.level is Level.ACTIVE
    assert answers(sqlite_world)[-1].startswith("Your level is now 3 · Active")


async def test_who_has_no_history_is_told_so(surface: Surface) -> None:
    assert (await surface.slack.command(NOBODY, "/coach preview")).ok
    await surface.parts.background.drain(60)
    assert "Nothing is known yet of deals, contacts or tasks of yours" in surface.said(NOBODY)


async def test_the_bot_goes_on_meanwhile(sqlite_world: World) -> None:
    await lived(sqlite_world)
    waits: list[float] = []

    async def beat() -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(0.01)
            waits.append(time.monotonic() - begun)

    beating = asyncio.create_task(beat())
    await previewed(sqlite_world)
    beating.cancel()
    # It took a while, and the loop was never held for long: half of the time it was free at once.
    waits.sort()
    assert len(waits) > 20
    assert waits[len(waits) // 2] < 0.2


async def test_one_at_a_time_and_no_endless_queue(sqlite_world: World) -> None:
    await lived(sqlite_world)
    many = LONG.each + LONG.waiting_each + 2
    for _ in range(many):
        assert (await sqlite_world.slack.command(ANA, "/coach preview")).ok
        # Each is answered at once, before the one before it is done.
    await sqlite_world.slack.until(
        lambda: any("busy at the moment" in each for each in answers(sqlite_world)), "a refusal"
    )
    assert await sqlite_world.parts.background.drain(120) == 0
    done = [each for each in answers(sqlite_world) if "would have brought" in each]
    assert len(done) == LONG.each + LONG.waiting_each


async def test_what_nobody_waits_for_any_more_is_not_worked_out(sqlite_world: World) -> None:
    await lived(sqlite_world)
    ana, now, over = await sqlite_world.person(ANA), sqlite_world.clock.now(), threading.Event()
    assert len(await asyncio.to_thread(apart, sqlite_world.parts, ana, now, over)) == len(Level)
    over.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.to_thread(apart, sqlite_world.parts, ana, now, over)


async def test_a_bot_that_ends_waits_for_no_preview(sqlite_world: World) -> None:
    await lived(sqlite_world)
    assert (await sqlite_world.slack.command(ANA, "/coach preview")).ok
    await sqlite_world.slack.until(lambda: answers(sqlite_world), "an answer")
    begun = time.monotonic()
    await sqlite_world.stop_bot()
    assert time.monotonic() - begun < 10
