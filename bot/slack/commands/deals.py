"""`/coach deals`: the person's open deals, each with its menu."""

from bot.coaching.listing import Kind, Place, listed
from bot.slack.blocks.things import thing_list
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say


async def run(call: Call) -> Answer:
    """Open deals, largest first; those called so, where a name is given."""
    listing = await listed(call.parts, call.person, Place(Kind.DEALS, sought=call.args.strip()))
    return Answer(*thing_list(listing, call.voice, call.parts.clock.now()))


SUBCOMMAND = Subcommand(
    "deals",
    say("show your open deals, the largest first"),
    run,
    group=Group.WORK,
    also=("pipeline", "opportunities", "opportunity", "sales"),
)
