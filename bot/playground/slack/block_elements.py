"""The buttons, menus, inputs and text objects of Block Kit with their documented limits.

Facts: https://docs.slack.dev/reference/block-kit/block-elements/ ; where Slack's pages and its type
definitions differ, the stricter reading is used, so what passes here passes there.
"""

from bot.playground.slack.block_checks import (
    Check,
    Problem,
    Rule,
    anything,
    boolean,
    by_type,
    items,
    one_of,
    pattern,
    shape,
    string,
    url,
    whole,
)

ID = string(255)
_DATE = pattern(r"\d{4}-\d{2}-\d{2}", "a date in the form YYYY-MM-DD")
_TIME = pattern(r"([01]\d|2[0-3]):[0-5]\d", "a time in the form HH:mm")
STYLE = one_of("primary", "danger")


def plain(most: int = 3000) -> Check:
    """A plain_text object of 1 to ``most`` characters."""
    return shape("plain_text", {"type": anything, "text": string(most, 1)}, {"emoji": boolean})


def mrkdwn(most: int = 3000) -> Check:
    """A mrkdwn object of 1 to ``most`` characters."""
    return shape("mrkdwn", {"type": anything, "text": string(most, 1)}, {"verbatim": boolean})


def text(most: int = 3000) -> Check:
    """A text object, plain_text or mrkdwn, of 1 to ``most`` characters."""
    return by_type({"plain_text": plain(most), "mrkdwn": mrkdwn(most)}, "a text object")


_CONFIRM = shape(
    None,
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": STYLE},
)


def _option(words: Check, *, with_url: bool = False) -> Check:
    extra: dict[str, Check] = {"description": text(75)}
    if with_url:
        extra["url"] = url(3000)
    return shape(None, {"text": words, "value": string(150, 1)}, extra)


_SELECT_OPTION = _option(plain(75))
_CHOICE_OPTION = _option(text(75))
_OVERFLOW_OPTION = _option(plain(75), with_url=True)
_OPTION_GROUP = shape(None, {"label": plain(75), "options": items(_SELECT_OPTION, 1, 100)})


def _offered(element: dict[str, object]) -> list[object]:
    options = element.get("options")
    offered = list(options) if isinstance(options, list) else []
    groups = element.get("option_groups")
    for group in groups if isinstance(groups, list) else []:
        if isinstance(group, dict) and isinstance(group.get("options"), list):
            offered.extend(group["options"])
    return offered


def _choice_rule(element: dict[str, object], at: str, found: list[Problem]) -> None:
    """What is chosen at the start must be among what is offered, exactly."""
    offered = _offered(element)
    first = element.get("initial_option")
    if first is not None and first not in offered:
        found.append(
            Problem(f"{at}/initial_option", "must match one of the options exactly", "not_offered")
        )
    many = element.get("initial_options")
    for index, one in enumerate(many if isinstance(many, list) else []):
        if one not in offered:
            place = f"{at}/initial_options/{index}"
            found.append(Problem(place, "must match one of the options exactly", "not_offered"))


def _select_rule(element: dict[str, object], at: str, found: list[Problem]) -> None:
    if (element.get("options") is None) == (element.get("option_groups") is None):
        found.append(
            Problem(at, "needs either options or option_groups, and not both", "options_or_groups")
        )
    _choice_rule(element, at, found)


def _element(
    kind: str,
    required: dict[str, Check] | None = None,
    optional: dict[str, Check] | None = None,
    *,
    rule: Rule | None = None,
    confirm: bool = True,
    focus: bool = True,
    placeholder: bool = False,
) -> Check:
    more: dict[str, Check] = {"action_id": ID, **(optional or {})}
    if confirm:
        more["confirm"] = _CONFIRM
    if focus:
        more["focus_on_load"] = boolean
    if placeholder:
        more["placeholder"] = plain(150)
    needed: dict[str, Check] = {"type": anything, **(required or {})}
    return shape(kind, needed, more, rule)


def _select(kind: str, optional: dict[str, Check], *, rule: Rule | None = None) -> Check:
    if kind.startswith("multi_"):
        optional = {**optional, "max_selected_items": whole(1)}
    return _element(kind, None, optional, rule=rule, placeholder=True)


_BUTTON = _element(
    "button",
    {"text": plain(75)},
    {
        "value": string(2000),
        "url": url(3000),
        "style": STYLE,
        "accessibility_label": string(75),
    },
    focus=False,
)
_WORKFLOW_BUTTON = _element(
    "workflow_button",
    {"text": plain(75), "workflow": anything},
    {"style": STYLE, "accessibility_label": string(75)},
    focus=False,
)


def image_rule(image: dict[str, object], at: str, found: list[Problem]) -> None:
    if (image.get("image_url") is None) == (image.get("slack_file") is None):
        found.append(
            Problem(at, "needs either image_url or slack_file, and not both", "image_source")
        )


IMAGE_ELEMENT = shape(
    "image",
    {"type": anything, "alt_text": string(2000, 1)},
    {"image_url": url(3000), "slack_file": anything},
    image_rule,
)
_OPTIONS: dict[str, Check] = {
    "options": items(_SELECT_OPTION, 1, 100),
    "option_groups": items(_OPTION_GROUP, 1, 100),
}


