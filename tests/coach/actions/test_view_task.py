"""Tests of looking at one task."""

from dataclasses import replace

import pytest

from coach.action import Shows, Submission
from coach.actions.view_task import ACTION
from coach.errors import UnknownSubjectError
from coach.models import Task, TaskStatus
from coach.phrases import say, verbatim
from coach.screens import Control, Item
from coach.wording import plain
from tests.coach.values import CALL, view


def test_the_promise_says_what_can_be_done() -> None:
    assert (
        plain(ACTION.promise({})) == "Take Action shows the task, to complete it or move its date."
    )
    assert ACTION.shows is Shows.TASK


def test_the_task_is_shown_as_it_is_now_to_complete_or_move() -> None:
    screen = ACTION.screen(view(task=replace(CALL, title="Call Bo again")))
    (item,) = screen.elements
    assert isinstance(item, Item)
    assert plain(item.title) == "Call Bo again"
    assert set(item.controls) == {Control.COMPLETE_TASK, Control.RESCHEDULE_TASK}
    assert item.due_date == CALL.due_date


def test_a_task_completed_meanwhile_offers_nothing_to_do() -> None:
    (item,) = ACTION.screen(view(task=replace(CALL, status=TaskStatus.COMPLETED))).elements
    assert isinstance(item, Item)
    assert (item.done, item.controls) == (say("Completed"), ())


@pytest.mark.parametrize("task", [None, replace(CALL, deleted=True)], ids=["unknown", "deleted"])
def test_a_task_that_is_gone_is_said_to_be_gone(task: Task | None) -> None:
    with pytest.raises(UnknownSubjectError, match="no longer in the CRM"):
        ACTION.screen(view(task=task))


@pytest.mark.parametrize(
    ("done", "words"),
    [
        ({}, "You looked at the task."),
        ({"T-1": "Completed “Call Bo”"}, "Completed “Call Bo”."),
    ],
)
def test_the_card_says_what_was_done(done: dict[str, str], words: str) -> None:
    result = ACTION.submit(
        view(task=CALL, done={id: verbatim(each) for id, each in done.items()}), {}
    )
    assert isinstance(result, Submission)
    assert result.writes == []
    assert plain(result.outcome) == words
