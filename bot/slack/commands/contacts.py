"""`/coach contacts`: the person's contacts, each with its menu."""

from bot.coaching.listing import Kind, Place, listed
from bot.slack.blocks.things import thing_list
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say


async def run(call: Call) -> Answer:
    """Those silent longest first, of no known contact last; called so, where a name is given."""
    listing = await listed(call.parts, call.person, Place(Kind.CONTACTS, sought=call.args.strip()))
    return Answer(*thing_list(listing, call.voice, call.parts.clock.now()))


SUBCOMMAND = Subcommand(
    "contacts [NAME]",
    say("show your contacts: silent longest first, those of no known contact last"),
    run,
    group=Group.WORK,
    example="contacts Weber",
    also=("contact", "people", "leads", "lead", "clients", "customers"),
)
