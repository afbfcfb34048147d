"""Tests of JSON from strangers."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from bot.web.strict_json import DEPTH, JsonError, loads


def fault(body: bytes) -> str:
    """Why a body is refused."""
    with pytest.raises(JsonError) as caught:
        loads(body)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, "x", true, null]}', {"a": [1, 2.5, "x", True, None]}),
        (b" 7 ", 7),
        ('"é"'.encode(), "é"),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'{"a": {"a": 1}}', {"a": {"a": 1}}),
        (b"1e308", 1e308),
    ],
)
def test_plain_json_is_read(body: bytes, value: object) -> None:
    assert loads(body) == value


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"\xff{}", "not UTF-8 at byte 0"),
        (b'{"a": "\xc3"}', "not UTF-8 at byte 7"),
        (b"\xed\xa0\x80", "not UTF-8 at byte 0"),
        (b"", "not JSON: Expecting value at line 1, column 1"),
        (b"{'a': 1}", "not JSON: "),
        (b"{} {}", "not JSON: Extra data at line 1, column 4"),
        (b"[1,]", "not JSON: "),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b"[Infinity]", "Infinity is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"[1e400]", "a number is too large"),
        (b"[-1e400]", "a number is too large"),
        (b"9" * 5000, "a number is too long"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice in one object"),
        (b'{"x": {"\\u0061": 1, "a": 3}}', "the key 'a' stands twice in one object"),
    ],
)
def test_anything_else_is_refused_with_the_reason(body: bytes, sentence: str) -> None:
    assert fault(body).startswith(sentence)


def test_a_long_doubled_key_is_not_repeated_whole() -> None:
    key = b'"' + b"k" * 10_000 + b'": 1'
    assert len(fault(b"{" + key + b"," + key + b"}")) < 120


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_has_an_end(opening: bytes, closing: bytes) -> None:
    assert loads(opening * DEPTH + b"1" + closing * DEPTH)
    deeper = opening * (DEPTH + 1) + b"1" + closing * (DEPTH + 1)
    assert fault(deeper) == "nested deeper than 64 levels"


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_whatever_is_read_can_be_stored_and_read_again(opening: bytes, closing: bytes) -> None:
    for depth in (DEPTH, 150, 220, 300, 900):
        with suppress(JsonError):
            value = loads(opening * depth + b"1" + closing * depth)
            assert from_json(to_json(value)) == value


def test_brackets_in_strings_are_no_nesting() -> None:
    text = '[{"\\' * 100
    assert loads(json.dumps({"a": text}).encode()) == {"a": text}


def test_many_flat_objects_are_no_nesting() -> None:
    many = [{"a": [number]} for number in range(1000)]
    assert loads(json.dumps(many).encode()) == many


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 1_000_000,
        b'{"a":' * 200_000,
        b'{"a":' + b'"\\"' * 300_000,
        b'["' + b"\\" * 900_000,
        b"[" * 100 + b'"[' * 400_000,
        ("{" + ",".join(f'"k{n}":1' for n in range(90_000)) + ',"k89999":2}').encode(),
    ],
    ids=["lists", "objects", "escaped quotes", "backslashes", "open strings", "doubled late"],
)
def test_a_hostile_megabyte_is_refused_in_no_time(body: bytes) -> None:
    started = time.perf_counter()
    fault(body)
    assert time.perf_counter() - started < 1.5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)  # fmt: skip


@given(JSON)
def test_whatever_a_proper_sender_writes_is_read_as_it_was_meant(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=True, indent=1).encode()) == value


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(JsonError):
        loads(body)
