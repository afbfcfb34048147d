"""What was put off waits with its rule: nothing says it again meanwhile, and it stays true."""

from datetime import timedelta

from bot.coaching import snoozing
from bot.playground.slack.api import words_of
from coach import postponing
from coach.models import Insight, InsightState
from coach.wording import plain
from tests.bot.coaching.test_following import done, late
from tests.bot.coaching.test_ticking import open_deal, task
from tests.world import ANA, World, by

DAY = timedelta(days=1)


async def put_off(world: World, insight: Insight, day: str) -> None:
    def until(person, now):  # type: ignore[no-untyped-def]
        return postponing.on_day(day, person, now)

    await snoozing.snooze(world.parts, by(ANA), insight.fingerprint, until)
    await world.settle()


async def open_ones(world: World) -> list[Insight]:
    return [each for each in await world.insights(ANA) if each.state is InsightState.OPEN]


async def days_pass(world: World, days: int) -> None:
    """Morning after morning, a little after work has begun in Madrid."""
    for _ in range(days):
        now = world.clock.now()
        morning = (now + DAY).replace(hour=8, minute=5)
        await world.pass_time(morning - now)
        await world.settle()


def live(world: World) -> list[str]:
    return [words_of(each) for each in world.messages(ANA) if "insight:take" in str(each.blocks)]


async def test_a_list_that_was_put_off_is_not_said_again_meanwhile_and_counts_what_there_is_then(
    world: World,
) -> None:
    await world.post(late(3))
    await world.settle()
    await world.tick()
    await world.settle()
    (insight,) = await open_ones(world)
    await put_off(world, insight, "2026-11-30")
    assert live(world) == []
    # One more is overdue on Thursday, and one was done on Friday.
    await world.post(task("T-8", "2026-11-25"))
    await days_pass(world, 2)
    assert live(world) == []
    (same,) = await open_ones(world)
    assert same.fingerprint == insight.fingerprint
    assert plain(same.message).startswith("You have 4 overdue tasks")
    await world.post(done("T-0"))
    await world.settle()
    (message,) = world.messages(ANA)
    assert message.text == "None of these waits for you now"
    assert "Put off until Mon 30 Nov, 09:00: You have 3 overdue tasks" in words_of(message)
    await days_pass(world, 3)
    (said,) = live(world)
    assert "You have 3 overdue tasks" in said
    assert len(await open_ones(world)) == 1
    # Unanswered, it ends a working day later, and the rule goes on as ever.
    await days_pass(world, 1)
    (other,) = await open_ones(world)
    assert other.fingerprint != insight.fingerprint
    assert len(live(world)) == 1


async def test_a_deal_that_was_put_off_leaves_its_place_to_others_until_then(world: World) -> None:
    await world.post(open_deal("D-1", 900))
    await world.settle()
    await world.tick()
    await world.settle()
    (insight,) = await open_ones(world)
    await put_off(world, insight, "2026-11-30")
    for id in ("D-2", "D-3", "D-4"):
        await world.post({**open_deal(id), "id": f"made-{id}"})
    said: list[str] = []
    for _ in range(2):
        await days_pass(world, 1)
        said += live(world)
    assert said
    assert not any("Deal D-1" in each for each in said)
    await days_pass(world, 3)
    assert [each for each in live(world) if "Deal D-1" in each]
    about = [each.subject for each in await open_ones(world)]
    assert len(about) == len(set(about))


async def test_what_is_settled_meanwhile_says_so_and_does_not_come_again(world: World) -> None:
    await world.post(late(1))
    await world.settle()
    await world.tick()
    await world.settle()
    (insight,) = await open_ones(world)
    await put_off(world, insight, "2026-11-30")
    await world.post(done("T-0"))
    await world.settle()
    for days in (0, 5):
        await days_pass(world, days)
        (message,) = world.messages(ANA)
        assert message.text == "Done for today"
        assert "Done in the CRM: Task T-0." in words_of(message)
        assert "Put off" not in words_of(message)
    assert await open_ones(world) == []
