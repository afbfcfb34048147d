"""The buttons beside a change that did not get to its CRM: its person has made it there."""

from bot.coaching import undelivered
from bot.slack.listeners.pressing import Press


async def by_hand(press: Press) -> None:
    """They have made it in the CRM themselves."""
    await undelivered.settle(press.parts, await press.actor(), press.value)


async def not_by_hand(press: Press) -> None:
    """They have not, after all."""
    await undelivered.unsettle(press.parts, await press.actor(), press.value)
