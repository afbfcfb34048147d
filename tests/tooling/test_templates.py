"""Tests of every phrase in the code: translators find it, and its fields have their values."""

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from coach.models import DealStatus, Level, TaskPriority, Verb
from coach.phrases import fields
from coach.terms import CLOSED, LEVEL_NAMES, PRIORITIES, PRIORITY_CHOICES, PRIORITY_FACTS, VERBS

ROOT = Path(__file__).parents[2]
CODE = [path for folder in ("bot", "coach") for path in sorted((ROOT / folder).rglob("*.py"))]

#: How many templates each way to say something begins with.
WAYS = {"say": 1, "counted": 2}


def said(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Everything a file says, as calls, each with its place."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in WAYS:
            yield f"{path.relative_to(ROOT)}:{node.lineno}", node


ALL = [each for path in CODE for each in said(path)]


def templates(call: ast.Call) -> list[str]:
    """The templates of a call; none for one that is not written out."""
    assert isinstance(call.func, ast.Name)
    given = call.args[: WAYS[call.func.id]]
    return [
        each.value
        for each in given
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]


def test_every_template_is_written_out_where_it_is_said() -> None:
    for place, call in ALL:
        assert isinstance(call.func, ast.Name)
        assert len(templates(call)) == WAYS[call.func.id], place
        assert all(text.strip() for text in templates(call)), place


def test_every_template_has_the_fields_that_it_is_given() -> None:
    for place, call in ALL:
        given = {each.arg for each in call.keywords}
        assert None not in given, f"{place} hides its values"
        if len(call.args) == WAYS["say"]:
            assert fields(templates(call)[0]) == given, place
            continue
        (by,) = (each.value for each in call.args[2:] if isinstance(each, ast.Constant))
        for text in templates(call):
            assert fields(text) | {by} == given, place


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, ...]]:
    """What the command in CONTRIBUTING.md finds for translators."""
    told = re.search(
        r"\.venv/bin/(pybabel extract (?:\\\n|.)*)", (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    )
    assert told
    file = tmp_path_factory.mktemp("words") / "coach.pot"
    words = [
        str(file) if word == "coach.pot" else word
        for word in shlex.split(told[1].replace("\\\n", " "))
    ]
    pybabel = Path(sys.executable).with_name(words[0])
    subprocess.run([pybabel, *words[1:]], cwd=ROOT, check=True, capture_output=True)
    with file.open("rb") as source:
        return {
            (each.id,) if isinstance(each.id, str) else tuple(each.id)
            for each in read_po(source)
            if each.id
        }


def test_translators_find_every_template_and_nothing_else(
    extracted: set[tuple[str, ...]],
) -> None:
    # The terminal and the playground speak English.
    rooms = ("bot/coaching/", "bot/crm/", "bot/slack/", "coach/")
    shown = [call for place, call in ALL if place.startswith(rooms)]
    assert extracted == {tuple(templates(call)) for call in shown}
    assert len(shown) > 100


def test_every_value_people_read_of_has_words() -> None:
    assert set(PRIORITIES) == set(PRIORITY_CHOICES) == set(PRIORITY_FACTS) == set(TaskPriority)
    assert set(CLOSED) == set(DealStatus) - {DealStatus.OPEN}
    assert set(LEVEL_NAMES) == set(Level)
    assert set(VERBS) == set(Verb)


# What a phrase does by itself is not done by hand beside it.

BY_HAND = {
    "a plural": re.compile(
        r"""["']s["'] if|["'][a-z ]*["'] if \w+ [!=]= 1|[!=]= 1 else f?["']|\{\w+\}s\b"""
    ),
    "a date": re.compile(r"%-d|%[aAbB]\b|strftime"),
}


@pytest.mark.parametrize("what", BY_HAND)
def test_nothing_is_put_into_words_by_hand(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in CODE
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if BY_HAND[what].search(line)
    ]
    assert found == []
