"""`/coach tasks`: the person's open tasks, each with its menu."""

from bot.coaching.listing import Kind, Place, listed
from bot.slack.blocks.things import thing_list
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say


async def run(call: Call) -> Answer:
    """Open tasks, earliest due first; those called so, where a name is given."""
    listing = await listed(call.parts, call.person, Place(Kind.TASKS, sought=call.args.strip()))
    return Answer(*thing_list(listing, call.voice, call.parts.clock.now()))


SUBCOMMAND = Subcommand(
    "tasks",
    say("show your open tasks, the earliest due first"),
    run,
    group=Group.WORK,
    also=("overdue", "todos", "due"),
)
