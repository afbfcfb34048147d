"""Briefs and digests at work: made once, kept true, and out of the way when the next one comes."""

from datetime import timedelta

import pytest

from bot.coaching import decisions
from coach.models import InsightState, Level
from storage import people
from tests.bot.coaching.test_following import done, late
from tests.bot.coaching.test_ticking import lead, open_deal, task
from tests.together import World
from tests.world import ANA, WORKSPACE, batch, by, told

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def words(world: World, place: int = -1) -> str:
    """All that one of Ana's messages says."""
    return str(world.messages(ANA)[place].blocks)


def pressable(world: World, place: int = -1) -> int:
    """How many of the lines of a message can be acted on."""
    return words(world, place).count("'insight:take'")


async def backlog(world: World) -> None:
    """Four kinds of thing that have waited for long."""
    await world.post(open_deal("D-1"))
    await world.post(open_deal("D-2", 90))
    await world.post(late(2))
    await world.post(lead("C-1", "Ann"))
    await world.settle()


async def test_what_waits_comes_in_one_message_and_the_rest_behind_a_button(world: World) -> None:
    await backlog(world)
    await world.tick()
    (brief,) = world.messages(ANA)
    assert brief.text.startswith("Your three for today, the most important first: ")
    assert pressable(world) == 3
    assert "1 thing more waits." in words(world)
    assert "brief:all" in words(world)
    # Left alone, nothing more comes.
    for _ in range(8):
        await world.pass_time(HOUR)
    assert len(world.posts(ANA)) == 1


