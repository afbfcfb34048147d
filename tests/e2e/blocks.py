"""Small blocks and views as an app would send them, for tests of the page."""

from typing import Any

Block = dict[str, Any]


def plain(text: str) -> Block:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> Block:
    """A section with mrkdwn."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(label: str, action_id: str, **more: Any) -> Block:
    """A button whose value is its action id."""
    return {
        "type": "button",
        "text": plain(label),
        "action_id": action_id,
        "value": action_id,
        **more,
    }


def actions(*elements: Block) -> Block:
    """A row of controls."""
    return {"type": "actions", "block_id": "row", "elements": list(elements)}


def options(*labels: str) -> list[Block]:
    """Options whose values are their labels in lower case."""
    return [{"text": plain(label), "value": label.lower()} for label in labels]


def field(block_id: str, kind: str, *, optional: bool = False, **element: Any) -> Block:
    """An input block labelled by its id; its element's action id is "it"."""
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "optional": optional,
        "element": {"type": kind, "action_id": "it", **element},
    }


def modal(title: str, *blocks: Block) -> Block:
    """A modal with a Save button."""
    return {
        "type": "modal",
        "callback_id": "test",
        "title": plain(title),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": list(blocks),
    }
