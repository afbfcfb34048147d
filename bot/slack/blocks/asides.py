"""Short answers: a sentence in a message, and a sentence in a modal."""

import re

from bot.slack.blocks.pieces import Blocks, Json, line, modal, paragraph
from bot.slack.blocks.text import escaped

#: What people are told to type stands between backticks in our sentences.
_COMMAND = re.compile(r"`(/coach[^`]{0,80})`")


def _blocks(text: str) -> Blocks:
    elements: list[Json] = []
    # Every second piece is a command; what is odd about the others stays plain text.
    for place, piece in enumerate(_COMMAND.split(text)):
        for element in line(piece, 1000):
            if place % 2:
                element["style"] = {"code": True}
            elements.append(element)
    return [paragraph(elements)]


def sentence(text: str) -> tuple[str, Blocks]:
    """A plain answer as the notification's text and blocks; only `/coach …` is set apart in it."""
    return escaped(text.replace("`", ""), 600), _blocks(text[:1500])


def sentence_modal(text: str, title: str = "Coach", close: str = "Close") -> Json:
    """A modal that says one thing."""
    return modal(title, _blocks(text[:1500]), callback_id="aside", close=close)


def working_modal() -> Json:
    """A modal that keeps a place while the answer is being fetched."""
    return sentence_modal("One moment …")
