"""`/coach preview`: what the last 30 days would have brought at each level."""

from bot.simulating.previewing import previews
from bot.slack.blocks.asides import sentence
from bot.slack.blocks.preview import preview
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say


async def run(call: Call) -> Answer:
    """Say at once that it takes a moment; what comes of it takes the place of that."""

    async def later() -> Answer:
        found = await previews(call.parts, call.person)
        return Answer(*preview(found, call.person, call.parts.rules, call.voice))

    working = say("Looking at your last 30 days at each level. This can take a minute …")
    text, blocks = sentence(working, call.voice)
    return Answer(text, blocks, later=later)


SUBCOMMAND = Subcommand(
    "preview",
    say("see what the last 30 days would have brought at each level"),
    run,
    group=Group.ADVICE,
    also=("try", "would"),
)
