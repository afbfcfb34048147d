"""`/coach help`: every sub-command with what it does; also the answer to what nobody understood."""

import difflib

from bot.slack.blocks.pieces import Blocks, Json, line, paragraph
from bot.slack.command import Answer, Call, Subcommand, says
from coach.phrases import Phrase, facts, say
from coach.wording import plain, words


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
    rows: list[Json] = []
    for name in names:
        each = call.subcommands[name]
        usage = {"type": "text", "text": f"/coach {each.usage}", "style": {"code": True}}
        told = line(words(say(" – {summary}", summary=each.summary), call.voice), 300)
        rows.append({"type": "rich_text_section", "elements": [usage, *told]})
    bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
    title = words(before or say("What you can type:"), call.voice)
    blocks: Blocks = [paragraph(line(title, 200)), {"type": "rich_text", "elements": [bullets]}]
    usages = facts(*(f"/coach {call.subcommands[name].usage}" for name in names))
    return Answer(plain(say("What you can type: {usages}", usages=usages), call.voice), blocks)


SUBCOMMAND = Subcommand("help", say("show this list"), run)
