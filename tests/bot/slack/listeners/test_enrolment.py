"""Tests of the welcome message: nothing is sent before Start, and its buttons do what they say."""

from coach.models import Enrolment
from tests.bot.surface import BEN, Surface, welcome


async def test_start_brings_what_was_held_and_the_message_says_so(surface_on_both: Surface) -> None:
    surface = surface_on_both
    held = await surface.insight(BEN)
    message = await welcome(surface, BEN)
    assert "May I start?" in message.text
    assert len(surface.slack.messages(BEN)) == 1

    assert (await surface.slack.press(BEN, message.ts, label="Start")).ok
    await surface.settle()

    assert (await surface.person(BEN)).enrolment is Enrolment.STARTED
    on = surface.slack.conversations[BEN][message.ts].text
    assert "Your coach is on" in on
    assert "Public holidays count as working days until you choose your country" in on
    assert "Start" not in str(surface.slack.conversations[BEN][message.ts].blocks)
    assert await surface.standing(held) == "sent"
    assert "Ask Ann Lee" in surface.said(BEN)


async def test_not_now_keeps_quiet_and_nothing_held_is_sent(surface: Surface) -> None:
    held = await surface.insight(BEN)
    message = await welcome(surface, BEN)

    assert (await surface.slack.press(BEN, message.ts, label="Not now")).ok
    await surface.settle()

    assert (await surface.person(BEN)).enrolment is Enrolment.DECLINED
    assert "stays quiet" in surface.said(BEN)
    assert await surface.standing(held) == "declined"
    assert len(surface.slack.messages(BEN)) == 1


async def test_a_second_press_is_answered(surface: Surface) -> None:
    message = await welcome(surface, BEN)
    for label in ("Not now", "Not now", "Start", "Start"):
        await surface.slack.press(BEN, message.ts, label=label, stale=True)
        await surface.settle()
    assert len(surface.ephemerals(BEN)) == 2
    assert "quiet already" in surface.ephemerals(BEN)[0]
    assert "on already" in surface.ephemerals(BEN)[1]
    assert (await surface.person(BEN)).enrolment is Enrolment.STARTED
