"""`/coach export`: the person's own data."""

from bot.slack.blocks.rights import download
from bot.slack.command import Answer, Call, Group, Subcommand, says
from bot.slack.exporting import link_for
from coach.phrases import say


async def run(call: Call) -> Answer:
    """A link to all that is kept of them, good once and for an hour."""
    url = await link_for(call.parts, call.actor)
    if url is None:
        return says(
            say(
                "This coach has no address that your browser reaches. Whoever runs it gets your "
                "data for you by `coach export`, with your address."
            ),
            call.voice,
        )
    return Answer(*download(url, call.voice))


SUBCOMMAND = Subcommand(
    "export",
    say("get all that I keep of you as a file"),
    run,
    group=Group.SETUP,
    also=("data", "gdpr", "download", "privacy"),
)
