"""`/coach settings`: everything that can be set, in one modal."""

from bot.slack.blocks.settings import settings_modal
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say


async def run(call: Call) -> Answer:
    """The modal with what this person has set."""
    return Answer(
        view=settings_modal(call.person, call.voice, call.parts.clock.now(), call.parts.rules)
    )


SUBCOMMAND = Subcommand(
    "settings",
    say("choose your level, hours, brief, digest and thresholds"),
    run,
    group=Group.SETUP,
    also=("hours", "configure", "preferences", "timezone"),
    opens_modal=True,
)
