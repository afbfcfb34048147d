"""Who writes to the coach is answered, once a minute; what no person wrote is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from coach.models import Enrolment
from storage import people
from storage.tables import messages
from tests.bot.surface import ANA, BEN, NEW, WS, Surface

WHAT = "I watch your CRM and tell you the one thing worth doing next."


def said(surface: Surface, who: str) -> list[str]:
    """What the coach has said to somebody."""
    return [each.text for each in surface.slack.messages(who) if each.sender == "bot"]


async def write(surface: Surface, who: str, text: str = "hello") -> None:
    await surface.slack.write(who, text)
    await surface.settle()


async def test_who_writes_is_told_what_the_coach_does_and_where_to_look(surface: Surface) -> None:
    await write(surface, ANA)
    (answer,) = said(surface, ANA)
    assert WHAT in answer
    assert "/coach help" in answer
    assert "Home tab" in answer
    assert "When something of yours needs you, I write to you here." in answer
    assert said(surface, BEN) == []


async def test_there_is_one_answer_a_minute_however_much_is_written(surface: Surface) -> None:
    for _ in range(15):
        await write(surface, ANA)
    assert len(said(surface, ANA)) == 1
    surface.clock.moment += timedelta(seconds=59)
    await write(surface, ANA)
    assert len(said(surface, ANA)) == 1
    surface.clock.moment += timedelta(seconds=1)
    await write(surface, ANA)
    assert len(said(surface, ANA)) == 2


async def test_what_may_be_meant_stands_there_to_be_pressed(surface: Surface) -> None:
    await write(surface, ANA, "what are my tasks, please?")
    (answer,) = [each for each in surface.slack.messages(ANA) if each.sender == "bot"]
    assert "I cannot chat yet" in answer.text
    assert (await surface.slack.press(ANA, answer.ts, label="/coach tasks")).ok
    await surface.settle()
    assert "You have no open tasks" in surface.ephemerals(ANA)[-1]
    # What was written is nowhere.
    async with surface.parts.database.read() as tx:
        (params,) = (await tx.execute(select(messages.c.params))).scalars()
    assert "please" not in str(params)


@pytest.mark.parametrize("label", ["/coach settings"])
async def test_what_opens_a_window_does_so_from_its_button(surface: Surface, label: str) -> None:
    await write(surface, ANA, "change my settings")
    (answer,) = [each for each in surface.slack.messages(ANA) if each.sender == "bot"]
    assert (await surface.slack.press(ANA, answer.ts, label=label)).ok
    await surface.settle()
    assert surface.view(ANA)["callback_id"] == "settings"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"enrolment": Enrolment.DECLINED.value}, "/coach on"),
        ({"paused_until": datetime(2026, 11, 24, tzinfo=UTC)}, "/coach pause off ends that."),
        ({"enabled": False}, "Your coach is off, so I say nothing else; /coach on turns it on."),
    ],
)
async def test_who_has_declined_paused_or_turned_it_off_is_answered_and_stays_so(
    surface: Surface, columns: dict[str, Any], words: str
) -> None:
    ana = await surface.person(ANA)
    async with surface.parts.database.write() as tx:
        await people.change(tx, WS, ana.id, **columns)
    before = await surface.person(ANA)
    await write(surface, ANA)
    (answer,) = said(surface, ANA)
    assert words in answer
    assert await surface.person(ANA) == before


async def test_somebody_nobody_knew_is_answered_and_asked_nothing(surface: Surface) -> None:
    await write(surface, NEW)
    (answer,) = said(surface, NEW)
    assert "before you have started me, by /coach on" in answer
    assert (await surface.person(NEW)).enrolment is Enrolment.NEW


@pytest.mark.parametrize(
    "changed",
    [
        {"bot_id": "B0OTHER"},
        {"subtype": "bot_message", "user": None},
        {"subtype": "message_changed", "message": {"user": ANA, "text": "hallo"}},
        {"subtype": "message_deleted", "hidden": True},
        {"user": "USLACKBOT"},
        {"channel_type": "channel"},
        {"channel_type": None},
    ],
    ids=lambda changed: "-".join(changed),
)
async def test_what_no_person_wrote_to_the_coach_is_not_answered(
    surface: Surface, changed: dict[str, Any]
) -> None:
    event = {
        "type": "message", "channel": "D01ANA", "channel_type": "im", "user": ANA,
        "text": "hello", "ts": "1795600800.000100", "event_ts": "1795600800.000100",
    }  # fmt: skip
    assert (await surface.slack.event({**event, **changed})).ok
    await surface.settle()
    assert surface.slack.messages(ANA) == []
    # The same as it would have been: that is answered.
    assert (await surface.slack.event(event)).ok
    await surface.settle()
    assert len(said(surface, ANA)) == 1


async def test_the_coach_does_not_answer_itself(surface: Surface) -> None:
    await write(surface, ANA)
    (own,) = [each for each in surface.slack.messages(ANA) if each.sender == "bot"]
    surface.clock.moment += timedelta(days=1)
    event = {
        "type": "message", "channel": "D01ANA", "channel_type": "im",
        "user": surface.slack.bot_user_id, "text": own.text, "ts": own.ts, "event_ts": own.ts,
    }  # fmt: skip
    assert (await surface.slack.event(event)).ok
    await surface.settle()
    assert len(said(surface, ANA)) == 1


async def test_a_file_with_words_is_written_too(surface: Surface) -> None:
    event = {
        "type": "message", "subtype": "file_share", "channel": "D01ANA", "channel_type": "im",
        "user": ANA, "text": "", "ts": "1795600800.000100", "event_ts": "1795600800.000100",
    }  # fmt: skip
    assert (await surface.slack.event(event)).ok
    await surface.settle()
    assert len(said(surface, ANA)) == 1
