"""The Home tab: drawn when it is opened, and again after each choice made in it."""

import logging

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import enrolling
from bot.coaching.actor import Actor
from bot.slack.blocks.pieces import Json
from bot.slack.home import publish
from bot.slack.listeners.desk import Desk
from bot.slack.listeners.pressing import Press
from bot.slack.own_settings import window
from coach.phrases import Phrase
from coach.wording import plain
from storage import homes

log = logging.getLogger(__name__)


async def draw(desk: Desk, client: AsyncWebClient, actor: Actor) -> None:
    """Publish the tab as things are now."""
    await publish(desk.parts, desk.slack, desk.connecting, client, actor)


def refresh(desk: Desk, client: AsyncWebClient, actor: Actor) -> None:
    """Have the tab drawn again for somebody who has ever looked at it."""

    async def tell(said: Phrase) -> None:
        log.warning("the Home tab could not be drawn again: %s", plain(said))

    name = "drawing the Home tab again"
    if not desk.begin(actor.workspace_id, name, lambda: _refresh(desk, client, actor), tell):
        log.warning("%s was left out: there is too much to do", name)


async def _refresh(desk: Desk, client: AsyncWebClient, actor: Actor) -> None:
    async with desk.parts.database.read() as tx:
        seen = await homes.has_seen(tx, actor.workspace_id, actor.slack_user_id)
    if seen:
        await draw(desk, client, actor)


async def opened(desk: Desk, client: AsyncWebClient, body: Json) -> None:
    """Somebody opened the Home tab
    (https://docs.slack.dev/reference/events/app_home_opened).
    """
    event = body["event"]
    if event.get("tab") == "home":
        actor = await desk.actor(str(body["team_id"]), {"id": event["user"]})
        await draw(desk, client, actor)
        async with desk.parts.database.write() as tx:
            now = desk.parts.clock.now()
            await homes.see(tx, actor.workspace_id, actor.slack_user_id, now)


async def turn_on(press: Press) -> None:
    """Start, or speak again."""
    actor = await press.actor()
    await enrolling.turn_on(press.parts, actor)
    await draw(press.desk, press.client, actor)


async def turn_off(press: Press) -> None:
    """Silence."""
    actor = await press.actor()
    await enrolling.turn_off(press.parts, actor)
    await draw(press.desk, press.client, actor)


async def resume(press: Press) -> None:
    """The end of a pause."""
    actor = await press.actor()
    await enrolling.pause(press.parts, actor, None)
    await draw(press.desk, press.client, actor)


async def open_settings(press: Press) -> None:
    """The settings modal."""

    async def view() -> Json:
        person = await enrolling.person_of(press.parts, await press.actor())
        return await window(press.parts, person)

    await press.show(view)
