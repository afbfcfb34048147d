"""Puts Block Kit's shapes together from small checks that name the place of what is wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_URL = re.compile(r"^(https?://[^\s]+|mailto:[^\s]+|tel:[^\s]+|slack://[^\s]+)$")


@dataclass(frozen=True)
class Problem:
    """What Slack would refuse: where it is (a JSON pointer), what is wrong, a short code."""

    pointer: str
    message: str
    code: str = "invalid"

    def __str__(self) -> str:
        """The line Slack puts in ``response_metadata.messages``."""
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


Check = Callable[[object, str, list[Problem]], None]
Rule = Callable[[dict[str, object], str, list[Problem]], None]


def string(most: int | None = None, least: int = 0) -> Check:
    """A string of ``least`` to ``most`` characters."""

    def check(value: object, at: str, found: list[Problem]) -> None:
        if not isinstance(value, str):
            found.append(Problem(at, "must be a string", "wrong_type"))
        elif len(value) < least:
            found.append(Problem(at, f"must be more than {least - 1} characters", "too_short"))
        elif most is not None and len(value) > most:
            found.append(Problem(at, f"must be less than {most + 1} characters", "too_long"))

    return check


def url(most: int = 3000) -> Check:
    """An absolute link of at most ``most`` characters."""
    length = string(most, 1)

    def check(value: object, at: str, found: list[Problem]) -> None:
        length(value, at, found)
        if isinstance(value, str) and 0 < len(value) <= most and not _URL.match(value):
            found.append(Problem(at, "must be a valid URL", "invalid_url"))

    return check


def pattern(expression: str, meaning: str) -> Check:
    """A string of a given form, such as a date."""
    form = re.compile(expression)

    def check(value: object, at: str, found: list[Problem]) -> None:
        if not isinstance(value, str) or not form.fullmatch(value):
            found.append(Problem(at, f"must be {meaning}", "invalid_format"))

    return check


def boolean(value: object, at: str, found: list[Problem]) -> None:
    """True or false."""
    if not isinstance(value, bool):
        found.append(Problem(at, "must be a boolean", "wrong_type"))


def whole(least: int, most: int | None = None) -> Check:
    """A whole number of a range."""

    def check(value: object, at: str, found: list[Problem]) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            found.append(Problem(at, "must be an integer", "wrong_type"))
        elif value < least or (most is not None and value > most):
            upto = f" and at most {most}" if most is not None else ""
            found.append(Problem(at, f"must be at least {least}{upto}", "out_of_range"))

    return check


def number(value: object, at: str, found: list[Problem]) -> None:
    """Any number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        found.append(Problem(at, "must be a number", "wrong_type"))


def one_of(*values: object) -> Check:
    """One of a few fixed values."""

    def check(value: object, at: str, found: list[Problem]) -> None:
        if value not in values:
            listed = ", ".join(f'"{one}"' for one in values)
            found.append(Problem(at, f"must be one of [{listed}]", "not_allowed"))

    return check


def items(check_one: Check, least: int, most: int | None = None) -> Check:
    """A list of ``least`` to ``most`` members, each checked."""

    def check(value: object, at: str, found: list[Problem]) -> None:
        if not isinstance(value, list):
            found.append(Problem(at, "must be an array", "wrong_type"))
            return
        if len(value) < least:
            found.append(Problem(at, f"no fewer than {least} items allowed", "too_few"))
        if most is not None and len(value) > most:
            found.append(Problem(at, f"no more than {most} items allowed", "too_many"))
        for index, one in enumerate(value):
            check_one(one, f"{at}/{index}", found)

    return check


def shape(
    kind: str | None,
    required: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    rule: Rule | None = None,
) -> Check:
    """An object with these fields and no others; ``rule`` says what single fields cannot."""
    fields = {**required, **(optional or {})}

    def check(value: object, at: str, found: list[Problem]) -> None:
        if not isinstance(value, dict):
            found.append(Problem(at, "must be an object", "wrong_type"))
            return
        found.extend(
            Problem(at, f"missing required field: {name}", "missing")
            for name in required
            if value.get(name) is None
        )
        for name, inner in value.items():
            if name == "type" and kind is not None:
                if inner != kind:
                    found.append(Problem(f"{at}/type", f'must be "{kind}"', "wrong_type"))
            elif name not in fields:
                found.append(Problem(at, f"invalid additional property: {name}", "unknown_field"))
            elif inner is not None:
                fields[name](inner, f"{at}/{name}", found)
        if rule is not None:
            rule(value, at, found)

    return check


def by_type(table: Mapping[str, Check], place: str) -> Check:
    """An object whose ``type`` is one of the table's; ``place`` names where it stands."""

    def check(value: object, at: str, found: list[Problem]) -> None:
        if not isinstance(value, dict):
            found.append(Problem(at, "must be an object", "wrong_type"))
            return
        kind = value.get("type")
        if not isinstance(kind, str):
            found.append(Problem(at, "missing required field: type", "missing"))
        elif kind not in table:
            found.append(Problem(f"{at}/type", f"unsupported type in {place}: {kind}", "type"))
        else:
            table[kind](value, at, found)

    return check


def anything(value: object, at: str, found: list[Problem]) -> None:
    """A field whose content is not looked at."""
