"""What README.md and ARCHITECTURE.md say of the code is true of the code."""

import re
from enum import StrEnum
from pathlib import Path

import pytest
from typer.main import get_command

from bot.runtime.settings import Settings
from bot.terminal.cli import app
from coach.models import InsightState, MessageState, Verb
from coach.thresholds import RANGES
from storage.tables import metadata
from tests.docs import tables

ROOT = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_tables_of_the_documents_are_as_the_code_has_them() -> None:
    documents = {name: text(name) for name in tables.DOCUMENTS}
    named = re.findall(r"<!-- table: (\w+) -->", "".join(documents.values()))
    assert sorted(named) == sorted(tables.TABLES)
    for name, document in documents.items():
        assert document == tables.written(document), (
            f"{name}: .venv/bin/python -m tests.docs.tables"
        )


def test_every_setting_is_in_the_readme_with_its_default_and_no_other() -> None:
    section = text("README.md").partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", section, re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, str):
            assert rows[name.upper()].strip("` ") == default
        elif name in {"slack_bot_token", "slack_signing_secret", "coach_public_url"}:
            assert (default, rows[name.upper()].strip()) == (None, "none")


def test_the_readme_tells_the_ranges_in_force() -> None:
    readme = " ".join(text("README.md").split())
    for default, least, most in RANGES.values():
        assert f"({default}; {least} to {most})" in readme


def test_the_readme_names_every_verb_a_webhook_may_have() -> None:
    readme = text("README.md")
    assert [
        verb for verb in Verb if verb is not Verb.COMMAND_USED and f"`{verb}`" not in readme
    ] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_that_is_named_exists_with_its_options(name: str) -> None:
    commands = getattr(get_command(app), "commands", {})
    told = re.findall(
        r"(?<![/`\w])`?(?:\.venv/bin/)?coach ((?:db )?[a-z]+)((?: [^`\n]*)?)", text(name)
    )
    named = [(words.split(), options) for words, options in told if words.split()[0] in commands]
    assert named
    for words, options in named:
        command = commands[words[0]]
        for word in [*words[1:], *options.split()]:
            # `coach owners link`: a command may have others under it.
            command = getattr(command, "commands", {}).get(word, command)
        known = {option for each in command.params for option in each.opts}
        unknown = [o for o in re.findall(r"--[a-z-]+", options) if o not in known | {"--help"}]
        assert unknown == [], f"coach {words[0]} has no {unknown}"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_that_is_named_exists(name: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", text("Makefile"), re.MULTILINE))
    told = re.findall(r"(?:^|`)make ([a-z]+)", text(name), re.MULTILINE)
    assert [target for target in told if target not in targets] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_exists(name: str) -> None:
    document = text(name)
    # What CONTRIBUTING says to write is not there yet.
    added = set(re.findall(r"`([\w/]+\.py)`:\n\n```python", document))
    paths = set(re.findall(r"`((?:bot|coach|storage|tests|migrations)/[\w/.]*)`", document))
    paths |= set(re.findall(r"\]\(([\w./-]+)\)", document))
    assert paths
    assert [path for path in sorted(paths - added) if not (ROOT / path).exists()] == []


def test_every_picture_says_in_words_what_it_shows() -> None:
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", text("README.md"))
    assert len(pictures) >= 3
    assert [path for words, path in pictures if len(words) < 20] == []


def test_the_architecture_lists_every_table_and_no_other() -> None:
    section = text("ARCHITECTURE.md").partition("\n## Tables\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", section, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == set(metadata.tables)


@pytest.mark.parametrize(
    ("of", "states"), [("an insight", InsightState), ("a message", MessageState)]
)
def test_the_architecture_lists_every_state(of: str, states: type[StrEnum]) -> None:
    section = text("ARCHITECTURE.md").partition(f"\n## States of {of}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert rows == [state.value for state in states]
