"""`/coach link EMAIL`: be recognised as the owner that the CRM knows by another address."""

from bot.slack import linking
from bot.slack.command import Answer, Call, Subcommand, says


async def run(call: Call) -> Answer:
    """Ask for it; the administrator confirms."""
    address = call.args.strip()
    return says(await linking.ask(call.parts, call.client, call.actor, address))


SUBCOMMAND = Subcommand(
    "link EMAIL", "be recognised as the owner that the CRM knows by this address", run
)
