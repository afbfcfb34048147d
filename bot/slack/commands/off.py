"""`/coach off`: silence."""

from bot.coaching import enrolling
from bot.slack.command import Answer, Call, Subcommand, says


async def run(call: Call) -> Answer:
    """The coach says nothing more to this person."""
    await enrolling.turn_off(call.parts, call.actor)
    return says(
        "Your coach is off. Nothing is lost from the record; `/coach on` lets it speak again."
    )


SUBCOMMAND = Subcommand("off", "silence the coach; nothing is lost from the record", run)
