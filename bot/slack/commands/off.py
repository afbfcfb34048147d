"""`/coach off`: silence."""

from bot.coaching import enrolling
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.phrases import say


async def run(call: Call) -> Answer:
    """The coach says nothing more to this person."""
    await enrolling.turn_off(call.parts, call.actor)
    return says(
        say("Your coach is off. Nothing is lost from the record; `/coach on` lets it speak again."),
        call.voice,
    )


SUBCOMMAND = Subcommand(
    "off",
    say("silence the coach; nothing is lost from the record"),
    run,
    group=Group.SETUP,
    also=("stop", "unsubscribe", "quit", "shut"),
)
