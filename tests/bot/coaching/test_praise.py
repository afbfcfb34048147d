"""Praise for a task that was completed is taken back when the task is to be done after all."""

from datetime import timedelta
from typing import Any

from bot.coaching import snoozing
from bot.runtime.parts import Parts
from coach.models import InsightState
from coach.wording import plain
from tests.bot.coaching.test_following import done, the, words
from tests.bot.coaching.test_ticking import LONG_AGO, pass_time
from tests.together import World
from tests.world import ANA, BEGINNING, by, deliver, enrol, insights_of, told

MINUTE = timedelta(minutes=1)
NEXT = {"id": "T-1", "title": "Call Bo", "priority": "high", "due_date": "2026-12-01"}


def said_of(task: dict[str, Any], minutes: int = 0) -> dict[str, Any]:
    """What the CRM tells of a task so many minutes after the beginning."""
    verb = "task_completed" if task.get("status") == "completed" else "task_updated"
    return told(verb, task=task, at=BEGINNING + minutes * MINUTE)


OFFER = {"id": "T-0", "title": "Send the offer"}
DONE, REOPENED = {**OFFER, "status": "completed"}, {**OFFER, "status": "pending"}


async def test_a_card_praises_while_the_task_is_done_and_no_longer(world: World) -> None:
    await world.post(told("task_created", task=NEXT, at=LONG_AGO))
    await world.post(said_of(DONE))
    await world.settle()
    (card,) = world.messages(ANA)
    assert card.text == "Coach: Nice work! Next priority: Call Bo"
    for minutes, task, is_done in ((1, REOPENED, False), (2, DONE, True)):
        await world.post(said_of(task, minutes))
        await world.settle()
        (card,) = world.messages(ANA)
        assert ("Nice work!" in card.text) is is_done
        assert ("You finished “Send the offer”" in str(card.blocks)) is is_done
        assert "Next priority: Call Bo" in card.text


async def test_nobody_is_praised_who_has_not_heard_of_it_yet(parts: Parts) -> None:
    ana = await enrol(parts, ANA)
    pass_time(parts, timedelta(hours=12))
    await deliver(parts, told("task_created", task=NEXT, at=LONG_AGO))
    now = parts.clock.now()
    # By an automation, in the night.
    await deliver(parts, {**done("T-0", title="Send the offer", at=now), "actor": "workflow"})
    assert (await the(parts, ana, "next_priority")).state is InsightState.OPEN
    await deliver(parts, told("task_updated", task=REOPENED, at=now + MINUTE))
    over = await the(parts, ana, "next_priority")
    assert over.state is InsightState.RESOLVED
    assert words(over) == "Send the offer is to be done again."


async def test_what_was_done_and_is_again_to_be_done_is_not_put_off_with_the_next(
    parts: Parts,
) -> None:
    ana = await enrol(parts, ANA)
    first = {**OFFER, "priority": "high", "due_date": "2026-11-30"}
    await deliver(parts, told("task_created", task=NEXT, at=LONG_AGO))
    await deliver(parts, said_of({**first, "status": "completed"}))
    put_off = await the(parts, ana, "next_priority")
    await snoozing.snooze(
        parts, by(ANA), put_off.fingerprint, lambda person, now: now + timedelta(hours=1)
    )
    await deliver(parts, said_of({**first, "status": "pending"}, 1))
    await deliver(parts, said_of({"id": "T-9", "title": "Small", "status": "completed"}, 2))
    said = {
        plain(each.message)
        for each in await insights_of(parts, ana)
        if each.state is InsightState.OPEN
    }
    assert "Nice work! Next priority: Send the offer" in said
