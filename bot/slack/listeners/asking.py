"""Go on and Stay quiet, the buttons of the question about a kind of advice."""

from bot.coaching import asking
from bot.slack.listeners.pressing import Press


async def go_on(press: Press) -> None:
    """The person wants to go on hearing of it."""
    await asking.answer(press.parts, await press.actor(), press.value, go_on=True)


async def stop(press: Press) -> None:
    """The person has heard enough of it."""
    await asking.answer(press.parts, await press.actor(), press.value, go_on=False)
