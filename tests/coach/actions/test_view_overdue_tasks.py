"""Tests of looking through overdue tasks."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from coach.action import Shows, Submission
from coach.actions.view_overdue_tasks import ACTION
from coach.models import Task
from coach.phrases import verbatim
from coach.presenting import SHOWN
from coach.screens import Item, Note
from coach.wording import plain
from tests.coach.values import CALL, view

TODAY = date(2026, 11, 23)


def late(number: int) -> Task:
    """A task that was due so many days ago."""
    return replace(
        CALL, id=f"T-{number}", title=f"Task {number}", due_date=TODAY - timedelta(days=number)
    )


def titles(*tasks: Task) -> list[str]:
    """The tasks on the screen."""
    elements = ACTION.screen(view(tasks=tasks)).elements
    return [plain(item.title) for item in elements if isinstance(item, Item)]


def notes(*tasks: Task) -> list[str]:
    """The sentences on the screen."""
    elements = ACTION.screen(view(tasks=tasks)).elements
    return [plain(note.text) for note in elements if isinstance(note, Note)]


def test_the_promise_says_what_can_be_done() -> None:
    assert plain(ACTION.promise({})) == "Take Action lists them, to complete each or move its date."
    assert ACTION.shows is Shows.OVERDUE_TASKS


def test_the_promise_of_one_speaks_of_one() -> None:
    assert (
        plain(ACTION.promise({"count": 1}))
        == "Take Action shows it, to complete it or move its date."
    )


def test_the_promise_says_how_many_are_listed_when_it_is_not_all() -> None:
    assert plain(ACTION.promise({"count": SHOWN})) == plain(ACTION.promise({}))
    assert plain(ACTION.promise({"count": 150})) == (
        "Take Action lists the 20 oldest, to complete each or move its date."
    )


def test_tasks_are_listed_as_they_are_given_so_that_none_moves_under_the_pointer() -> None:
    assert titles(late(9), late(1), late(5)) == ["Task 9", "Task 1", "Task 5"]


def test_no_more_are_listed_than_a_screen_holds_and_the_others_are_counted() -> None:
    many = [late(number) for number in range(1, SHOWN + 4)]
    assert len(titles(*many)) == SHOWN
    assert notes(*many) == ["… and 3 more in your CRM."]
    assert notes(*many[:SHOWN]) == []
    *_, note = ACTION.screen(view(tasks=many, more=127)).elements
    assert isinstance(note, Note)
    assert plain(note.text) == "… and 130 more in your CRM."


def test_when_nothing_is_overdue_any_more_it_says_so() -> None:
    assert notes() == ["Nothing is overdue any more. Well done!"]


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ({}, "You looked through your overdue tasks."),
        (
            {"1": "Completed “A”", "2": "Moved “B” to Tue 24 Nov"},
            "2 things done: Completed “A”; Moved “B” to Tue 24 Nov.",
        ),
    ],
)
def test_the_card_says_what_was_done(done: dict[str, str], words: str) -> None:
    result = ACTION.submit(view(done={id: verbatim(each) for id, each in done.items()}), {})
    assert isinstance(result, Submission)
    assert result.writes == []
    assert plain(result.outcome) == words
