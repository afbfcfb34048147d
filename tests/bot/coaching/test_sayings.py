"""Each time that an insight was said, as attention looks back at it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.coaching import undoing
from bot.coaching.snoozing import snooze
from bot.playground.slack.api import words_of
from bot.runtime.parts import Parts
from bot.slack.answers import Answer, record
from bot.slack.drawing import KINDS
from coach.history import Past
from coach.models import MessageState
from coach.phrases import say
from coach.postponing import tomorrow
from coach.screens import Control
from storage import asking, attention, people, sayings
from storage import insights as advice
from storage.messages import Message
from storage.sayings import Saying
from storage.sending import Claimed
from storage.tables import insights
from tests.bot.coaching.test_decisions import overdue, use
from tests.bot.coaching.test_following import late
from tests.bot.coaching.test_ticking import open_deal, task
from tests.together import World
from tests.world import ANA, BEGINNING, WORKSPACE, by, deliver, enrol, insights_of, won

DAY = timedelta(days=1)


async def past(parts: Parts, person_id: str) -> Past:
    """What attention goes by with somebody."""
    async with parts.database.read() as tx:
        (ana,) = (await people.load(tx, WORKSPACE, [person_id])).values()
        found = await attention.past_of(tx, WORKSPACE, [ana], BEGINNING + 3 * DAY)
    return found[person_id]


async def test_each_time_is_kept_with_its_kind_of_message(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"))
    (insight,) = await insights_of(parts, ana)
    key = (insight.rule, insight.subject)
    async with parts.database.write() as tx:
        for days, kind in ((0, "card"), (1, "brief"), (2, "digest")):
            at = BEGINNING + days * DAY
            await sayings.said(tx, WORKSPACE, [insight.fingerprint], kind, at)
        (row,) = await tx.execute(select(insights))
    assert sayings.of_row(row) == (
        Saying(BEGINNING, "card"),
        Saying(BEGINNING + DAY, "brief"),
        Saying(BEGINNING + 2 * DAY, "digest"),
    )
    assert (await past(parts, insight.person_id)).unanswered == {key: 3}
    # Whoever wants to go on hearing of it begins anew, and so does what is said from then on.
    async with parts.database.write() as tx:
        await asking.go_on(tx, WORKSPACE, insight.person_id, insight.rule)
    assert (await past(parts, insight.person_id)).unanswered == {}
    async with parts.database.write() as tx:
        again = BEGINNING + 2.5 * DAY
        await sayings.said(tx, WORKSPACE, [insight.fingerprint], "card", again)
    assert (await past(parts, insight.person_id)).unanswered == {key: 1}


async def test_what_was_begun_is_answered(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"))
    (insight,) = await insights_of(parts, ana)
    async with parts.database.write() as tx:
        await sayings.said(tx, WORKSPACE, [insight.fingerprint], "card", BEGINNING)
    assert (await past(parts, insight.person_id)).unanswered
    async with parts.database.write() as tx:
        await tx.execute(insights.update().values(outcome=say("1 of 4 is done.")))
    assert (await past(parts, insight.person_id)).unanswered == {}


async def test_what_was_begun_and_taken_back_is_not_answered(parts: Parts) -> None:
    insight = await overdue(parts)
    async with parts.database.write() as tx:
        await sayings.said(tx, WORKSPACE, [insight.fingerprint], "brief", BEGINNING)
    left = {(insight.rule, insight.subject): 1}
    assert (await past(parts, insight.person_id)).unanswered == left
    await use(parts, insight, Control.COMPLETE_TASK, "T-0")
    assert (await past(parts, insight.person_id)).unanswered == {}
    await undoing.undo(parts, by(ANA), insight.fingerprint)
    assert (await past(parts, insight.person_id)).unanswered == left


async def test_what_was_put_off_until_tomorrow_comes_tomorrow(sqlite_world: World) -> None:
    world = sqlite_world
    for number in range(1, 6):
        await world.post(open_deal(f"D-{number}", 100 * number))
    await world.settle()
    await world.tick()
    await world.settle()
    (said,) = [each for each in await world.insights(ANA) if each.subject.endswith("D-4")]
    async with world.database.write() as tx:
        # It was said before in this week.
        await sayings.said(tx, WORKSPACE, [said.fingerprint], "brief", world.clock.now())
    await snooze(world.parts, by(ANA), said.fingerprint, tomorrow)
    for _ in range(48):
        await world.pass_time(timedelta(hours=0.5))
        told = [
            each
            for each in world.messages(ANA)
            if "D-4" in words_of(each) and "insight:take" in str(each.blocks)
        ]
        if told:
            break
    # Tomorrow at nine in Madrid, with the brief.
    assert world.clock.now() < BEGINNING.replace(hour=9) + DAY
    assert [each.text.partition(":")[0] for each in told] == [
        "Your two for today, the most important first"
    ]


async def test_what_lasts_for_the_digest_keeps_when_its_moment_is_over(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"))
    (insight,) = await insights_of(parts, ana)
    for days in (5, 6):
        end = BEGINNING + days * DAY
        async with parts.database.write() as tx:
            await attention.let_last(tx, WORKSPACE, {insight.fingerprint: end})
            (waits,) = (await attention.open_of(tx, WORKSPACE, [ana.id]))[ana.id].values()
        assert waits.waiting.fresh_until == insight.expires_at
        assert waits.waiting.expires_at == end


async def test_an_urgent_task_is_not_silent_because_the_list_is(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(late(2))
    await world.settle()
    await world.tick()
    for _ in range(24):
        await world.pass_time(timedelta(hours=2))
    urgent = task("T-8", "2026-11-26")
    urgent["data"]["task"]["priority"] = "urgent"
    await world.post(urgent)
    await world.settle()
    # Said on Wednesday and Thursday, the list is silent on Monday.
    for _ in range(36):
        await world.pass_time(timedelta(hours=2))
    assert any("Newly overdue" in text and "T-8" in text for text in world.texts(ANA))
    # It is not about whatever else is overdue.
    await world.post({**task("T-9", "2026-11-12"), "id": "nine"})
    await world.settle()
    assert any("Newly overdue" in text and "T-8" in text for text in world.texts(ANA))


async def test_what_is_put_into_a_brief_of_a_moment_ago_is_said_by_it(sqlite_world: World) -> None:
    world = sqlite_world
    await world.post(open_deal("D-0", 100))
    await world.settle()
    await world.tick()
    await world.settle()
    await world.pass_time(timedelta(minutes=3))
    await world.post({**open_deal("D-1", 90), "id": "another"})
    await world.settle()
    await world.tick()
    await world.settle()
    (brief,) = world.messages(ANA)
    assert "D-1" in str(brief.blocks)
    async with world.database.read() as tx:
        rows = (await tx.execute(select(insights))).all()
    assert {len(sayings.of_row(row)) for row in rows} == {1}


async def test_what_a_summary_said_is_known_to_rules_and_to_attention(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"))
    (insight,) = await insights_of(parts, ana)
    async with parts.database.write() as tx:
        await sayings.said(tx, WORKSPACE, [insight.fingerprint], "backlog", BEGINNING)
        told = await advice.past(tx, WORKSPACE, [insight.rule], [ana.id], BEGINNING + DAY)
    ((known,),) = told.values()
    assert known.unanswered_at == (BEGINNING,)
    assert (await past(parts, ana.id)).unanswered == {(insight.rule, insight.subject): 1}


@pytest.mark.parametrize(("superseded", "gone"), [(False, False), (True, False), (False, True)])
async def test_only_what_can_be_read_in_a_message_drawn_again_is_said_by_it(
    parts: Parts, superseded: bool, gone: bool
) -> None:
    ana = await enrol(parts, ANA)
    await deliver(parts, won("D-1"))
    shown = await insights_of(parts, ana)
    brief = Message(
        WORKSPACE, "brief:1", "brief", ANA, person_id=ana.id, state=MessageState.SENT,
        sent_at=BEGINNING, superseded=superseded,
    )  # fmt: skip
    async with parts.database.write() as tx:
        await record(tx, [Answer(Claimed(brief, shown, ana), KINDS["brief"], gone=gone)])
        (row,) = await tx.execute(select(insights))
    assert bool(sayings.of_row(row)) == (not superseded and not gone)
