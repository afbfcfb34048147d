"""`/coach help`: every sub-command with what it does; also the answer to what nobody understood."""

import difflib

from bot.slack.blocks.usages import usages
from bot.slack.command import Answer, Call, Subcommand, says
from coach.phrases import Phrase, say


async def run(call: Call) -> Answer:
    """All sub-commands; for a word that is none of them, the nearest one."""
    word = call.args.strip().lower()
    if not word or word in call.subcommands:
        return _listing(call, [word] if word else sorted(call.subcommands))
    near = difflib.get_close_matches(word, call.subcommands, n=1, cutoff=0.5)
    if not near:
        unknown = say("I do not know “{word}”. I know:", word=word[:60])
        return _listing(call, sorted(call.subcommands), unknown)
    nearest = call.subcommands[near[0]]
    return says(
        say(
            "I do not know “{word}”. Did you mean `/coach {usage}`: {summary}? "
            "`/coach help` lists everything.",
            word=word[:60],
            usage=nearest.usage,
            summary=nearest.summary,
        ),
        call.voice,
    )


def _listing(call: Call, names: list[str], before: Phrase | None = None) -> Answer:
    listed = [(call.subcommands[name].usage, call.subcommands[name].summary) for name in names]
    return Answer(*usages(before or say("What you can type:"), listed, call.voice))


SUBCOMMAND = Subcommand("help", say("show this list"), run)
