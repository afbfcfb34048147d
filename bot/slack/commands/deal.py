"""`/coach deal`: what is known of one deal, and what can be done with it."""

from bot.coaching.listing import Kind, Place, listed
from bot.slack.blocks.things import thing_list
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.phrases import say


async def run(call: Call) -> Answer:
    """The open deal that is called so; where several are, all of them to choose from."""
    name = call.args.strip()
    if not name:
        return says(
            say("Say which deal, as in `/coach deal Weber`. `/coach deals` lists yours."),
            call.voice,
        )
    listing = await listed(call.parts, call.person, Place(Kind.DEAL, sought=name))
    return Answer(*thing_list(listing, call.voice, call.parts.clock.now()))


SUBCOMMAND = Subcommand(
    "deal NAME",
    say("show one of your open deals and what is planned"),
    run,
    group=Group.WORK,
    example="deal Weber",
)
