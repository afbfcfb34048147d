"""Tests of plugins: found by file name, complaints by name, each with its test and its words."""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bot.crm.provider import load_providers
from bot.slack.command import load_subcommands
from coach import plugins
from coach.action import load_actions
from coach.engine import load_rules
from coach.errors import PluginError
from coach.knowledge import (
    LARGE_VALUE,
    LIVES_OF_DEALS,
    MOVED_BACK,
    PATTERNS,
    PRESSING_TASKS,
    USUAL_ANSWER,
    WIN_RUN,
    Answered,
    FoundPattern,
    Known,
    Life,
    MovedBack,
    Run,
)
from coach.models import DealStatus, Draft, Subject
from coach.phrases import Phrase, from_json, say, to_json
from coach.rule import PersonRule, TimeRule
from coach.wording import ENGLISH, plain, words
from tests.coach.values import ANN, CALL, NOW, WON, did, look, view

ROOT = Path(__file__).parents[2]


class Plugin:
    """What the folder of a test is full of."""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """An empty folder of plugins."""
    name = f"folder_of_plugins_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text('"""A folder."""\n')
    monkeypatch.syspath_prepend(tmp_path)
    yield __import__(name)
    for module in [each for each in sys.modules if each.startswith(name)]:
        del sys.modules[module]


def add(package: ModuleType, name: str, text: str) -> None:
    """Put a file into the folder."""
    (Path(package.__path__[0]) / f"{name}.py").write_text(text)


def test_plugins_are_found_by_file_name_in_alphabetical_order(package: ModuleType) -> None:
    for name in ("winter", "autumn", "spring"):
        add(package, name, f'PLUGIN = "{name}!"\n')
    found = plugins.load(package, "PLUGIN", str)
    assert found == {"autumn": "autumn!", "spring": "spring!", "winter": "winter!"}
    assert list(found) == sorted(found)


def test_a_plugin_without_its_constant_is_named(package: ModuleType) -> None:
    add(package, "good", 'PLUGIN = "good"\n')
    add(package, "forgetful", "PLUG = 1\n")
    with pytest.raises(PluginError) as caught:
        plugins.load(package, "PLUGIN", str)
    assert str(caught.value) == f"{package.__name__}.forgetful must define PLUGIN: str."


def test_a_plugin_of_another_kind_is_named_with_what_is_wanted(package: ModuleType) -> None:
    add(package, "odd", "PLUGIN = 1.5\n")
    with pytest.raises(PluginError, match=r"\.odd must define PLUGIN: str or Plugin\.$"):
        plugins.load(package, "PLUGIN", (str, Plugin))


def test_an_empty_folder_has_no_plugins(package: ModuleType) -> None:
    assert plugins.load(package, "PLUGIN", str) == {}


# Those we have

FOLDERS: dict[str, Callable[[], Mapping[str, object]]] = {
    "coach/rules": load_rules,
    "coach/actions": load_actions,
    "bot/crm/providers": load_providers,
    "bot/slack/commands": load_subcommands,
}


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_of_a_plugin_folder_is_a_plugin(folder: str) -> None:
    files = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}
    # What outgrew a file is a package of the same name.
    files |= {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
    # A hyphen in a name is written as `_` in its file's.
    assert {name.replace("-", "_") for name in FOLDERS[folder]()} == files


def plugin_files() -> list[Path]:
    """Every plugin of every folder."""
    return [
        path
        for folder in FOLDERS
        for path in sorted((ROOT / folder).glob("*.py"))
        if path.stem != "__init__"
    ]


@pytest.mark.parametrize("path", plugin_files(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_plugin_has_a_docstring_and_a_test(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    folder = ROOT / "tests" / path.parent.relative_to(ROOT)
    # Sub-commands are small: those that need no file of their own share one.
    shared = folder / "test_subcommands.py"
    told = shared.read_text(encoding="utf-8") if shared.exists() else ""
    named = re.search(rf'"{path.stem}\b', told)
    assert named or (folder / f"test_{path.stem}.py").exists()


@pytest.mark.parametrize("name", load_rules())
def test_every_rule_says_in_a_sentence_what_it_watches_for(name: str) -> None:
    summary = plain(load_rules()[name].summary)
    assert summary.endswith(".")
    assert "\n" not in summary


def drafts(name: str = "Acme") -> dict[str, Draft]:
    """Something each rule says, of things that all have this name."""
    won, ann, call = (
        replace(WON, title=name),
        replace(ANN, name_given=name),
        replace(CALL, title=name),
    )
    open_deal = replace(
        won,
        status=DealStatus.OPEN,
        stage=name,
        stage_entered_at=NOW,
        expected_close_date=date(2026, 11, 20),
    )
    lost = replace(won, status=DealStatus.LOST)
    lead = replace(ann, status="LEAD", created_at=NOW, silent_since=NOW)
    things: dict[str, Sequence[Subject]] = {
        "deal": (open_deal, lost),
        "contact": (lead,),
        "task": (call,),
    }
    key = "deal:c1:D-17"
    known: dict[str, Any] = {
        LARGE_VALUE.name: {"EUR": 1.0},
        LIVES_OF_DEALS.name: {key: Life(NOW, NOW)},
        MOVED_BACK.name: {key: MovedBack(name, name)},
        WIN_RUN.name: {key: Run(9, NOW, 3, 40, 20)},
        USUAL_ANSWER.name: Answered(300, 34),
        PRESSING_TASKS.name: [replace(call, id="T-2")],
    }
    spoken: dict[str, Draft] = {}
    shown = say("Deals by source: {group} 1 of 2.", group=name)
    found = FoundPattern("k", "won_by_source", name, True, shown, {"group": name}, 0.1, NOW, None)
    for rule_name, rule in load_rules().items():
        if isinstance(rule, TimeRule):
            looks = [replace(look(each), known=Known(known)) for each in things[rule.kind]]
            said = [draft for each in looks for draft in rule.evaluate(each).drafts]
        elif isinstance(rule, PersonRule):
            patterns = replace(look(), known=Known({PATTERNS.name: [found]}))
            said = [draft] if (draft := rule.evaluate(patterns)) else []
        else:
            done = [
                replace(did(verb, deal=deal, contact=ann, task=call), known=Known(known))
                for verb in rule.verbs
                for deal in (open_deal, won)
            ]
            said = [draft for each in done if (draft := rule.evaluate(each))]
        if said:
            spoken[rule_name] = said[0]
    return spoken


def test_every_suggestion_names_an_action_and_gives_it_what_it_needs() -> None:
    spoken, actions = drafts(), load_actions()
    assert set(spoken) == set(load_rules())
    for name, draft in spoken.items():
        assert draft.suggestion.action in actions, name
        promise = plain(actions[draft.suggestion.action].promise(draft.suggestion.kept))
        assert promise.startswith("Take Action "), name
        assert promise.endswith("."), name


HOSTILE = ["{deal}", "}{", "%s %(x)d", "<!channel> <@U1>", "{0}", "'", "“”", "\\", "$deal", " x "]


def ours(phrase: Phrase) -> list[str]:
    """The words of a phrase that are the coach's own."""
    return [span.text for span in words(phrase, ENGLISH) if span.ours]


