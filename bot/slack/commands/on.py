"""`/coach on`: start, or speak again."""

from bot.coaching import enrolling
from bot.coaching.telling_waits import what_waits
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.countries import not_chosen
from coach.phrases import say, together
from coach.terms import LEVEL_NAMES


async def run(call: Call) -> Answer:
    """The coach is on for this person from now on."""
    person = await enrolling.turn_on(call.parts, call.actor)
    level = person.settings.level
    is_on = say(
        "Your coach is on, at level {number}, {name}. `/coach settings` changes what you hear.",
        number=int(level),
        name=LEVEL_NAMES[level],
    )
    said = together(is_on, await what_waits(call.parts, person))
    at_work = not_chosen(person)
    return says(together(said, at_work) if at_work else said, call.voice)


SUBCOMMAND = Subcommand(
    "on",
    say("start the coach, or let it speak again"),
    run,
    group=Group.SETUP,
    also=("start", "begin", "resume", "continue", "unpause"),
)
