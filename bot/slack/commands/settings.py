"""`/coach settings`: everything that can be set, in one modal."""

from bot.slack.command import Answer, Call, Group, Subcommand
from bot.slack.own_settings import window
from coach.phrases import say


async def run(call: Call) -> Answer:
    """The modal with what this person has set."""
    return Answer(view=await window(call.parts, call.person))


SUBCOMMAND = Subcommand(
    "settings",
    say("choose your level, hours, brief, digest and thresholds"),
    run,
    group=Group.SETUP,
    also=("hours", "configure", "preferences", "timezone"),
    opens_modal=True,
)
