"""Tests of the check of recorded payloads against a schema of Block Kit."""

import json
from pathlib import Path

import pytest

from tests.tooling import block_schema

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "array",
    "items": {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": ["divider"]}},
        "additionalProperties": False,
    },
}


@pytest.mark.parametrize(
    ("payload", "pointer"),
    [
        ({"blocks": [{"type": "divider"}]}, None),
        ({"blocks": [{"type": "divider"}, {"type": "sparkles"}]}, "/blocks/1/type"),
        ([{"type": "sparkles"}], "/0/type"),
        ({"taken": {"view": {"blocks": [{"type": "divider", "x": 1}]}}}, "/taken/view/blocks/0"),
    ],
)
def test_a_refused_block_is_named_with_its_place_in_the_file(
    payload: object, pointer: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema_file, payload_file = tmp_path / "schema.json", tmp_path / "payload.json"
    schema_file.write_text(json.dumps(SCHEMA))
    payload_file.write_text(json.dumps(payload))

    status = block_schema.main([str(schema_file), str(payload_file)])

    assert status == (0 if pointer is None else 1)
    assert capsys.readouterr().err.startswith("" if pointer is None else f"{payload_file}{pointer}")


def test_a_file_without_any_block_is_not_taken_for_a_checked_one(tmp_path: Path) -> None:
    schema_file, payload_file = tmp_path / "schema.json", tmp_path / "payload.json"
    schema_file.write_text(json.dumps(SCHEMA))
    payload_file.write_text("{}")

    assert block_schema.main([str(schema_file), str(payload_file)]) == 1
