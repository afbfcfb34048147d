"""JSON as strangers must send it: UTF-8, no doubled keys, no NaN, not too deep."""

import json
from typing import Any, NoReturn

#: Levels of nesting after which a body is nobody's honest payload.
DEPTH = 64


class JsonError(ValueError):
    """The text is not the JSON we take."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        doubled = next(key for key in keys if keys.count(key) > 1)
        raise JsonError(f"the key {doubled[:50]!r} stands twice in one object")
    return found


def _constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def loads(body: bytes) -> Any:
    """The value of a body. Raises `JsonError` that says what is wrong with it."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonError(f"not UTF-8 at byte {error.start}") from error
    if _depth(body) > DEPTH:
        raise JsonError(f"nested deeper than {DEPTH} levels")
    try:
        return _DECODER.decode(text)
    except JsonError:
        raise
    except RecursionError as error:
        raise JsonError("nested too deep") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise JsonError(f"not JSON: {error.msg} at {where}") from error
    except ValueError as error:
        # Python refuses numbers of thousands of digits.
        raise JsonError("a number is too long") from error


def _depth(body: bytes) -> int:
    # An upper bound that needs no parsing: brackets inside strings count too, which only matters
    # for bodies that could not be nested deeply anyway.
    if body.count(b"[") + body.count(b"{") <= DEPTH:
        return 0
    depth = deepest = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest
