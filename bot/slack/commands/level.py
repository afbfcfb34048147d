"""`/coach level`: how much to hear."""

from bot.coaching import enrolling
from bot.slack.blocks.settings import LEVELS
from bot.slack.command import Answer, Call, Subcommand, says
from coach.thresholds import level_named


async def run(call: Call) -> Answer:
    """Set the level, by number or by name; without either, say which it is."""
    if not call.args.strip():
        level = call.person.settings.level
        return says(f"Your level is {LEVELS[level]}. `/coach level 1|2|3` changes it.")
    level = level_named(call.args)
    await enrolling.set_level(call.parts, call.actor, level)
    return says(f"Your level is now {LEVELS[level]}.")


SUBCOMMAND = Subcommand(
    "level 1|2|3", "hear little, the important or everything (minimal, balanced, active)", run
)
