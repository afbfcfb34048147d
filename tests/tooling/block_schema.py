"""Checks recorded messages and views against a JSON schema of Block Kit's blocks.

`python -m tests.tooling.block_schema SCHEMA.json PAYLOAD.json ...` looks at every list of blocks in
the payloads (a message, a view, or several of them in one file), names each fault and where it is,
and ends with 1 if there was one.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match


def block_lists(value: Any, place: str = "") -> Iterator[tuple[str, list[Any]]]:
    """Every list of blocks in `value` with its JSON pointer."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and "type" in item for item in value):
            yield place, value
        else:
            for index, item in enumerate(value):
                yield from block_lists(item, f"{place}/{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "blocks" and isinstance(item, list):
                yield f"{place}/blocks", item
            elif isinstance(item, dict | list):
                yield from block_lists(item, f"{place}/{key}")


def faults(schema: dict[str, Any], payload: Any) -> list[str]:
    """One sentence for each list of blocks that the schema refuses."""
    validator = Draft7Validator(schema)
    found = []
    for place, blocks in block_lists(payload):
        error = best_match(validator.iter_errors(blocks))
        if error is not None:
            pointer = "/".join([place, *map(str, error.absolute_path)])
            found.append(f"{pointer}: {error.message[:300]}")
    return found


def main(arguments: list[str]) -> int:
    """Check the payload files named after the schema."""
    schema = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found, lists = [], 0
    for name in arguments[1:]:
        payload = json.loads(Path(name).read_text(encoding="utf-8"))
        lists += sum(1 for _ in block_lists(payload))
        found += [f"{name}{fault}" for fault in faults(schema, payload)]
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"{lists} lists of blocks checked, {len(found)} refused.\n")
    return 1 if found or not lists else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
