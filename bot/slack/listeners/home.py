"""The Home tab: drawn when it is opened, and again after each choice made in it."""

from functools import partial

from slack_sdk.web.async_client import AsyncWebClient

from bot.coaching import enrolling
from bot.slack.blocks.card import promise_of
from bot.slack.blocks.home import home
from bot.slack.blocks.pieces import Json
from bot.slack.blocks.settings import settings_modal
from bot.slack.listeners.answering import Desk, Press
from storage import insights


async def draw(desk: Desk, client: AsyncWebClient, workspace_id: str, user_id: str) -> None:
    """Publish the tab as things are now, and keep it true from now on."""
    desk.homes.add(user_id)
    person = await enrolling.person_of(desk.parts, workspace_id, user_id)
    now = desk.parts.clock.now()
    async with desk.parts.database.read() as tx:
        pending = await insights.pending(tx, workspace_id, person.id, now)
    promise = partial(promise_of, desk.parts.actions)
    await client.views_publish(user_id=user_id, view=home(person, pending, promise))


def refresh(desk: Desk, client: AsyncWebClient, workspace_id: str, user_id: str) -> None:
    """Have the tab drawn again for somebody who has looked at it."""
    if user_id in desk.homes:
        work = draw(desk, client, workspace_id, user_id)
        desk.parts.background.spawn(work, "drawing the Home tab again")


async def opened(desk: Desk, client: AsyncWebClient, body: Json) -> None:
    """Somebody opened the Home tab
    (https://docs.slack.dev/reference/events/app_home_opened).
    """
    event = body["event"]
    if event.get("tab") == "home":
        workspace_id = await desk.workspace_id(str(body["team_id"]))
        await draw(desk, client, workspace_id, str(event["user"]))


async def turn_on(press: Press) -> None:
    """Start, or speak again."""
    workspace_id = await press.workspace_id()
    await enrolling.turn_on(press.parts, workspace_id, press.user_id)
    await draw(press.desk, press.client, workspace_id, press.user_id)


async def turn_off(press: Press) -> None:
    """Silence."""
    workspace_id = await press.workspace_id()
    await enrolling.turn_off(press.parts, workspace_id, press.user_id)
    await draw(press.desk, press.client, workspace_id, press.user_id)


async def open_settings(press: Press) -> None:
    """The settings modal."""

    async def view() -> Json:
        workspace_id = await press.workspace_id()
        return settings_modal(await enrolling.person_of(press.parts, workspace_id, press.user_id))

    await press.show(view())
