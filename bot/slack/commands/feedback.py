"""`/coach feedback`: a word to whoever runs the coach."""

from bot.slack import feedback
from bot.slack.command import Answer, Call, Group, Subcommand, says
from coach.phrases import say


async def run(call: Call) -> Answer:
    """Pass on what was typed."""
    typed = call.args.strip()
    if not typed:
        return says(
            say(
                "Type what you want to tell whoever runs this coach, as in `/coach feedback The "
                "brief comes too early`. Your name goes with it."
            ),
            call.voice,
        )
    said = await feedback.send(call.parts, call.slack, call.actor, typed)
    return says(said, call.voice)


SUBCOMMAND = Subcommand(
    "feedback TEXT",
    say("tell whoever runs the coach what you think of it"),
    run,
    group=Group.SETUP,
    example="feedback The brief comes too early",
    also=("complain", "complaint", "suggestion", "bug", "praise"),
)
