"""`/coach link OWNER`: be recognised as the owner whom the CRM knows by another address or none."""

from bot.slack import linking
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.phrases import say


async def run(call: Call) -> Answer:
    """Ask for it; the administrator confirms."""
    answer = await linking.ask(call.parts, call.slack, call.actor, call.args.strip())
    return says(answer, call.voice)


SUBCOMMAND = Subcommand(
    "link OWNER",
    say("be recognised as the owner that the CRM knows by this address, id or name"),
    run,
    group=Group.SETUP,
    example="link ana@example.com",
    also=("owner", "recognise", "recognize"),
)
