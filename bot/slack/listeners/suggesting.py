"""Menus that are searched: what is offered to what somebody has typed, of their own alone.

https://docs.slack.dev/reference/interaction-payloads/block_suggestion-payload
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from bot.coaching import choosing, enrolling
from bot.coaching.actor import Actor
from bot.slack import administering
from bot.slack.blocks.administration import owner_entries
from bot.slack.blocks.choosing import MOST_CHOICES, entries, grouped
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.text import one_line
from bot.slack.listeners.answering import attempt
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.pressing import team_of
from coach.phrases import Phrase

#: Longest text that is looked for.
LONGEST = 75

#: What is offered where nothing can be: Slack says then that nothing was found.
NOTHING: Json = {"options": []}


async def answer(desk: Desk, body: Json) -> Json:
    """What a menu offers for what was typed, in time; nothing, where that cannot be."""
    offering = OFFERS.get(str(body.get("block_id") or ""))
    if offering is None:
        return NOTHING
    result: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    team_id = team_of(body)

    async def look() -> Json:
        actor = await desk.actor(team_id, body["user"])
        typed = one_line(str(body.get("value") or "")).strip()[:LONGEST]
        return await offering(desk, actor, typed)

    async def work() -> None:
        found = await attempt(desk.parts, "what a menu offers", look)
        if not result.cancelled():
            result.set_result(NOTHING if isinstance(found, Phrase) else found)

    if not desk.lanes.begin(team_id, "what a menu offers", work):
        return NOTHING
    try:
        return await asyncio.wait_for(result, desk.ack_within)
    except TimeoutError:
        return NOTHING


async def _contacts(desk: Desk, actor: Actor, typed: str) -> Json:
    person = await enrolling.person_of(desk.parts, actor)
    found = await choosing.contacts(desk.parts, person, typed)
    return {"options": entries(found.things, MOST_CHOICES, desk.parts.voices.to(person))}


async def _deals_and_contacts(desk: Desk, actor: Actor, typed: str) -> Json:
    person = await enrolling.person_of(desk.parts, actor)
    found = await choosing.deals_and_contacts(desk.parts, person, typed)
    groups = grouped(found.things, desk.parts.voices.to(person))
    return {"option_groups": groups} if groups else NOTHING


async def _owners(desk: Desk, actor: Actor, typed: str) -> Json:
    found = await administering.owners(desk.parts, desk.slack, actor, typed)
    return {"options": owner_entries(found)}


#: By the name of the field.
OFFERS: Mapping[str, Callable[[Desk, Actor, str], Awaitable[Json]]] = {
    "whom": _contacts,
    "about": _deals_and_contacts,
    "owner": _owners,
}
