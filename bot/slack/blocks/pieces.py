"""The small pieces that messages and views are put together from, each within Slack's limits.

The limits: https://docs.slack.dev/reference/block-kit/blocks/
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

from bot.slack.blocks.text import SHORTEST, one_line, rich, shortened, shorter
from coach.models import Priority
from coach.wording import Span, Words

Json = dict[str, Any]
Blocks = list[Json]

#: Slack refuses messages whose blocks' JSON is near 13,200 characters and does not say so anywhere;
#: views may be larger.
MOST_JSON, MOST_VIEW_JSON = 11_500, 100_000

#: The `action_id` of every field.
VALUE = "value"

#: Each priority by a sign of its own shape and colour, and by its word.
PRIORITY_SIGNS = {
    Priority.HIGH: ":red_circle:",
    Priority.MEDIUM: ":large_orange_diamond:",
    Priority.LOW: ":white_circle:",
}


def weight(blocks: Blocks) -> int:
    """How many characters Slack may count for these blocks."""
    return len(json.dumps(blocks))


def fitted(build: Callable[[float], Blocks], most: int = MOST_JSON) -> Blocks:
    """What `build` makes of the largest share (from 1 down) of its text that Slack will take."""
    share = 1.0
    blocks = build(share)
    while weight(blocks) > most and share > 0.01:
        share *= 0.75
        blocks = build(share)
    return blocks


def plain_text(text: str, most: int = 3000, *, emoji: bool = False) -> Json:
    """A text object in which nothing is read but, when asked for, emoji codes of our own."""
    line = shortened(one_line(text).strip(), most) or "–"
    return {"type": "plain_text", "text": line, "emoji": emoji}


def mrkdwn(text: str) -> Json:
    """A formatted text object; the caller has escaped what is not their own words."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: Json, **more: object) -> Json:
    """A paragraph, with an accessory when one is given."""
    return {"type": "section", "text": text, **more}


def context(*texts: Json) -> Json:
    """A small grey line."""
    return {"type": "context", "elements": list(texts)}


def header(text: str) -> Json:
    """A heading in our own words."""
    return {"type": "header", "text": plain_text(text, 150, emoji=True)}


def paragraph(*lines: Sequence[Json]) -> Json:
    """Lines of rich_text elements as one paragraph."""
    elements: list[Json] = []
    for line in lines:
        if line:
            if elements:
                elements.append({"type": "text", "text": "\n"})
            elements += line
    section_ = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "elements": [section_]}


def emoji(name: str) -> list[Json]:
    """An emoji and the space after it, for a rich_text line."""
    return [{"type": "emoji", "name": name}, {"type": "text", "text": " "}]


def line(said: Words | str, most: int, *, links: bool = True, bold: bool = False) -> list[Json]:
    """Words as one rich_text line of at most `most` characters."""
    given = (Span(said),) if isinstance(said, str) else said
    return rich(shorter(given, max(most, SHORTEST)), links=links, bold=bold)


def button(label: str, action_id: str, value: str | None = None, style: str | None = None) -> Json:
    """A button; its value is an id, never a secret and never trusted."""
    made: Json = {
        "type": "button",
        "text": plain_text(label, 75, emoji=True),
        "action_id": action_id,
    }
    if value is not None:
        made["value"] = value
    if style is not None:
        made["style"] = style
    return made


def actions(elements: Sequence[Json], block_id: str | None = None) -> Json:
    """A row of buttons and menus."""
    made: Json = {"type": "actions", "elements": list(elements)}
    if block_id is not None:
        made["block_id"] = block_id
    return made


def option(label: str, value: str) -> Json:
    """One entry of a menu."""
    return {"text": plain_text(label, 75), "value": value}


def field(
    name: str, label: str, element: Json, *, optional: bool = False, hint: str | None = None
) -> Json:
    """A labelled field; its name is the `block_id`, so that an error finds its place."""
    block: Json = {
        "type": "input",
        "block_id": name,
        "label": plain_text(label, 150),
        "element": {"action_id": VALUE, **element},
        "optional": optional,
    }
    if hint:
        block["hint"] = plain_text(hint, 300)
    return block


def modal(
    title: str,
    blocks: Blocks,
    *,
    callback_id: str,
    submit: str | None = None,
    close: str = "Close",
    private_metadata: str = "",
) -> Json:
    """A modal view."""
    view: Json = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title, 24),
        "close": plain_text(close, 24),
        "blocks": blocks,
    }
    if submit is not None:
        view["submit"] = plain_text(submit, 24)
    if private_metadata:
        view["private_metadata"] = private_metadata
    return view