def theirs(phrase: Phrase) -> list[str]:
    """The names and texts in a phrase."""
    return [span.text for span in words(phrase, ENGLISH) if not span.ours]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_from_a_crm_changes_a_word_around_it(name: str) -> None:
    usual = drafts()
    for rule, draft in drafts(name).items():
        meant = usual[rule]
        for said, usually in ((draft.message, meant.message), (draft.reason, meant.reason)):
            assert ours(said) == ours(usually), rule
            assert theirs(said) == [text.replace("Acme", name) for text in theirs(usually)], rule


def test_whatever_a_rule_says_and_promises_comes_back_as_it_was_kept() -> None:
    actions = load_actions()
    for name, draft in drafts().items():
        promise = actions[draft.suggestion.action].promise(draft.suggestion.kept)
        for phrase in (draft.message, draft.reason, promise):
            assert from_json(json.loads(json.dumps(to_json(phrase)))) == phrase, name


def test_every_action_fits_a_modal() -> None:
    for name, draft in drafts().items():
        seen = view(params=draft.suggestion.kept, task=CALL, deal=WON, contact=ANN, contacts=[ANN])
        screen = load_actions()[draft.suggestion.action].screen(seen)
        assert 0 < len(plain(screen.title)) <= 24, name
        assert screen.submit is None or 0 < len(plain(screen.submit)) <= 24, name
