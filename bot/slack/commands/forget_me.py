"""`/coach forget-me`: what is kept of the person goes, once they have confirmed it."""

from bot.slack.blocks.rights import ask_to_forget
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say


async def run(call: Call) -> Answer:
    """What would go and what would stay, and the button that does it."""
    return Answer(*ask_to_forget(call.voice))


SUBCOMMAND = Subcommand(
    "forget-me",
    say("have all that I keep of you deleted"),
    run,
    group=Group.SETUP,
    also=("delete", "erase", "privacy", "gdpr"),
)
