"""`/coach help`: every sub-command with what it does; also the answer to what nobody understood."""

import difflib

from bot.slack.blocks.pieces import Blocks, Json, line, paragraph
from bot.slack.command import Answer, Call, Subcommand, says


async def run(call: Call) -> Answer:
    """All sub-commands; for a word that is none of them, the nearest one."""
    word = call.args.strip().lower()
    if not word or word in call.subcommands:
        return _listing(call, [word] if word else sorted(call.subcommands))
    near = difflib.get_close_matches(word, call.subcommands, n=1, cutoff=0.5)
    if not near:
        return _listing(call, sorted(call.subcommands), f"I do not know “{word[:60]}”. I know:")
    nearest = call.subcommands[near[0]]
    return says(
        f"I do not know “{word[:60]}”. Did you mean `/coach {nearest.usage}`? "
        f"{nearest.summary[:1].upper()}{nearest.summary[1:]}. `/coach help` lists everything."
    )


def _listing(call: Call, names: list[str], before: str = "What you can type:") -> Answer:
    rows: list[Json] = []
    for name in names:
        each = call.subcommands[name]
        usage = {"type": "text", "text": f"/coach {each.usage}", "style": {"code": True}}
        rows.append(
            {"type": "rich_text_section", "elements": [usage, *line(f" – {each.summary}", 300)]}
        )
    bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
    blocks: Blocks = [paragraph(line(before, 200)), {"type": "rich_text", "elements": [bullets]}]
    said = ", ".join(f"/coach {call.subcommands[name].usage}" for name in names)
    return Answer(f"What you can type: {said}", blocks)


SUBCOMMAND = Subcommand("help", "show this list", run)
