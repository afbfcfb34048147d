"""`/coach link EMAIL`: be recognised as the owner that the CRM knows by another address."""

from bot.slack import linking
from bot.slack.command import Answer, Call, Subcommand, says
from coach.phrases import say


async def run(call: Call) -> Answer:
    """Ask for it; the administrator confirms."""
    address = call.args.strip()
    answer = await linking.ask(call.parts, call.slack, call.actor, address)
    return says(answer, call.voice)


SUBCOMMAND = Subcommand(
    "link EMAIL", say("be recognised as the owner that the CRM knows by this address"), run
)
