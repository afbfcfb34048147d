"""Beside a change that did not get to its CRM, its person says that they have made it there."""

from datetime import timedelta

from bot.coaching import undelivered
from coach.phrases import say
from coach.writes import CompleteTask
from storage import crm_writes, workspaces
from storage.crm_writes import StoredWrite
from tests.bot.surface import ANA, BEN, CRM, WS, Surface, task


async def given_up(surface: Surface) -> str:
    """A change of Ana's that was given up; returns its key."""
    ana = await surface.person(ANA)
    fingerprint, _ = await surface.card()
    await surface.save(task(person_id=ana.id))
    write = StoredWrite(
        WS,
        f"{fingerprint}:complete:T-1",
        fingerprint,
        say("Completed “{task}”", task="Send the offer"),
        CompleteTask(CRM, "T-1"),
        ana.id,
    )
    now, parts = surface.clock.now(), surface.parts
    async with parts.database.write() as tx:
        await workspaces.lock(tx, parts.database, WS)
        await crm_writes.add(tx, write, now)
        (claimed,) = await crm_writes.claim(
            tx, parts.database, now, lease=timedelta(minutes=1), most=1
        )
        assert await crm_writes.fail(tx, claimed, "HTTP 500")
        await undelivered.tell(parts, tx, claimed)
    await surface.settle()
    return write.key


async def test_they_press_once_and_may_take_it_back(surface_on_both: Surface) -> None:
    surface = surface_on_both
    key = await given_up(surface)
    message = surface.last(ANA)
    assert "missing in c1" in message.text
    answer = await surface.slack.press(ANA, message.ts, label="I have done it in the CRM")
    assert answer.ok
    await surface.settle()
    said = surface.said(ANA)
    assert "You have seen to it in the CRM: Completed “Send the offer”." in said
    assert await state(surface, key) == "by_hand"
    assert (await surface.slack.press(ANA, message.ts, label="Undo")).ok
    await surface.settle()
    assert "Not in the CRM: Completed “Send the offer”. Why: HTTP 500." in surface.said(ANA)
    assert await state(surface, key) == "failed"


async def test_a_second_press_and_one_of_somebody_else_are_told_why_they_do_nothing(
    surface: Surface,
) -> None:
    key = await given_up(surface)
    ts, label = surface.last(ANA).ts, "I have done it in the CRM"
    assert (await surface.slack.press(ANA, ts, label=label, by=BEN)).ok
    await surface.settle()
    assert any("Somebody else made this change" in each for each in said_beside(surface))
    assert await state(surface, key) == "failed"
    assert (await surface.slack.press(ANA, ts, label=label)).ok
    await surface.settle()
    assert (await surface.slack.press(ANA, ts, label=label, stale=True)).ok
    await surface.settle()
    assert any("You have said so already." in each for each in said_beside(surface))
    assert await state(surface, key) == "by_hand"


def said_beside(surface: Surface) -> list[str]:
    return surface.ephemerals(ANA) + surface.ephemerals(BEN)


async def state(surface: Surface, key: str) -> str:
    async with surface.parts.database.read() as tx:
        write = await crm_writes.one(tx, WS, key)
    assert write is not None
    return write.state
