"""What can be typed, as a list: each usage with what it does."""

from collections.abc import Sequence

from bot.slack.blocks.pieces import Blocks, Json, line, paragraph
from coach.phrases import Phrase, facts, say
from coach.wording import Voice, plain, words


def usages(title: Phrase, each: Sequence[tuple[str, Phrase]], voice: Voice) -> tuple[str, Blocks]:
    """The notification's text and the blocks; `each` is what stands after `/coach`, and its use."""
    rows: list[Json] = []
    for usage, summary in each:
        typed = {"type": "text", "text": f"/coach {usage}", "style": {"code": True}}
        told = line(words(say(" – {summary}", summary=summary), voice), 300)
        rows.append({"type": "rich_text_section", "elements": [typed, *told]})
    bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
    blocks: Blocks = [
        paragraph(line(words(title, voice), 200)),
        {"type": "rich_text", "elements": [bullets]},
    ]
    listed = facts(*(f"/coach {usage}" for usage, _ in each))
    return plain(say("What you can type: {usages}", usages=listed), voice), blocks
