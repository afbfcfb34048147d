"""A person's own data: the link to it is opened by Slack itself; deleting it is done here."""

from bot.coaching import enrolling
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.rights import forgotten
from bot.slack.listeners.home import draw
from bot.slack.listeners.pressing import Press


async def opened(press: Press) -> None:
    """Slack has opened the link."""


async def forget(press: Press) -> None:
    """Delete what is kept of who presses, and say so in place of the question."""
    actor = await press.actor()
    voice = await press.desk.voice(press.team_id, press.user)
    count = await enrolling.forget(press.parts, actor)
    await draw(press.desk, press.client, actor)
    await press.respond(*sentence(forgotten(count), voice), replace=True)
