"""Show all, Let old ones rest and Undo, the buttons of the summary of a backlog."""

from bot.coaching import backlogs, enrolling
from bot.slack.blocks.lists import backlog_list
from bot.slack.listeners.pressing import Press


async def show(press: Press) -> None:
    """All that was so before and is so still."""
    person = await enrolling.person_of(press.parts, await press.actor())
    old = await backlogs.everything(press.parts, person)
    await press.respond(
        *backlog_list(old, person, press.parts.clock.now(), press.parts.voices.to(person))
    )


async def rest(press: Press) -> None:
    """The person wants to see nothing of it."""
    await backlogs.let_rest(press.parts, await press.actor(), press.value, rests=True)


async def wake(press: Press) -> None:
    """They want to see it after all."""
    await backlogs.let_rest(press.parts, await press.actor(), press.value, rests=False)
