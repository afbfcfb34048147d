"""Lists that people ask for, and what they press in them: for every test of them."""

from datetime import date
from typing import Any

from bot.playground.slack.api import Message
from coach.models import Task
from tests.bot.surface import ANA, Surface, deal, lead, task


async def theirs(surface: Surface, who: str = ANA) -> None:
    """A deal, two contacts and three tasks of somebody."""
    mine: dict[str, Any] = {"person_id": (await surface.person(who)).id}
    await surface.save(
        lead("C-9", url="https://crm.example/C-9", **mine),
        lead("C-8", name_given="Mia Lind", email=None, company="Lind AB", **mine),
        deal(contact_id="C-9", account="Acme", **mine),
        task("T-1", title="Call Jonas", contact_id="C-9", **mine),
        task("T-2", title="Send the offer", due_date=date(2026, 11, 23), **mine),
        task("T-3", title="Book a room", due_date=None, url="https://crm.example/T-3", **mine),
    )


async def ask(surface: Surface, typed: str, who: str = ANA) -> Message:
    """Type a command; the answer that only they see."""
    assert (await surface.slack.command(who, f"/coach {typed}")).ok
    await surface.settle()
    return answer(surface, who)


def answer(surface: Surface, who: str = ANA) -> Message:
    return [each for each in surface.slack.messages(who) if each.ephemeral][-1]


def block_of(message: Message, name: str) -> str:
    """The block whose line begins with this name."""
    return next(
        str(each["block_id"])
        for each in message.blocks
        if each.get("accessory", {}).get("type") == "overflow"
        and each["text"]["text"].startswith(name)
    )


async def choose(surface: Surface, message: Message, name: str, entry: str) -> None:
    """Choose an entry in the menu of a line."""
    menu = next(
        each["accessory"]["action_id"]
        for each in message.blocks
        if each.get("block_id") == block_of(message, name)
    )
    pressed = await surface.slack.press(
        ANA, message.ts, action_id=menu, block_id=block_of(message, name), choose=entry
    )
    assert pressed.ok
    await surface.settle()


async def press(surface: Surface, message: Message, label: str) -> None:
    assert (await surface.slack.press(ANA, message.ts, label=label)).ok
    await surface.settle()


async def stored(surface: Surface, id: str) -> Task:
    found = await surface.stored_subjects(Task, id)
    assert isinstance(found, Task)
    return found
