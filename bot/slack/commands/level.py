"""`/coach level`: how much to hear."""

from bot.coaching import enrolling
from bot.slack.blocks.settings import LEVELS
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.phrases import say
from coach.thresholds import level_named


async def run(call: Call) -> Answer:
    """Set the level, by number or by name; without either, say which it is."""
    if not call.args.strip():
        level = call.person.settings.level
        present = say(
            "Your level is {level}. `/coach level 1|2|3` changes it.", level=LEVELS[level]
        )
        return says(present, call.voice)
    level = level_named(call.args)
    await enrolling.set_level(call.parts, call.actor, level)
    return says(say("Your level is now {level}.", level=LEVELS[level]), call.voice)


SUBCOMMAND = Subcommand(
    "level 1|2|3",
    say("hear little, the important or everything (minimal, balanced, active)"),
    run,
    group=Group.ADVICE,
    example="level 2",
    also=("less", "fewer", "quieter"),
)
