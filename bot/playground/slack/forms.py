"""Reads the controls of a message or view: what they hold, what a person chose, what is missing."""

import re
from collections.abc import Iterator
from typing import Any

from bot.playground.slack.blocks import elements

Json = dict[str, Any]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_FIRST: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "users_select": ("selected_user", "initial_user"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_users_select": ("selected_users", "initial_users"),
}
"""Controls that keep a value: the field of it in Slack's state, and that of its first value."""

CHOICES = ("value", "selected_option", "selected_options", "selected_date", "selected_time",
           "selected_date_time", "selected_user", "selected_users", "selected_channel",
           "selected_conversation")  # fmt: skip
REQUIRED = "Please complete this required field."


def controls(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each block with each of its interactive elements."""
    for block in blocks:
        for _, element in elements(block):
            if "action_id" in element:
                yield block, element


def find(blocks: list[Json], action_id: str, block_id: str | None = None) -> Json | None:
    """The element with this action id, as it stands in the blocks, or None."""
    for block, element in controls(blocks):
        if element["action_id"] == action_id and block_id in (None, block.get("block_id")):
            return {**element, "block_id": block.get("block_id")}
    return None


def labelled(blocks: list[Json], label: str) -> Json | None:
    """The first button with exactly this label, or None."""
    for block, element in controls(blocks):
        words = element.get("text")
        if isinstance(words, dict) and words.get("text") == label:
            return {**element, "block_id": block.get("block_id")}
    return None


def options_of(element: Json) -> list[Json]:
    """Everything a menu offers, its groups included."""
    offered: list[Json] = list(element.get("options") or [])
    for group in element.get("option_groups") or []:
        offered.extend(group["options"])
    return offered


def chosen(element: Json, value: object) -> Json:
    """The state of a control that holds ``value``: a text, a date, or the value of an option.

    Raises:
        ValueError: the control offers no such option, or holds no value at all.
    """
    kind = element["type"]
    if isinstance(value, dict):
        return {"type": kind, **value}
    if kind not in _FIRST and kind != "overflow":
        raise ValueError(f"A {kind} holds no value.")
    field = "selected_option" if kind == "overflow" else _FIRST[kind][0]
    if field == "selected_options":
        wanted = value if isinstance(value, list) else [value]
        picked = [one for one in options_of(element) if one["value"] in wanted]
        if len(picked) != len(wanted):
            raise ValueError(f"{element['action_id']} does not offer all of {wanted}.")
        return {"type": kind, field: picked}
    if field == "selected_option" and value is not None:
        for one in options_of(element):
            if one["value"] == value:
                return {"type": kind, field: one}
        raise ValueError(f"{element['action_id']} does not offer {value!r}.")
    return {"type": kind, field: value}


def state_of(blocks: list[Json], given: Json) -> Json:
    """Slack's ``state.values``: every control that keeps a value, filled or not.

    ``given`` is ``{block_id: {action_id: state}}`` or, shorter, ``{block_id: value}``.
    """
    values: Json = {}
    for block, element in controls(blocks):
        kind = element["type"]
        if kind not in _FIRST:
            continue
        field, first = _FIRST[kind]
        block_id, action_id = block["block_id"], element["action_id"]
        empty: object = [] if field.endswith("s") else None
        state: Json = {"type": kind, field: element.get(first, empty)}
        told = given.get(block_id)
        if isinstance(told, dict):
            if action_id in told:
                state = chosen(element, told[action_id])
        elif block_id in given:
            state = chosen(element, told)
        if state.get(field) == "":
            state[field] = None
        values.setdefault(block_id, {})[action_id] = state
    return values


def left_out(blocks: list[Json], values: Json) -> dict[str, str]:
    """What Slack's own window refuses before it sends a form: a sentence for each block id."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block["type"] != "input":
            continue
        element = block["element"]
        state = values[block["block_id"]][element["action_id"]] if element["type"] in _FIRST else {}
        held = next((state[name] for name in CHOICES if name in state), None)
        if held in (None, "", []):
            if element["type"] in _FIRST and not block.get("optional", False):
                errors[block["block_id"]] = REQUIRED
            continue
        fault = _fault(element, held)
        if fault:
            errors[block["block_id"]] = fault
    return errors


def _fault(element: Json, held: object) -> str | None:
    kind, text = element["type"], str(held)
    if kind == "email_text_input" and not _EMAIL.fullmatch(text):
        return "Please enter a valid email address."
    if kind == "plain_text_input":
        least, most = element.get("min_length", 0), element.get("max_length", 3000)
        if len(text) < least:
            return f"Please enter at least {least} characters."
        if len(text) > most:
            return f"Please enter at most {most} characters."
    if kind == "number_input":
        whole = not element["is_decimal_allowed"]
        if not re.fullmatch(r"-?\d+" if whole else r"-?\d+(\.\d+)?", text):
            return "Please enter a whole number." if whole else "Please enter a number."
        if "min_value" in element and float(text) < float(element["min_value"]):
            return f"Please enter a number that is at least {element['min_value']}."
        if "max_value" in element and float(text) > float(element["max_value"]):
            return f"Please enter a number that is at most {element['max_value']}."
    return None
