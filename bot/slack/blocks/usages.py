"""What can be typed, as lists: each usage with what it does."""

from collections.abc import Mapping, Sequence

from bot.slack.blocks.asides import sentence
from bot.slack.blocks.pieces import Blocks, Json, actions, button, line, paragraph
from bot.slack.blocks.text import escaped
from coach.phrases import Phrase, facts, say
from coach.wording import Voice, plain, words

#: The `action_id` of a button that does what can be typed; the sub-command's name follows.
RUN = "run"

Usages = Sequence[tuple[str, Phrase]]


def usages(title: Phrase, each: Usages, voice: Voice) -> tuple[str, Blocks]:
    """The notification's text and the blocks; `each` is what stands after `/coach`, and its use."""
    blocks: Blocks = [paragraph(line(words(title, voice), 200)), _bullets(each, voice)]
    return _text(each, voice), blocks


def grouped(
    title: Phrase, groups: Sequence[tuple[Phrase, Usages]], voice: Voice
) -> tuple[str, Blocks]:
    """The same in groups, each below its name."""
    blocks: Blocks = [paragraph(line(words(title, voice), 200))]
    for name, each in groups:
        blocks.append(paragraph(line(words(name, voice), 100, bold=True)))
        blocks.append(_bullets(each, voice))
    return _text([one for _, each in groups for one in each], voice), blocks


def nearest_ones(
    title: Phrase, offered: Mapping[str, tuple[str, Phrase]], voice: Voice
) -> tuple[str, Blocks]:
    """The few that may be meant: what to type, and a button each that does it at once."""
    _, blocks = usages(title, list(offered.values()), voice)
    _, more = sentence(say("`/coach help` lists everything."), voice)
    return escaped(plain(title, voice), 300), [*blocks, run_buttons(list(offered)), *more]


def run_buttons(names: Sequence[str]) -> Json:
    """A button for each of these sub-commands."""
    return actions([button(f"/coach {name}", f"{RUN}:{name}") for name in names])


def _text(each: Usages, voice: Voice) -> str:
    listed = facts(*(f"/coach {usage}" for usage, _ in each))
    return plain(say("What you can type: {usages}", usages=listed), voice)


def _bullets(each: Usages, voice: Voice) -> Json:
    rows: list[Json] = []
    for usage, summary in each:
        typed = {"type": "text", "text": f"/coach {usage}", "style": {"code": True}}
        told = line(words(say(" – {summary}", summary=summary), voice), 300)
        rows.append({"type": "rich_text_section", "elements": [typed, *told]})
    bullets: Json = {"type": "rich_text_list", "style": "bullet", "elements": rows}
    return {"type": "rich_text", "elements": [bullets]}
