"""JSON as strangers must send it: UTF-8, no doubled keys, no NaN, not too deep."""

import json
import math
import re
from typing import Any, NoReturn

#: Levels of nesting after which a body is nobody's honest payload. What is taken may be kept, and
#: the store's JSON can neither be written beyond 255 levels nor read back beyond 200.
DEPTH = 64

# Strings are taken whole, so that brackets in them do not count; an unended one reaches to the end.
# Nothing is ever tried twice, whatever the body.
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class JsonError(ValueError):
    """The text is not the JSON we take."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonError(f"the key {key[:50]!r} stands twice in one object")
            seen.add(key)
    return found


def _constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise JsonError("a number is too large")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)


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
    # Most bodies have fewer brackets than levels are allowed.
    if body.count(b"[") + body.count(b"{") <= DEPTH:
        return 0
    depth = deepest = 0
    for bracket in _STRINGS.sub(b"", body).translate(None, _ALL_BUT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > DEPTH:
                break
        else:
            depth -= 1
    return deepest
