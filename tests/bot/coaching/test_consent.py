"""Consent first: one welcome, and nothing else until Start."""

from datetime import timedelta

from bot.coaching import enrolling
from bot.runtime.parts import Parts
from coach.models import Enrolment
from storage import messages, sending
from tests.together import World
from tests.world import ANA, BEN, WORKSPACE, by, deliver, enrol, standing, standings, told, won

MINUTE = timedelta(minutes=1)


async def test_a_won_deal_brings_its_owner_who_has_started_a_card(world: World) -> None:
    reply = await world.post(won())
    assert (reply.status, reply.body) == (202, {"accepted": 1, "duplicates": 0, "rejected": []})
    await world.settle()
    (card,) = world.messages(ANA)
    assert "ask Ann Lee for a referral" in card.text


async def test_a_first_insight_brings_one_welcome_and_nothing_else_until_start(
    world: World,
) -> None:
    for number in range(3):
        await world.post(won(f"D-{number}", owner=BEN))
        await world.settle()
        await world.pass_time(MINUTE)
    (welcome,) = world.messages(BEN)
    assert "May I start?" in welcome.text
    assert (await world.person(BEN)).enrolment is Enrolment.INVITED
    answer = await world.slack.press(BEN, welcome.ts, label="Start")
    assert answer.ok, answer
    await world.parts.background.drain(30)
    await world.settle()
    welcome, card = world.messages(BEN)
    assert "on" in welcome.text
    assert not any(block["type"] == "actions" for block in welcome.blocks)
    assert "referral" in card.text


async def test_not_now_is_respected_and_what_waited_stays_for_whoever_asks(world: World) -> None:
    await world.post(won("D-1", owner=BEN))
    await world.settle()
    (welcome,) = world.messages(BEN)
    await world.slack.press(BEN, welcome.ts, label="Not now")
    await world.parts.background.drain(30)
    await world.settle()
    assert (await world.person(BEN)).enrolment is Enrolment.DECLINED
    await world.post(won("D-2", owner=BEN))
    await world.settle()
    await world.pass_time(timedelta(days=1))
    (welcome,) = world.messages(BEN)
    assert "stays quiet" in welcome.text
    (kept,) = await world.insights(BEN)
    assert await standing(world.parts, kept.fingerprint) == "declined"


async def test_time_rules_need_consent_too(sqlite_world: World) -> None:
    world = sqlite_world
    await world.enrol(BEN, Enrolment.NEW)
    lead = {"id": "C-1", "name": "Ann", "status": "LEAD"}
    since = world.clock.now() - timedelta(weeks=3)
    await world.post(told("contact_created", contact=lead, at=since, owner=BEN))
    await world.settle()
    assert world.messages(BEN) == []
    await world.tick()
    (welcome,) = world.messages(BEN)
    assert "May I start?" in welcome.text


async def test_the_welcome_is_made_once_however_often_the_first_insight_comes(
    parts: Parts,
) -> None:
    ben = await enrol(parts, BEN, Enrolment.NEW)
    await deliver(parts, won("D-1", owner=BEN), won("D-2", owner=BEN))
    await deliver(parts, won("D-3", owner=BEN))
    async with parts.database.write() as tx:
        claimed = await sending.claim(tx, parts.clock.now(), lease=MINUTE, most=9)
    assert [each.message.id for each in claimed] == [f"welcome:{ben.id}"]
    assert set(await standings(parts, ben)) == {"consent"}


async def test_something_too_unimportant_to_interrupt_brings_no_welcome(
    sqlite_parts: Parts,
) -> None:
    parts = sqlite_parts
    await enrol(parts, BEN, Enrolment.NEW, level=1)
    pressing = {"id": "T-1", "title": "Call", "priority": "high"}
    await deliver(parts, told("task_created", task=pressing, owner=BEN))
    await deliver(parts, told("task_completed", task={"id": "T-2"}, owner=BEN))
    async with parts.database.read() as tx:
        assert not await sending.any_waiting(tx, parts.clock.now())


async def test_who_turns_the_coach_on_by_command_gets_what_waited_and_no_welcome(
    parts: Parts,
) -> None:
    ben = await enrol(parts, BEN, Enrolment.NEW)
    await enrolling.turn_on(parts, by(BEN))
    await deliver(parts, won("D-1", owner=BEN))
    assert await standings(parts, ben) == ["due"]
    async with parts.database.read() as tx:
        assert await messages.get(tx, WORKSPACE, f"welcome:{ben.id}") is None
