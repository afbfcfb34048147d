"""What was put off waits with its rule: nothing says it again meanwhile, and it stays true."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from bot.coaching import decisions, enrolling, muting, snoozing, undoing
from bot.coaching.muting import Choice
from bot.playground.slack.api import words_of
from bot.playground.slack.forms import controls
from coach import postponing
from coach.models import Insight, InsightState, Level, SubjectKind
from coach.wording import plain
from storage import checks
from storage.tables import insights as insights_table
from tests.bot.coaching.test_agreeing import items
from tests.bot.coaching.test_following import done, late
from tests.bot.coaching.test_ticking import open_deal, task
from tests.together import World
from tests.world import ANA, CONNECTION, WORKSPACE, batch, by, told, won

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


async def test_what_came_back_makes_room_for_the_answer_to_something_done_since(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await world.as_it_comes(ANA)
    await world.post(batch(*(urgent(f"T-{n}", f"2026-12-2{n}") for n in range(4))))
    await world.settle()
    await world.post(done("T-0", world.clock.now()))
    await world.settle()
    (first,) = await open_ones(world)
    assert "T-1" in plain(first.message)
    await put_off(world, first, f"{world.clock.now() + DAY:%Y-%m-%d}")
    await days_pass(world, 1)
    (back,) = await open_ones(world)
    assert back.fingerprint == first.fingerprint
    await world.pass_time(timedelta(hours=1))
    await world.post(done("T-3", world.clock.now()))
    await world.settle()
    (anew,) = await open_ones(world)
    assert anew.fingerprint != first.fingerprint
    # What was said of the day before is not said of today.
    assert plain(back.message) == "Next priority: Task T-1"
    assert plain(anew.message) == "Nice work! Next priority: Task T-1"
    # It is of use for its own four hours, and not until the end of what was put off.
    assert anew.expires_at == world.clock.now() + timedelta(hours=4)
    assert len(live(world)) == 1


def urgent(id: str, day: str) -> dict[str, Any]:
    """A task of high priority that is late the day after."""
    event = task(id, day)
    event["data"]["task"]["priority"] = "urgent"
    return {**event, "id": f"made-{id}"}


async def test_what_was_put_off_together_is_counted_and_shown_nowhere_until_then(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await world.post(late(2))
    await world.settle()
    await world.tick()
    await days_pass(world, 2)
    # The list was left standing twice: these come by themselves.
    await world.post(batch(urgent("T-8", "2026-11-27"), urgent("T-9", "2026-11-27")))
    await days_pass(world, 3)
    (news,) = [each for each in await open_ones(world) if "Newly" in plain(each.message)]
    assert plain(news.message) == "Newly overdue: Task T-8 and Task T-9."
    await put_off(world, news, "2026-12-09")
    said_before = len(world.posts(ANA))
    for _ in range(7):
        await days_pass(world, 1)
        for each in await open_ones(world):
            if each.rule == "overdue_tasks" and each.fingerprint != news.fingerprint:
                assert plain(each.message).startswith("You have 2 overdue tasks")
                opened = await decisions.open_screen(world.parts, by(ANA), each.fingerprint)
                assert [item.ref.id for item in items(opened)] == ["T-0", "T-1"]
    heard = [text for text in world.posts(ANA)[said_before:] if "Newly" in text]
    assert heard == []
    await days_pass(world, 2)
    heard = [text for text in world.posts(ANA)[said_before:] if "Newly" in text]
    assert len(heard) == 1
    assert "Task T-8 and Task T-9" in heard[0]


async def test_what_was_put_off_together_is_back_together(sqlite_world: World) -> None:
    world = sqlite_world
    ana = await world.person(ANA)
    await world.post(batch(urgent("T-8", "2026-11-20"), urgent("T-9", "2026-11-20")))
    await world.settle()
    await world.tick()
    (news,) = await open_ones(world)
    async with world.database.write() as tx:
        await tx.execute(update(insights_table).values(subject=f"task:{CONNECTION}:T-8"))
    await put_off(world, news, "2026-12-09")
    await days_pass(world, 1)
    async with world.database.read() as tx:
        due = await checks.due(
            tx, WORKSPACE, "overdue_tasks", SubjectKind.TASK, [ana.id], world.clock.now(), most=9
        )
    assert due == {}
    back = await snoozing.undo(world.parts, by(ANA), news.fingerprint)
    async with world.database.read() as tx:
        due = await checks.due(
            tx, WORKSPACE, "overdue_tasks", SubjectKind.TASK, [ana.id], back.expires_at, most=9
        )
    assert [each.id for each in due[ana.id].subjects] == ["T-8", "T-9"]


async def test_what_came_back_by_itself_and_is_reopened_there_is_open_in_one_message(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await world.post(late(3))
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.tick()
    await world.settle()
    insight = next(each for each in await open_ones(world) if each.rule == "overdue_tasks")

    def told_in() -> list[str]:
        return [
            each.ts
            for each in world.messages(ANA)
            for block, element in controls(each.blocks)
            if element["action_id"] == "insight:take" and insight.fingerprint in str(block)
        ]

    (brief,) = told_in()
    await snoozing.snooze(world.parts, by(ANA), insight.fingerprint, postponing.in_an_hour)
    await world.settle()
    await world.pass_time(timedelta(hours=1, minutes=1))
    (card,) = told_in()
    assert card != brief
    await decisions.dismiss(world.parts, by(ANA), insight.fingerprint)
    await undoing.undo(world.parts, by(ANA), insight.fingerprint)
    await world.settle()
    assert told_in() == [card]


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


async def next_one(world: World) -> Insight:
    """Ana has done something, and is pointed at T-1, which is late the day after."""
    today = f"{world.clock.now():%Y-%m-%d}"
    await world.post(batch(urgent("T-1", today), urgent("T-2", "2026-12-20")))
    await world.settle()
    await world.post({**task("T-9", today), "id": "nine"})
    await world.post(done("T-9", world.clock.now()))
    await world.settle()
    (first,) = await open_ones(world)
    assert plain(first.message) == "Nice work! Next priority: Task T-1"
    return first


async def test_what_was_put_off_until_tomorrow_says_what_is_so_tomorrow(world: World) -> None:
    first = await next_one(world)
    # It is late by then, and muted as such: nothing else tells of it.
    await muting.mute(world.parts, by(ANA), Choice("rule:overdue_tasks"), None)
    await put_off(world, first, f"{world.clock.now() + DAY:%Y-%m-%d}")
    await days_pass(world, 1)
    (said,) = live(world)
    assert "Next priority: Task T-1" in said
    assert "Nice work" not in said
    assert "You finished" not in said


async def test_of_one_task_one_thing_is_said_that_day(world: World) -> None:
    first = await next_one(world)
    await put_off(world, first, f"{world.clock.now() + DAY:%Y-%m-%d}")
    await days_pass(world, 1)
    await world.pass_time(timedelta(minutes=5))
    await world.settle()
    (said,) = live(world)
    assert "You have 1 overdue task" in said
    (left,) = await open_ones(world)
    assert left.rule == "overdue_tasks"


async def test_what_was_put_off_until_the_morning_comes_with_the_brief_of_it(
    sqlite_world: World,
) -> None:
    """Also to whoever wants to hear of everything as it comes."""
    world = sqlite_world
    await enrolling.set_level(world.parts, by(ANA), Level.ACTIVE)
    await world.post(won("D-7", at=world.clock.now()))
    await world.settle()
    (wish,) = await open_ones(world)
    await snoozing.snooze(world.parts, by(ANA), wish.fingerprint, postponing.tomorrow)
    await world.settle()
    await world.post(task("T-1", f"{world.clock.now():%Y-%m-%d}"))
    await world.settle()
    posted = len(world.posts(ANA))
    now = world.clock.now()
    await world.pass_time((now + DAY).replace(hour=8, minute=0) - now)
    await world.pass_time(timedelta(minutes=2))
    assert len(world.posts(ANA)) == posted + 1
    (said,) = live(world)
    assert "You have 1 overdue task" in said
    assert "for a referral" in said


async def test_a_brief_that_comes_a_moment_later_takes_the_place_of_what_came_back(
    world: World,
) -> None:
    first = await next_one(world)
    await put_off(world, first, f"{world.clock.now() + DAY:%Y-%m-%d}")
    now = world.clock.now()
    world.clock.advance((now + DAY).replace(hour=8, minute=0) - now)
    await world.settle()
    await world.tick()
    await world.settle()
    (said,) = live(world)
    assert "You have 1 overdue task" in said
    # One message of that morning holds both.
    assert "Task T-1 is in today's messages already." in said
    assert len(world.messages(ANA)) == 1


async def test_what_is_overdue_anew_is_named_though_one_of_them_is_late_again_with_another(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await world.post(late(2))
    await world.settle()
    await world.tick()
    await days_pass(world, 2)
    await world.post(batch(urgent("T-7", "2026-11-27"), urgent("T-8", "2026-11-27")))
    await days_pass(world, 3)
    (news,) = [each for each in await open_ones(world) if "Newly" in plain(each.message)]
    assert plain(news.message) == "Newly overdue: Task T-7 and Task T-8."
    await put_off(world, news, "2026-12-09")
    # The first of them is done, and then is late once more, together with another.
    await world.post(done("T-7", world.clock.now()))
    await world.settle()
    late_again = {"id": "T-7", "status": "pending", "due_date": "2026-11-30"}
    await world.pass_time(timedelta(minutes=1))
    await world.post(told("task_updated", task=late_again, at=world.clock.now()))
    await world.post(urgent("T-9", "2026-11-30"))
    await world.settle()
    await days_pass(world, 2)
    waits = [plain(each.message) for each in await open_ones(world) if each.snoozed_until]
    assert waits == ["Newly overdue: Task T-8."]
