"""`/coach deals`: the person's open deals."""

from collections import Counter

from bot.slack.blocks.lists import MOST, deal_list
from bot.slack.command import Answer, Call, Subcommand
from coach.models import Deal
from coach.phrases import say
from storage import lists, namesakes


async def run(call: Call) -> Answer:
    """Open deals, largest first; those whose lines would be alike are told apart."""
    async with call.parts.database.read() as tx:
        found = await lists.deals_of(tx, call.workspace_id, call.person.id, most=MOST)
        count = await lists.how_many_deals(tx, call.workspace_id, call.person.id)
        alike = Counter(map(_line, found))
        doubtful = [deal for deal in found if alike[_line(deal)] > 1]
        told = iter(await namesakes.told_apart(tx, call.workspace_id, doubtful))
    shown = [next(told) if alike[_line(deal)] > 1 else deal for deal in found]
    return Answer(*deal_list(shown, call.voice, count))


def _line(deal: Deal) -> tuple[object, ...]:
    return deal.title, deal.value, deal.currency, deal.stage


SUBCOMMAND = Subcommand("deals", say("show your open deals, the largest first"), run)
