"""A press in the preview: another level is chosen."""

from bot.coaching import enrolling
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.settings import LEVELS
from bot.slack.listeners.home import refresh
from bot.slack.listeners.pressing import Press
from coach.phrases import say
from coach.thresholds import level_named


async def choose(press: Press) -> None:
    """Set the level; that it is so takes the place of the preview, which called another theirs."""
    actor = await press.actor()
    level = level_named(press.value)
    person = await enrolling.set_level(press.parts, actor, level)
    said = say("Your level is now {level}.", level=LEVELS[level])
    await press.respond(*sentence(said, press.parts.voices.to(person)), replace=True)
    refresh(press.desk, press.client, actor)
