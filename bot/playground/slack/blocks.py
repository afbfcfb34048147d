"""Says what Slack would refuse in a message, a modal or a Home tab, before a person finds out."""

import json
from collections.abc import Iterator
from typing import Literal

from bot.playground.slack.block_checks import Problem, by_type
from bot.playground.slack.block_shapes import BLOCKS, VIEWS

Surface = Literal["message", "modal", "home"]

MOST_BLOCKS: dict[Surface, int] = {"message": 50, "modal": 100, "home": 100}
MOST_MESSAGE_BYTES = 12_000
"""Slack does not document this one: messages near 13,200 characters were refused as
``msg_blocks_too_long`` (bolt-js issue 2509), so the stand-in stops a little below."""
MOST_VIEW_BYTES = 250_000
MOST_MARKDOWN = 12_000

_MESSAGE_ONLY = {
    "markdown", "context_actions", "plan", "task_card", "table", "data_table",
    "data_visualization", "card", "carousel", "container", "file",
}  # fmt: skip
_MODAL_ONLY = {"alert"}
_AT_MOST: dict[str, int] = {"table": 1, "data_visualization": 2}


def problems(blocks: object, surface: Surface, at: str = "/blocks") -> list[Problem]:
    """What Slack would refuse in these blocks on this surface; empty when it would accept them.

    ``at`` is the JSON pointer of the list itself. Facts:
    https://docs.slack.dev/reference/block-kit/blocks/
    """
    if not isinstance(blocks, list):
        return [Problem(at, "must be an array", "wrong_type")]
    found: list[Problem] = []
    most = MOST_BLOCKS[surface]
    if len(blocks) > most:
        found.append(Problem(at, f"no more than {most} items allowed", "too_many"))
    one_block = by_type(BLOCKS, f"a {surface}")
    for index, block in enumerate(blocks):
        place = f"{at}/{index}"
        kind = block.get("type") if isinstance(block, dict) else None
        if isinstance(kind, str) and kind in BLOCKS and not _belongs(kind, surface):
            found.append(
                Problem(f"{place}/type", f"{kind} is not allowed in a {surface}", "surface")
            )
            continue
        one_block(block, place, found)
    whole = [block for block in blocks if isinstance(block, dict)]
    found.extend(_counted(whole, at))
    found.extend(_repeated(blocks, at))
    return found


def view_problems(view: object, at: str = "/view") -> list[Problem]:
    """What Slack would refuse in this modal or Home tab, pointers counted from ``at``.

    Fact: https://docs.slack.dev/reference/views/modal-views
    """
    found: list[Problem] = []
    by_type(VIEWS, "a view")(view, at, found)
    if not isinstance(view, dict):
        return found
    kind = view.get("type")
    surface: Surface = "home" if kind == "home" else "modal"
    blocks = view.get("blocks")
    if blocks is None:
        return found
    found.extend(problems(blocks, surface, f"{at}/blocks"))
    inputs = isinstance(blocks, list) and any(
        isinstance(block, dict) and block.get("type") == "input" for block in blocks
    )
    if surface == "modal" and inputs and view.get("submit") is None:
        found.append(
            Problem(f"{at}/submit", "is required when a modal holds input blocks", "missing")
        )
    return found


def too_long(blocks: object, most: int = MOST_MESSAGE_BYTES) -> bool:
    """Whether the blocks together are larger than Slack takes, whatever their single sizes."""
    return len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":")).encode()) > most


def _belongs(kind: str, surface: Surface) -> bool:
    if surface != "message" and kind in _MESSAGE_ONLY:
        return False
    return surface == "modal" or kind not in _MODAL_ONLY


def _counted(blocks: list[dict[str, object]], at: str) -> Iterator[Problem]:
    kinds = [block.get("type") for block in blocks]
    for kind, most in _AT_MOST.items():
        if kinds.count(kind) > most:
            yield Problem(at, f"no more than {most} {kind} allowed", "too_many")
    markdown = 0
    for block in blocks:
        words = block.get("text")
        if block.get("type") == "markdown" and isinstance(words, str):
            markdown += len(words)
    if markdown > MOST_MARKDOWN:
        yield Problem(
            at, f"markdown blocks hold more than {MOST_MARKDOWN} characters together", "too_long"
        )


def _repeated(blocks: list[object], at: str) -> Iterator[Problem]:
    """Block ids must differ in the payload, action ids in their block, focus at most once."""
    block_ids: set[str] = set()
    focused = 0
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            continue
        block_id = block.get("block_id")
        if isinstance(block_id, str) and block_id:
            if block_id in block_ids:
                yield Problem(
                    f"{at}/{index}/block_id", f"block_id already exists: {block_id}", "repeated"
                )
            block_ids.add(block_id)
        action_ids: set[str] = set()
        for place, element in elements(block):
            focused += element.get("focus_on_load") is True
            action_id = element.get("action_id")
            if not isinstance(action_id, str):
                continue
            if action_id in action_ids:
                yield Problem(
                    f"{at}/{index}{place}/action_id",
                    f"action_id already exists: {action_id}",
                    "repeated",
                )
            action_ids.add(action_id)
    if focused > 1:
        yield Problem(at, "only one element may have focus_on_load", "repeated")


def elements(block: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """The interactive elements of a block, each with its pointer inside the block."""
    for name in ("accessory", "element"):
        one = block.get(name)
        if isinstance(one, dict):
            yield f"/{name}", one
    for name in ("elements", "actions"):
        many = block.get(name)
        for index, one in enumerate(many if isinstance(many, list) else []):
            if isinstance(one, dict):
                yield f"/{name}/{index}", one
                if one.get("type") == "card":
                    for place, inner in elements(one):
                        yield f"/{name}/{index}{place}", inner
    children = block.get("child_blocks")
    for index, child in enumerate(children if isinstance(children, list) else []):
        if isinstance(child, dict):
            for place, inner in elements(child):
                yield f"/child_blocks/{index}{place}", inner
