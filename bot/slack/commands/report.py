"""`/coach report`: the person's own figures, with pictures."""

from bot.coaching import reporting
from bot.slack.blocks.report import report_blocks, without_pictures
from bot.slack.command import Answer, Call, Group, Subcommand
from coach.errors import SettingError
from coach.phrases import say
from coach.report import Span


async def run(call: Call) -> Answer:
    """By week, or by month. Raises `SettingError` for anything else."""
    typed = call.args.strip().lower().removesuffix("s").removesuffix("ly") or Span.WEEK.value
    if typed not in {each.value for each in Span}:
        raise SettingError("span", say("Type `/coach report week` or `/coach report month`."))
    text, blocks = report_blocks(
        await reporting.of(call.parts, call.person, Span(typed)), call.voice
    )
    return Answer(text, blocks, simpler=without_pictures(blocks))


SUBCOMMAND = Subcommand(
    "report [week|month]",
    say("see your pipeline, what was won and lost, and from where"),
    run,
    group=Group.WORK,
    example="report month",
    also=(
        *("figures", "numbers", "statistics", "conversion", "won", "lost", "chart"),
        *("pipeline", "doing", "performance"),
    ),
)
