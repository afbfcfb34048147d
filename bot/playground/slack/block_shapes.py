"""Every block and view of Block Kit with its documented fields and limits.

Facts: https://docs.slack.dev/reference/block-kit/blocks/ and
https://docs.slack.dev/reference/views/
"""

from bot.playground.slack.block_checks import (
    Check,
    Problem,
    Rule,
    anything,
    boolean,
    by_type,
    items,
    number,
    one_of,
    shape,
    string,
    url,
    whole,
)
from bot.playground.slack.block_elements import (
    BUTTONS,
    CONTEXT_ACTIONS,
    ID,
    IMAGE_ELEMENT,
    MENUS,
    MULTI_MENUS,
    TYPED,
    image_rule,
    mrkdwn,
    plain,
    text,
)

_INLINE_STYLE = shape(
    None,
    {},
    dict.fromkeys(
        (
            "bold",
            "italic",
            "strike",
            "code",
            "underline",
            "highlight",
            "client_highlight",
            "unlink",
        ),
        boolean,
    ),
)


def _inline(
    kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None
) -> Check:
    return shape(kind, {"type": anything, **required}, {"style": _INLINE_STYLE, **(optional or {})})


_INLINE = by_type(
    {
        "text": _inline("text", {"text": string(least=1)}),
        "link": _inline("link", {"url": url(3000)}, {"text": string(), "unsafe": boolean}),
        "emoji": _inline("emoji", {"name": string(least=1)}, {"unicode": string(), "url": url()}),
        "user": _inline("user", {"user_id": string(least=1)}),
        "usergroup": _inline("usergroup", {"usergroup_id": string(least=1)}),
        "channel": _inline("channel", {"channel_id": string(least=1)}),
        "team": _inline("team", {"team_id": string(least=1)}),
        "broadcast": _inline("broadcast", {"range": one_of("here", "channel", "everyone")}),
        "color": _inline("color", {"value": string(least=1)}),
        "date": _inline(
            "date",
            {"timestamp": whole(0), "format": string(least=1)},
            {"url": url(), "fallback": string()},
        ),
    },
    "rich text",
)
_BORDER = one_of(0, 1)
_RICH_SECTION = shape("rich_text_section", {"type": anything, "elements": items(_INLINE, 0)})
_RICH_PARTS = by_type(
    {
        "rich_text_section": _RICH_SECTION,
        "rich_text_list": shape(
            "rich_text_list",
            {
                "type": anything,
                "style": one_of("bullet", "ordered"),
                "elements": items(_RICH_SECTION, 1),
            },
            {"indent": whole(0, 8), "offset": whole(0), "border": _BORDER},
        ),
        "rich_text_preformatted": shape(
            "rich_text_preformatted",
            {"type": anything, "elements": items(_INLINE, 0)},
            {"border": _BORDER, "language": string()},
        ),
        "rich_text_quote": shape(
            "rich_text_quote",
            {"type": anything, "elements": items(_INLINE, 0)},
            {"border": _BORDER},
        ),
    },
    "a rich_text block",
)


_POINTS = items(shape(None, {"label": string(20, 1), "value": number}), 1, 20)
_SERIES = items(shape(None, {"name": string(20, 1), "data": _POINTS}), 1, 6)
_AXIS = shape(
    None,
    {"categories": items(string(20, 1), 1, 20)},
    {"x_label": string(50, 1), "y_label": string(50, 1)},
)
_SEGMENTS = items(shape(None, {"label": string(20, 1), "value": number}), 1, 6)
_OVER_AXIS = {"type": anything, "series": _SERIES, "axis_config": _AXIS}
_CHART = by_type(
    {
        "pie": shape("pie", {"type": anything, "segments": _SEGMENTS}),
        **{kind: shape(kind, _OVER_AXIS) for kind in ("bar", "line", "area")},
    },
    "a chart",
)


def _block(
    kind: str,
    required: dict[str, Check],
    optional: dict[str, Check] | None = None,
    rule: Rule | None = None,
) -> Check:
    return shape(
        kind,
        {"type": anything, **required},
        {"block_id": ID, **(optional or {})},
        rule,
    )


_RICH_TEXT = _block("rich_text", {"elements": items(_RICH_PARTS, 1)})


def _section_rule(block: dict[str, object], at: str, found: list[Problem]) -> None:
    if block.get("text") is None and block.get("fields") is None:
        found.append(Problem(at, "missing required field: text or fields", "missing"))


def _card_rule(block: dict[str, object], at: str, found: list[Problem]) -> None:
    if not any(block.get(part) for part in ("title", "body", "actions", "hero_image")):
        found.append(Problem(at, "needs a title, body, hero_image or actions", "missing"))