def _one_list(answer: dict[str, object], at: str, found: list[Problem]) -> None:
    if (answer.get("options") is None) == (answer.get("option_groups") is None):
        problem = "needs either options or option_groups, and not both"
        found.append(Problem(at, problem, "options_or_groups"))


#: What an app answers to what was typed into a menu; it may offer nothing at all.
SUGGESTED = shape(
    None,
    {},
    {
        "options": items(_SELECT_OPTION, 0, 100),
        "option_groups": items(_OPTION_GROUP, 0, 100),
    },
    _one_list,
)
MENUS: dict[str, Check] = {
    "static_select": _select(
        "static_select", {**_OPTIONS, "initial_option": _SELECT_OPTION}, rule=_select_rule
    ),
    "external_select": _select(
        "external_select", {"initial_option": _SELECT_OPTION, "min_query_length": whole(0)}
    ),
    "users_select": _select("users_select", {"initial_user": string()}),
    "conversations_select": _select(
        "conversations_select",
        {
            "initial_conversation": string(),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": anything,
        },
    ),
    "channels_select": _select(
        "channels_select", {"initial_channel": string(), "response_url_enabled": boolean}
    ),
    "overflow": _element("overflow", {"options": items(_OVERFLOW_OPTION, 1, 5)}, focus=False),
    "datepicker": _element("datepicker", None, {"initial_date": _DATE}, placeholder=True),
    "timepicker": _element(
        "timepicker", None, {"initial_time": _TIME, "timezone": string()}, placeholder=True
    ),
    "datetimepicker": _element("datetimepicker", None, {"initial_date_time": whole(0)}),
    "checkboxes": _element(
        "checkboxes",
        {"options": items(_CHOICE_OPTION, 1, 10)},
        {"initial_options": items(_CHOICE_OPTION, 1, 10)},
        rule=_choice_rule,
    ),
    "radio_buttons": _element(
        "radio_buttons",
        {"options": items(_CHOICE_OPTION, 1, 10)},
        {"initial_option": _CHOICE_OPTION},
        rule=_choice_rule,
    ),
}
MULTI_MENUS: dict[str, Check] = {
    "multi_static_select": _select(
        "multi_static_select",
        {**_OPTIONS, "initial_options": items(_SELECT_OPTION, 0, 100)},
        rule=_select_rule,
    ),
    "multi_external_select": _select(
        "multi_external_select",
        {"initial_options": items(_SELECT_OPTION, 0, 100), "min_query_length": whole(0)},
    ),
    "multi_users_select": _select("multi_users_select", {"initial_users": items(string(), 0)}),
    "multi_conversations_select": _select(
        "multi_conversations_select",
        {
            "initial_conversations": items(string(), 0),
            "default_to_current_conversation": boolean,
            "filter": anything,
        },
    ),
    "multi_channels_select": _select(
        "multi_channels_select", {"initial_channels": items(string(), 0)}
    ),
}
_DISPATCH = shape(
    None,
    {},
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 1, 2)},
)


def _length_rule(element: dict[str, object], at: str, found: list[Problem]) -> None:
    first, most = element.get("initial_value"), element.get("max_length")
    if isinstance(first, str) and isinstance(most, int) and len(first) > most:
        place = f"{at}/initial_value"
        found.append(Problem(place, f"must be less than {most + 1} characters", "too_long"))


def _typed(kind: str, required: dict[str, Check], optional: dict[str, Check]) -> Check:
    more = {"dispatch_action_config": _DISPATCH, **optional}
    return _element(kind, required, more, rule=_length_rule, confirm=False, placeholder=True)


_NUMERIC = pattern(r"-?\d+(\.\d+)?", "a number written as a string")
TYPED: dict[str, Check] = {
    "plain_text_input": _typed(
        "plain_text_input",
        {},
        {
            "initial_value": string(3000),
            "multiline": boolean,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
    ),
    "email_text_input": _typed("email_text_input", {}, {"initial_value": string(3000)}),
    "url_text_input": _typed("url_text_input", {}, {"initial_value": string(3000)}),
    "number_input": _typed(
        "number_input",
        {"is_decimal_allowed": boolean},
        {"initial_value": _NUMERIC, "min_value": _NUMERIC, "max_value": _NUMERIC},
    ),
    "rich_text_input": _typed(
        "rich_text_input",
        {},
        {"initial_value": anything, "min_lines": whole(1), "max_lines": whole(1)},
    ),
    "file_input": _element(
        "file_input",
        None,
        {"filetypes": items(string(), 1), "max_files": whole(1, 10)},
        confirm=False,
        focus=False,
    ),
}
BUTTONS = {"button": _BUTTON, "workflow_button": _WORKFLOW_BUTTON}
_FEEDBACK = shape(
    None, {"text": plain(75)}, {"value": string(2000), "accessibility_label": string(75)}
)
CONTEXT_ACTIONS = {
    "feedback_buttons": _element(
        "feedback_buttons",
        {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK},
        confirm=False,
        focus=False,
    ),
    "icon_button": _element(
        "icon_button",
        {"icon": string(least=1), "text": plain(75)},
        {
            "value": string(2000),
            "accessibility_label": string(75),
            "visible_to_user_ids": items(string(), 0),
        },
        focus=False,
    ),
}
