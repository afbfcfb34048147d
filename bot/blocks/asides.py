"""Short answers: a sentence in a message, and a sentence in a modal."""

from bot.blocks.pieces import Blocks, Json, line, modal, paragraph
from bot.blocks.text import escaped


def sentence(text: str) -> tuple[str, Blocks]:
    """A plain answer as the notification's text and blocks; nothing in it is read as markup."""
    return escaped(text, 600), [paragraph(line(text, 1500))]


def sentence_modal(text: str, title: str = "Coach", close: str = "Close") -> Json:
    """A modal that says one thing."""
    return modal(title, [paragraph(line(text, 1500))], callback_id="aside", close=close)


def working_modal() -> Json:
    """A modal that keeps a place while the answer is being fetched."""
    return sentence_modal("One moment …")
