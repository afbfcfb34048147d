"""Tests of looking at the figures behind a pattern."""

from typing import Any

from coach.action import Shows, Submission
from coach.actions.view_pattern import ACTION
from coach.phrases import say, to_json
from coach.screens import Note
from coach.wording import plain
from tests.coach.values import view

SAID = to_json(say("Your deals by source."))

FIGURES = {
    "said": SAID,
    "group": "Referral",
    "n": 31,
    "k": 12,
    "rest_n": 210,
    "rest_k": 41,
    "low": 0.2374,
    "high": 0.5618,
    "one_in": 71,
    "looked": 40,
}


def notes(params: dict[str, Any]) -> list[str]:
    """The sentences on the screen."""
    elements = ACTION.screen(view(params=params)).elements
    return [plain(each.text) for each in elements if isinstance(each, Note)]


def test_both_shares_are_drawn_with_their_counts_and_how_sure_they_are() -> None:
    said, first, second, interval, chance, no_cause = notes(FIGURES)
    assert said == "Your deals by source."
    assert first == "████████░░░░░░░░░░░░ 39 % · Referral: 12 of 31"
    assert second == "████░░░░░░░░░░░░░░░░ 20 % · all others: 41 of 210"
    assert interval == "From 31 cases, the true share is likely between 24 % and 56 %."
    assert chance == (
        "By chance alone a difference as large comes once in 71 looks, or more rarely. It was one "
        "of 40 things looked at together, and is so in both halves of the history."
    )
    assert "figures do not tell whether one brings about the other" in no_cause


def test_a_single_look_is_said_to_be_one() -> None:
    assert "It was the only thing looked at" in notes({**FIGURES, "looked": 1})[4]


def test_a_group_without_a_name_is_these() -> None:
    assert notes({**FIGURES, "group": ""})[1].endswith("39 % · these: 12 of 31")


def test_its_sides_are_called_what_they_are() -> None:
    sides = {"its": to_json(say("with one")), "others": to_json(say("without one"))}
    _, first, second, *_ = notes({**FIGURES, "group": "won soon", **sides})
    assert first.endswith("39 % · with one: 12 of 31")
    assert second.endswith("20 % · without one: 41 of 210")


def test_an_estimate_is_compared_with_nothing() -> None:
    said, how = notes({"said": SAID, "group": "", "n": 300, "k": 200, "rest_n": 90, "rest_k": 0})
    assert said == "Your deals by source."
    assert how.startswith("Open deals count for as long as they have been open")


def test_of_what_was_taken_back_no_figures_are_shown() -> None:
    assert notes({"said": SAID, "over": True}) == [
        "Your deals by source.",
        "Later deals no longer show it, so do not count on it.",
    ]


def test_looking_changes_nothing() -> None:
    assert ACTION.shows is Shows.NOTHING
    assert plain(ACTION.promise({})) == "Take Action shows the figures behind it."
    done = ACTION.submit(view(params=FIGURES), {})
    assert isinstance(done, Submission)
    assert done.writes == []
    assert plain(done.outcome) == "You looked at the figures."
