"""`/coach deals`: the person's open deals."""

from bot.slack.blocks.lists import MOST, deal_list
from bot.slack.command import Answer, Call, Subcommand
from coach.phrases import say
from storage import lists


async def run(call: Call) -> Answer:
    """Open deals, largest first."""
    async with call.parts.database.read() as tx:
        found = await lists.deals_of(tx, call.workspace_id, call.person.id, most=MOST)
    return Answer(*deal_list(found, call.voice))


SUBCOMMAND = Subcommand("deals", say("show your open deals, the largest first"), run)
