"""`/coach on`: start, or speak again."""

from bot.coaching import enrolling
from bot.slack.command import Answer, Call, Subcommand, says


async def run(call: Call) -> Answer:
    """The coach is on for this person from now on."""
    person = await enrolling.turn_on(call.parts, call.actor)
    level = person.settings.level
    return says(
        f"Your coach is on, at level {int(level)}, {level.name.lower()}. "
        "`/coach settings` changes what you hear, `/coach insights` shows what waits."
    )


SUBCOMMAND = Subcommand("on", "start the coach, or let it speak again", run)