_CARD = _block(
    "card",
    {},
    {
        "title": text(150),
        "subtitle": text(150),
        "body": text(200),
        "icon": IMAGE_ELEMENT,
        "hero_image": IMAGE_ELEMENT,
        "actions": items(by_type(BUTTONS, "a card"), 1, 3),
    },
    _card_rule,
)
_TASK = {
    "task_id": string(255, 1),
    "title": string(least=1),
    "status": one_of("pending", "in_progress", "complete", "error"),
}
_TASK_MORE = {"details": _RICH_TEXT, "output": _RICH_TEXT, "sources": items(anything, 0)}
_CELL = by_type(
    {
        "raw_text": shape("raw_text", {"type": anything, "text": string()}),
        "raw_number": shape("raw_number", {"type": anything, "value": number, "text": string()}),
        "rich_text": _RICH_TEXT,
    },
    "a table",
)
_ROWS_OF_20 = items(_CELL, 1, 20)

BLOCKS: dict[str, Check] = {
    "section": _block(
        "section",
        {},
        {
            "text": text(3000),
            "fields": items(text(2000), 1, 10),
            "accessory": by_type(
                {**BUTTONS, **MENUS, **MULTI_MENUS, "image": IMAGE_ELEMENT},
                "a section's accessory",
            ),
            "expand": boolean,
        },
        _section_rule,
    ),
    "rich_text": _RICH_TEXT,
    "header": _block("header", {"text": plain(150)}),
    "divider": _block("divider", {}),
    "context": _block(
        "context",
        {
            "elements": items(
                by_type(
                    {"plain_text": plain(), "mrkdwn": mrkdwn(), "image": IMAGE_ELEMENT},
                    "a context block",
                ),
                1,
                10,
            )
        },
    ),
    "actions": _block(
        "actions", {"elements": items(by_type({**BUTTONS, **MENUS}, "an actions block"), 1, 25)}
    ),
    "input": _block(
        "input",
        {
            "label": plain(2000),
            "element": by_type(
                {
                    **{name: one for name, one in MENUS.items() if name != "overflow"},
                    **MULTI_MENUS,
                    **TYPED,
                },
                "an input block",
            ),
        },
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "image": _block(
        "image",
        {"alt_text": string(2000, 1)},
        {"image_url": url(3000), "slack_file": anything, "title": plain(2000)},
        image_rule,
    ),
    "video": _block(
        "video",
        {
            "title": plain(200),
            "video_url": url(3000),
            "thumbnail_url": url(3000),
            "alt_text": string(2000, 1),
        },
        {
            "title_url": url(3000),
            "description": plain(200),
            "author_name": string(50),
            "provider_name": string(),
            "provider_icon_url": url(3000),
        },
    ),
    "markdown": _block("markdown", {"text": string(12000, 1)}),
    "context_actions": _block(
        "context_actions",
        {"elements": items(by_type(CONTEXT_ACTIONS, "a context_actions block"), 1, 5)},
    ),
    "alert": _block(
        "alert",
        {"text": text(200)},
        {"level": one_of("default", "info", "warning", "error", "success")},
    ),
    "card": _CARD,
    "carousel": _block(
        "carousel", {"elements": items(by_type({"card": _CARD}, "a carousel"), 1, 10)}
    ),
    "task_card": _block("task_card", {**_TASK}, {**_TASK_MORE}),
    "plan": _block(
        "plan",
        {"title": string(least=1)},
        {"tasks": items(shape("task_card", {**_TASK}, {"type": anything, **_TASK_MORE}), 0, 50)},
    ),
    "table": _block(
        "table",
        {"rows": items(_ROWS_OF_20, 1, 100)},
        {"column_settings": items(anything, 0, 20)},
    ),
    "data_table": _block(
        "data_table",
        {"caption": string(least=1), "rows": items(_ROWS_OF_20, 1, 101)},
        {"page_size": whole(1, 100), "row_header_column_index": whole(0, 19)},
    ),
    "data_visualization": _block("data_visualization", {"title": string(50, 1), "chart": _CHART}),
    "file": _block("file", {"external_id": string(least=1), "source": one_of("remote")}),
}
_INSIDE_CONTAINER = by_type(
    {name: one for name, one in BLOCKS.items() if name != "input"}, "a container"
)
BLOCKS["container"] = _block(
    "container",
    {"child_blocks": items(_INSIDE_CONTAINER, 1, 10)},
    {
        "title": text(150),
        "subtitle": text(150),
        "icon": IMAGE_ELEMENT,
        "rich_text_title": _RICH_TEXT,
        "is_collapsible": boolean,
        "default_collapsed": boolean,
        "has_header_divider": boolean,
        "width": one_of("narrow", "standard", "wide", "full"),
    },
)

_VIEW_MORE: dict[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": ID,
    "external_id": ID,
}
MODAL: dict[str, Check] = {
    "submit": plain(24),
    "close": plain(24),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
    **_VIEW_MORE,
}
VIEWS: dict[str, Check] = {
    "modal": shape("modal", {"type": anything, "title": plain(24), "blocks": anything}, MODAL),
    "home": shape("home", {"type": anything, "blocks": anything}, _VIEW_MORE),
}
