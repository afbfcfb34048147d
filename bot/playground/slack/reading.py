"""Turns the blocks of a message or modal into the plain text that a person would read."""

import re
from collections.abc import Iterator

from rich.emoji import Emoji

from bot.playground.slack.things import Json

_LINK = re.compile(r"<(https?://[^|>]+|mailto:[^|>]+)(?:\|([^>]*))?>")
_PERSON = re.compile(r"<@([A-Z0-9]+)(?:\|([^>]*))?>")
_MARKS = re.compile(r"(?<!\w)([*_~])(?=\S)(.+?)(?<=\S)\1(?!\w)")
_FIELDS = ("value", "selected_date", "selected_time", "selected_option", "selected_options",
           "initial_value", "initial_date", "initial_time", "initial_option",
           "initial_options")  # fmt: skip


def read(blocks: list[Json]) -> str:
    """The words of the blocks, line by line, controls in square brackets."""
    return "\n".join(line for block in blocks for line in _block(block))


def read_view(view: Json) -> str:
    """A modal: its title, its blocks with what is filled in, and its buttons."""
    lines = [words(view["title"]), "", read(view["blocks"])]
    buttons = [f"[{words(view[name])}]" for name in ("submit", "close") if view.get(name)]
    return "\n".join([*lines, " ".join(buttons)] if buttons else lines)


def words(text: Json | None) -> str:
    """A text object as it looks once shown."""
    if not text:
        return ""
    shown = str(text["text"])
    if text.get("emoji", True):
        shown = Emoji.replace(shown)
    if text.get("type") == "mrkdwn":
        shown = _LINK.sub(lambda found: found[2] or found[1], shown)
        shown = _PERSON.sub(lambda found: f"@{found[2] or found[1]}", shown)
        shown = _MARKS.sub(r"\2", shown)
        shown = shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return shown


def buttons(blocks: list[Json]) -> list[str]:
    """The labels of the buttons that can be pressed."""
    return [
        words(element["text"])
        for block in blocks
        for element in [block.get("accessory"), *(block.get("elements") or [])]
        if isinstance(element, dict) and element.get("type") == "button"
    ]


def _block(block: Json) -> Iterator[str]:
    kind = block["type"]
    if kind in ("section", "header", "alert"):
        yield words(block.get("text"))
        for field in block.get("fields", []):
            yield words(field)
        if block.get("accessory"):
            yield _element(block["accessory"])
    elif kind == "context" or kind == "actions":
        yield "  ".join(_element(element) for element in block["elements"])
    elif kind == "input":
        held = _held(block["element"])
        yield f"{words(block['label'])}: {held or '(empty)'}"
    elif kind == "rich_text":
        for part in block["elements"]:
            yield from _rich(part)
    elif kind == "divider":
        yield "─" * 20
    elif kind == "image":
        yield f"({block['alt_text']})"
    elif kind == "markdown":
        yield block["text"]


def _element(element: Json) -> str:
    kind = element["type"]
    if kind in ("mrkdwn", "plain_text"):
        return words(element)
    if kind == "image":
        return f"({element['alt_text']})"
    if kind == "button":
        return f"[{words(element['text'])}]"
    if kind == "overflow":
        return "[⋯ " + " / ".join(words(one["text"]) for one in element["options"]) + "]"
    return f"[{_held(element) or words(element.get('placeholder')) or kind}]"


def _held(element: Json) -> str:
    for name in _FIELDS:
        held = element.get(name)
        if isinstance(held, dict):
            return words(held["text"])
        if isinstance(held, list):
            return ", ".join(words(one["text"]) for one in held)
        if held:
            return str(held)
    return ""


def _rich(part: Json) -> Iterator[str]:
    if part["type"] == "rich_text_list":
        for number, item in enumerate(part["elements"], start=1):
            sign = f"{number}." if part["style"] == "ordered" else "•"
            yield f"{sign} " + "".join(_inline(one) for one in item["elements"])
        return
    text = "".join(_inline(one) for one in part["elements"])
    yield f"│ {text}" if part["type"] == "rich_text_quote" else text


def _inline(one: Json) -> str:
    kind = one["type"]
    if kind == "emoji":
        unicode = one.get("unicode")
        if unicode:
            return "".join(chr(int(code, 16)) for code in str(unicode).split("-"))
        return Emoji.replace(f":{one['name']}:")
    if kind == "link":
        return str(one.get("text") or one["url"])
    if kind == "user":
        return f"@{one['user_id']}"
    return str(one.get("text") or one.get("fallback") or "")
