"""`/coach why`: why the latest insight was said, and a menu to ask about the others."""

from bot.coaching import explaining
from bot.slack.blocks.asides import sentence_modal
from bot.slack.blocks.why import why_modal
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.phrases import say


async def run(call: Call) -> Answer:
    """The explanation of what was said last; before anything was said, of what waits."""
    others = await explaining.choices(call.parts, call.actor)
    if not others:
        nothing = say("The coach has told you nothing yet, and nothing waits for you.")
        return Answer(view=sentence_modal(nothing, call.voice))
    explanation = await explaining.explain(call.parts, call.actor, others[0].fingerprint)
    return Answer(view=why_modal(explanation, call.voice, call.parts.clock.now(), others))


SUBCOMMAND = Subcommand(
    "why",
    say("see why you were told something, and why then"),
    run,
    group=Group.ADVICE,
    also=("reason", "explain"),
    opens_modal=True,
)