async def test_a_line_that_is_done_keeps_its_place_and_loses_its_buttons(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await backlog(world)
    await world.tick()
    await world.post(batch({**done("T-0"), "id": "d0"}, {**done("T-1"), "id": "d1"}))
    await world.settle()
    assert "Done in the CRM: Task T-0 and Task T-1." in words(world)
    assert pressable(world) == 2
    assert len(world.posts(ANA)) == 1


async def test_what_is_put_into_a_brief_stands_where_its_importance_puts_it(world: World) -> None:
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.tick()
    (brief,) = world.messages(ANA)
    assert brief.text.startswith("One thing for today: Deal “Deal D-1”")
    # Something of a higher priority follows within minutes.
    await world.post(late(2))
    await world.settle()
    await world.pass_time(5 * MINUTE)
    (brief,) = world.messages(ANA)
    assert brief.text.startswith(
        "Your two for today, the most important first: You have 2 overdue tasks."
    )
    assert words(world).index("overdue tasks") < words(world).index("Deal D-1")


async def test_a_brief_says_that_it_is_in_order_only_while_it_is(world: World) -> None:
    await world.post(open_deal("D-1", 100))
    await world.settle()
    await world.tick()
    # Something as important follows within minutes, with more at stake: it moves no line away.
    await world.post(open_deal("D-2", 900))
    await world.settle()
    await world.pass_time(5 * MINUTE)
    (brief,) = world.messages(ANA)
    assert brief.text.startswith("Your two for today: Deal “Deal D-1”")
    assert words(world).index("Deal D-1") < words(world).index("Deal D-2")
    # Each change of what they are worth tells anew.
    for value, title in ((2000, "Your two for today, the most important first"), (10, "Your two")):
        worth = {"id": "D-1", "value": value}
        await world.post(told("deal_updated", deal=worth, at=world.clock.now()))
        await world.settle()
        (brief,) = world.messages(ANA)
        assert brief.text.startswith(f"{title}: Deal “Deal D-1”") or value == 10
        assert ("the most important first" in words(world)) is (value == 2000)


async def test_the_order_follows_money_that_no_line_tells_of(sqlite_world: World) -> None:
    world = sqlite_world
    new = world.clock.now()
    for id, value, more in (("D-1", 900, {"contact_id": "C-1"}), ("D-2", 100, {})):
        deal = {"id": id, "title": id, "stage": "Proposal", "status": "open", "value": value}
        await world.post(told("deal_created", deal={**deal, **more}, at=new))
    late_ = {"id": "T-1", "title": "Call", "due_date": "2026-11-10", "deal_id": "D-2"}
    await world.post(lead("C-1", "Ann"))
    await world.post(told("task_created", task=late_, at=new))
    await world.settle()
    await world.tick()
    assert words(world).index("Ann") < words(world).index("overdue task")
    assert "the most important first" in words(world)
    await world.post(told("deal_updated", deal={"id": "D-2", "value": 5000}, at=world.clock.now()))
    await world.settle()
    assert words(world).index("Ann") < words(world).index("overdue task")
    assert "the most important first" not in words(world)


async def test_what_stood_in_the_brief_of_before_is_put_in_order_with_what_is_new(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await world.post(open_deal("D-1", 900))
    await world.settle()
    await world.tick()
    assert world.texts(ANA)[0].startswith("One thing for today: Deal “Deal D-1”")
    # The next morning it still waits, and another one of less has come.
    await world.post(open_deal("D-2", 100))
    await world.settle()
    await world.pass_time(23 * HOUR)
    brief = world.messages(ANA)[-1]
    assert brief.text.startswith("Your two for today, the most important first: Deal “Deal D-1”")


async def test_a_brief_whose_lines_were_sent_away_is_not_called_done(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(late(1))
    await world.settle()
    await world.tick()
    (insight,) = await world.insights(ANA)
    await decisions.dismiss(world.parts, by(ANA), insight.fingerprint)
    await world.settle()
    assert world.texts(ANA) == ["None of these waits for you now"]


async def test_the_next_brief_takes_the_place_of_one_that_nobody_answered(world: World) -> None:
    await world.post(late(2))
    await world.settle()
    await world.tick()
    (first,) = world.messages(ANA)
    await world.pass_time(23 * HOUR)
    (second,) = world.messages(ANA)
    assert second.ts != first.ts
    assert pressable(world) == 1
    states = [each.state for each in await world.insights(ANA)]
    assert states == [InsightState.OPEN, InsightState.EXPIRED]


async def test_of_an_earlier_brief_what_was_done_stays(sqlite_world: World) -> None:
    world = sqlite_world
    await backlog(world)
    await world.tick()
    await world.post(batch({**done("T-0"), "id": "d0"}, {**done("T-1"), "id": "d1"}))
    await world.settle()
    await world.pass_time(47 * HOUR)
    first, second = world.messages(ANA)
    assert first.text == "What was done of these"
    assert (pressable(world, 0), "Done in the CRM" in words(world, 0)) == (0, True)
    # Of two days before a deal rests still.
    assert pressable(world, 1) == 2
    assert second.text.startswith("Your two for today")
    # That is said of it once, and not anew each morning.
    drawn = [each.ts for each in world.slack.sent if each.method == "chat.update"].count(first.ts)
    for _ in range(3):
        await world.pass_time(24 * HOUR)
    again = [each.ts for each in world.slack.sent if each.method == "chat.update"]
    assert again.count(first.ts) == drawn


async def test_weeks_of_absence_leave_no_graveyard_and_less_and_less_is_said(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await backlog(world)
    weeks = [0, 0, 0, 0]
    for tick in range(4 * 7 * 12):
        before = len(world.posts(ANA))
        await world.pass_time(2 * HOUR)
        weeks[tick // (7 * 12)] += len(world.posts(ANA)) - before
        assert len(world.messages(ANA)) <= 2
    # And fewer come each week to somebody who answers nothing.
    assert weeks == [3, 2, 2, 1]


async def test_nothing_is_said_at_night_or_on_a_day_off(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(task("T-1", "2026-11-26"))
    await world.settle()
    said: list[str] = []
    for _ in range(7 * 48):
        await world.pass_time(HOUR / 2)
        if len(world.posts(ANA)) > len(said):
            said.append(f"{world.clock.now():%a %H:%M}")
    # Overdue from Friday on, by the clocks of Madrid: its own day, and once more within the week.
    assert said == ["Fri 08:00", "Mon 08:00"]


async def test_what_is_too_small_for_the_brief_comes_in_the_digest(sqlite_world: World) -> None:
    world = sqlite_world
    ana = await world.person(ANA)
    async with world.database.write() as tx:
        await people.change(tx, WORKSPACE, ana.id, level=int(Level.MINIMAL))
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.tick()
    assert world.messages(ANA) == []
    await world.pass_time(2 * DAY + 6 * HOUR)
    (digest,) = world.messages(ANA)
    assert digest.text == "Worth a look when you have time: 1 thing"
    assert "Stuck deals" in words(world)
    assert pressable(world) == 1
    await world.pass_time(MINUTE)
    assert len(world.posts(ANA)) == 1
    # On Monday it is all there for who has left at five, and is not said a second time beside it.
    for _ in range(2 * 24 + 18):
        await world.pass_time(HOUR)
    (digest,) = world.messages(ANA)
    assert digest.text == "Worth a look when you have time: 1 thing"
    assert (pressable(world), len(world.posts(ANA))) == (1, 1)
    open_ = [each for each in await world.insights(ANA) if each.state is InsightState.OPEN]
    assert [each.rule for each in open_] == ["stuck_deals"]


async def test_a_list_in_a_digest_moves_to_the_brief_that_tells_of_it(sqlite_world: World) -> None:
    world = sqlite_world
    ana = await world.person(ANA)
    async with world.database.write() as tx:
        await people.change(tx, WORKSPACE, ana.id, brief=False)
    await world.post(late(2))
    await world.settle()
    await world.pass_time(2 * DAY + 6 * HOUR)
    (digest,) = world.messages(ANA)
    assert "You have 2 overdue tasks." in words(world)
    # At the weekend she wants a brief after all.
    async with world.database.write() as tx:
        await people.change(tx, WORKSPACE, ana.id, brief=True)
    await world.pass_time(2 * DAY + 15 * HOUR)
    assert [each.ts for each in world.messages(ANA)] == [digest.ts]
    await world.pass_time(HOUR)
    (brief,) = world.messages(ANA)
    assert brief.ts != digest.ts
    assert brief.text.startswith("One thing for today: You have 2 overdue tasks.")


async def test_a_card_that_went_unanswered_makes_room_for_the_next(sqlite_world: World) -> None:
    world = sqlite_world
    await world.as_it_comes(ANA)
    await world.post(late(2))
    await world.settle()
    await world.tick()
    (first,) = world.texts(ANA)
    assert first.startswith("Coach: You have 2 overdue tasks.")
    before = world.messages(ANA)[0].ts
    await world.pass_time(23 * HOUR)
    (card,) = world.messages(ANA)
    assert card.ts != before


async def weeks_pass(world: World, weeks: int) -> None:
    """The clock ticks as each day's work begins in Madrid, and when digests come."""
    for _ in range(weeks * 7):
        await world.pass_time(8 * HOUR)
        await world.pass_time(16 * HOUR)


async def test_what_goes_unanswered_for_weeks_is_asked_about_and_silent_until_the_answer(
    world: World,
) -> None:
    await world.post(open_deal("D-1"))
    await world.settle()
    # From ten to eight in the morning.
    await world.pass_time(22 * HOUR)
    for _ in range(8):
        await weeks_pass(world, 1)
        asked = [each for each in world.messages(ANA) if "for weeks you have answered" in each.text]
        if asked:
            break
    (question,) = asked
    assert question.text.startswith("“Stuck deals”: for weeks you have answered none of it.")
    so_far = len(world.posts(ANA))
    await weeks_pass(world, 2)
    assert len(world.posts(ANA)) == so_far
    answer = await world.slack.press(ANA, question.ts, label="Go on")
    assert answer.ok
    await world.settle()
    assert any("I go on telling you." in each for each in world.texts(ANA))
    await weeks_pass(world, 1)
    assert len(world.posts(ANA)) > so_far + 1


async def test_who_wants_no_more_of_it_hears_no_more_of_it(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.pass_time(22 * HOUR)
    await weeks_pass(world, 8)
    (question,) = [each for each in world.messages(ANA) if "for weeks" in each.text]
    so_far = len(world.posts(ANA))
    assert (await world.slack.press(ANA, question.ts, label="Stay quiet")).ok
    await world.settle()
    assert any("I stay quiet about it." in each for each in world.texts(ANA))
    # What is open of it has ended, and would be open again by Undo.
    states = {each.state for each in await world.insights(ANA)}
    assert InsightState.OPEN not in states
    await weeks_pass(world, 2)
    assert len(world.posts(ANA)) == so_far


@pytest.mark.parametrize("silence", ["pause 1h", "off"])
async def test_who_speaks_again_to_the_coach_gets_no_second_copy_of_todays_brief(
    sqlite_world: World, silence: str
) -> None:
    world = sqlite_world
    await backlog(world)
    await world.tick()
    (brief,) = world.messages(ANA)
    await world.pass_time(20 * MINUTE)
    for _ in range(2):
        await world.slack.command(ANA, f"/coach {silence}")
        await world.settle()
        await world.slack.command(ANA, "/coach on")
        await world.settle()
        await world.tick()
        await world.settle()
    advice = [each for each in world.messages(ANA) if "insight:take" in str(each.blocks)]
    assert [each.ts for each in advice] == [brief.ts]
    assert str(advice[0].blocks).count("'insight:take'") == 3


async def test_what_came_up_in_silence_comes_with_the_rest_in_the_place_of_todays_brief(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.tick()
    (brief,) = world.messages(ANA)
    await world.pass_time(20 * MINUTE)
    await world.slack.command(ANA, "/coach off")
    await world.post(late(2))
    await world.settle()
    await world.slack.command(ANA, "/coach on")
    await world.settle()
    await world.tick()
    await world.settle()
    (anew,) = [each for each in world.messages(ANA) if "insight:take" in str(each.blocks)]
    assert anew.ts > brief.ts
    assert anew.text.startswith("Your two for today, the most important first: You have 2 overdue")
    assert "Deal D-1" in str(anew.blocks)


async def test_a_brief_of_an_earlier_day_is_no_reason_to_wait(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(open_deal("D-1"))
    await world.settle()
    await world.tick()
    (brief,) = world.messages(ANA)
    await world.slack.command(ANA, "/coach off")
    # On the evening of the next day.
    await world.pass_time(33 * HOUR)
    await world.slack.command(ANA, "/coach on")
    await world.settle()
    await world.tick()
    await world.settle()
    (anew,) = [each for each in world.messages(ANA) if "insight:take" in str(each.blocks)]
    assert anew.ts > brief.ts


async def test_a_brief_that_is_left_says_the_next_day_of_which_day_it_is(
    sqlite_world: World,
) -> None:
    world = sqlite_world
    await backlog(world)
    await world.tick()
    (brief,) = world.messages(ANA)
    assert brief.text.startswith("Your three for today")
    day = world.clock.now().date()
    while world.clock.now().date() == day:
        await world.pass_time(HOUR)
    await world.pass_time(HOUR)
    first = world.messages(ANA)[0]
    assert first.text.startswith(f"Your three of {day:%a} {day.day} {day:%b}, the most important")
