"""A person with something of everything, and what is kept of them: for tests of their rights."""

from typing import Any

import aiohttp
from sqlalchemy import select

from bot.coaching import acts
from bot.coaching.actor import Actor
from bot.coaching.acts import NewTask
from bot.playground.slack.api import Message
from storage.personal import KEPT
from tests.bot.surface import ANA, WS, Surface, deal, task


async def ask(surface: Surface, typed: str, who: str = ANA) -> Message:
    assert (await surface.slack.command(who, f"/coach {typed}")).ok
    await surface.settle()
    return [each for each in surface.slack.messages(who) if each.ephemeral][-1]


def url_in(message: Message) -> str:
    (found,) = [
        str(element["url"])
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    return found


async def fetch(url: str, method: str = "POST") -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.request(method, url) as answer:
        if answer.content_type == "application/json":
            return answer.status, await answer.json()
        return answer.status, await answer.text()


async def lived(surface: Surface, who: str = ANA) -> None:
    """Something of everything."""
    mine = (await surface.person(who)).id
    await surface.save(deal(person_id=mine), task(person_id=mine))
    fingerprint, card = await surface.card(who)
    assert (await surface.slack.press(who, card.ts, action_id="insight:dismiss")).ok
    await surface.settle()
    await surface.insight(who, occasion="second", message="Another.")
    await surface.settle()
    await ask(surface, "mute stuck deals", who)
    await ask(surface, "level 3", who)
    await acts.create_task(surface.parts, Actor(WS, who), "press", NewTask("Call Ana"))
    assert fingerprint


async def left(surface: Surface, who: str = ANA) -> dict[str, int]:
    person = await surface.person(who)
    async with surface.parts.database.read() as tx:
        return {
            name: len(
                (
                    await tx.execute(
                        select(table).where(
                            (table.c.id if name == "person" else table.c.person_id) == person.id
                        )
                    )
                ).all()
            )
            for name, table in KEPT.items()
        }
