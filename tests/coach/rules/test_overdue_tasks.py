"""Tests of tasks whose due date has passed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from coach.knowledge import Known
from coach.models import (
    Contact,
    Deal,
    Level,
    PastInsight,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
    Task,
    TaskPriority,
    TaskStatus,
)
from coach.rule import TimeRule
from coach.rules.overdue_tasks import RULE, due, evaluate
from tests.coach.values import (
    ANA,
    CALL,
    NOW,
    dismissals_until_silence,
    look,
    only,
    reason,
    said,
    truth,
    words,
)

HOUR = timedelta(hours=1)


def late(id: str, days: int = 3) -> Task:
    """A task that was due so many days ago."""
    return replace(CALL, id=id, title=f"Task {id}", due_date=NOW.date() - timedelta(days=days))


def done(task: Task) -> Task:
    """The task once it is completed."""
    return replace(task, status=TaskStatus.COMPLETED)


def later(task: Task) -> Task:
    """The task once it is put off."""
    return replace(task, due_date=NOW.date() + timedelta(days=3))


THREE = [late("1", 9), late("2", 5), late("3", 1)]


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "You have 1 overdue task. Let's get it done!"),
        (2, "You have 2 overdue tasks. Let's clear the backlog!"),
        (3, "You have 3 overdue tasks. Let's clear the backlog!"),
    ],
)
def test_overdue_tasks_are_counted_with_the_right_plural(count: int, sentence: str) -> None:
    assert words(only(evaluate(look(*THREE[:count])))) == sentence


def test_the_number_is_the_true_one_where_more_are_late_than_are_shown() -> None:
    verdict = evaluate(look(*THREE, count=2345))
    assert words(only(verdict)) == "You have 2,345 overdue tasks. Let's clear the backlog!"


def test_the_oldest_is_named() -> None:
    draft = only(evaluate(look(*THREE[::-1])))
    assert reason(draft) == "The oldest is “Task 1” (high priority), due Sat 14 Nov, 9 days late."
    yesterday = replace(
        THREE[0], priority=TaskPriority.LOW, due_date=NOW.date() - timedelta(days=1)
    )
    draft = only(evaluate(look(yesterday, replace(yesterday, id="4"))))
    assert reason(draft) == "The oldest is “Task 1”, due Sun 22 Nov, 1 day late."


def test_of_one_it_is_said_which_it_is() -> None:
    draft = only(evaluate(look(THREE[0])))
    assert reason(draft) == "It is “Task 1” (high priority), due Sat 14 Nov, 9 days late."
    draft = only(evaluate(look(replace(THREE[2], priority=TaskPriority.LOW))))
    assert reason(draft) == "It is “Task 3”, due Sun 22 Nov, 1 day late."


def test_take_action_lists_them() -> None:
    assert only(evaluate(look(*THREE))).suggestion == Suggestion("view_overdue_tasks", {"count": 3})


def test_it_is_of_high_priority_about_the_person_and_lasts_until_the_next_look() -> None:
    verdict = evaluate(look(*THREE))
    draft = only(verdict)
    assert draft.priority is Priority.HIGH
    assert draft.subject == "person:p1"
    assert draft.expires_at == verdict.again_at == NOW + 12 * HOUR


def test_at_most_once_in_twelve_hours() -> None:
    past = [said(only(evaluate(look(*THREE))), NOW)]
    for hours in (0, 1, 11.99):
        verdict = evaluate(look(*THREE, late("4"), now=NOW + hours * HOUR, past=past))
        assert verdict.drafts == ()
    assert evaluate(look(*THREE, now=NOW + 12 * HOUR, past=past)).drafts


def test_dismissed_time_and_again_it_waits_longer_and_then_is_silent() -> None:
    assert dismissals_until_silence(RULE, *THREE) == [0, 1, 4, 11, 25]


def test_silence_ends_when_another_task_is_late_or_one_is_late_again() -> None:
    past = [said(only(evaluate(look(*THREE))), NOW - n * HOUR, dismissed_at=NOW) for n in range(5)]
    later = NOW + timedelta(days=30)
    assert evaluate(look(*THREE, now=later, past=past)).drafts == ()
    assert evaluate(look(*THREE, late("4"), now=later, past=past)).drafts
    moved = replace(THREE[0], due_date=NOW.date())
    assert evaluate(look(moved, *THREE[1:], now=later, past=past)).drafts


#: What was late already when a list of them was said days ago.
OLD = tuple(
    replace(each, due_date=each.due_date - timedelta(days=9)) for each in THREE if each.due_date
)


def left_standing(days: int, *tasks: Task) -> list[PastInsight]:
    """The list of these tasks, said on the last two days and left without an answer."""
    draft = only(evaluate(look(*tasks)))
    return [
        replace(said(draft, at), unanswered_at=(at,))
        for at in (NOW - timedelta(days=days), NOW - timedelta(days=days + 1))
    ]


def urgent(id: str, days: int = 1) -> Task:
    return replace(late(id, days), priority=TaskPriority.URGENT)


def test_a_pressing_task_comes_by_itself_when_the_list_was_left_standing_twice() -> None:
    past = left_standing(1, *OLD)
    draft = only(evaluate(look(*OLD, urgent("4"), past=past)))
    assert words(draft) == "Newly overdue: Task 4."
    assert reason(draft) == "It was due Sun 22 Nov (urgent), 1 day late."
    assert draft.subject == "task:c1:4"
    two = only(evaluate(look(*OLD, urgent("4"), urgent("5", 2), past=past)))
    assert words(two) == "Newly overdue: Task 5 and Task 4."
    assert reason(two) == "The oldest is “Task 5” (urgent), due Sat 21 Nov, 2 days late."
    # Said once, it goes with the others; with another date it is news again.
    known = [replace(said(draft, NOW), unanswered_at=(NOW,)), *past]
    tomorrow = NOW + timedelta(days=1)
    assert only(evaluate(look(*OLD, urgent("4"), now=tomorrow, past=known))).subject == (
        "person:p1"
    )
    again = only(evaluate(look(*OLD, urgent("4", 0), now=tomorrow, past=known)))
    assert again.subject == "task:c1:4"


def test_nothing_of_a_backlog_is_newly_overdue() -> None:
    past = left_standing(1, *OLD)
    seen = look(*OLD, urgent("4"), past=past)
    old = replace(seen, old=1, before=frozenset({"task:c1:4"}))
    assert only(evaluate(old)).subject == "person:p1"
    # Nor is the list of a backlog kept back for what was said of others.
    assert only(evaluate(replace(seen, at_once=3))).subject == "person:p1"


@pytest.mark.parametrize("answer", ["once", "long ago", "not pressing", "not said"])
def test_otherwise_the_list_goes_on_as_ever(answer: str) -> None:
    task, past = urgent("4"), left_standing(1, *OLD)
    match answer:
        case "once":
            past = past[:1]
        case "long ago":
            past = left_standing(7, *OLD)
        case "not pressing":
            task = replace(late("4"), priority=TaskPriority.MEDIUM)
        case _:
            past = [replace(each, unanswered_at=()) for each in past]
    assert only(evaluate(look(*OLD, task, past=past))).subject == "person:p1"


def test_what_came_by_itself_is_true_while_it_is_overdue_and_speaks_of_nothing_else() -> None:
    draft = only(evaluate(look(*OLD, urgent("4"), urgent("5", 2), past=left_standing(1, *OLD))))
    assert truth(RULE, draft, urgent("4"), urgent("5", 2)) == "still true"
    assert truth(RULE, draft, urgent("4"), done(urgent("5", 2))) == "Newly overdue: Task 4."
    assert truth(RULE, draft, done(urgent("4")), done(urgent("5", 2))).startswith("Done")


def test_what_came_to_a_list_after_it_was_said_was_told_to_nobody() -> None:
    first, second = left_standing(1, *OLD)
    # On the evening after it was said the list was drawn with the new one.
    with_it = only(evaluate(look(*OLD, urgent("4")))).about
    past = [replace(first, about=with_it), second]
    draft = only(evaluate(look(*OLD, urgent("4"), past=past)))
    assert words(draft) == "Newly overdue: Task 4."
    # What was late by then was told of with it.
    before = only(evaluate(look(*OLD, urgent("4", 9)))).about
    past = [replace(first, about=before), second]
    assert only(evaluate(look(*OLD, urgent("4", 9), past=past))).subject == "person:p1"


def test_without_an_overdue_task_nothing_is_said() -> None:
    assert evaluate(look()).drafts == ()


# When a task is overdue


def test_a_task_is_overdue_when_its_day_is_over_where_the_person_is() -> None:
    task = replace(CALL, due_date=date(2026, 11, 23))
    assert due(task, ANA, Known()) == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    in_new_york = replace(ANA, time_zone="America/New_York")
    assert due(task, in_new_york, Known()) == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "subject",
    [
        replace(CALL, status=TaskStatus.COMPLETED),
        replace(CALL, due_date=None),
        replace(CALL, deleted=True),
        replace(CALL, due_date=date.max),
        Contact("c1", "C"),
        Deal("c1", "D"),
    ],
    ids=["done", "undated", "deleted", "at the end of time", "a contact", "a deal"],
)
def test_nothing_else_ever_becomes_overdue(subject: Subject) -> None:
    assert due(subject, ANA, Known()) is None


def test_it_speaks_from_the_balanced_level_up() -> None:
    assert isinstance(RULE, TimeRule)
    assert RULE.level is Level.BALANCED
    assert RULE.kind is SubjectKind.TASK


# Whether it is still true


@pytest.mark.parametrize(
    ("things", "said_of_them"),
    [
        (THREE, "still true"),
        ([done(THREE[0]), *THREE[1:]], "You have 2 overdue tasks. Let's clear the backlog!"),
        (THREE[:1], "You have 1 overdue task. Let's get it done!"),
        ([done(each) for each in THREE], "Done in the CRM: Task 1, Task 2 and Task 3."),
        ([done(THREE[0]), later(THREE[1]), later(THREE[2])], "Done in the CRM: Task 1."),
        ([later(each) for each in THREE[:2]], "No longer overdue for you: Task 1 and Task 2."),
        ([replace(THREE[0], person_id="p2")], "No longer overdue for you: Task 1."),
        ([replace(THREE[0], deleted=True)], "No longer in the CRM: Task 1."),
        ([], "The CRM does not have it any more."),
    ],
)
def test_what_is_left_of_the_tasks_is_counted(things: list[Task], said_of_them: str) -> None:
    assert truth(RULE, only(evaluate(look(*THREE))), *things) == said_of_them


def test_of_more_than_are_remembered_the_number_stays_the_true_one() -> None:
    draft = only(evaluate(look(*THREE, count=2345)))
    assert truth(RULE, draft, *THREE) == "still true"
    said_now = "You have 2,344 overdue tasks. Let's clear the backlog!"
    assert truth(RULE, draft, done(THREE[0]), *THREE[1:]) == said_now


def test_with_another_date_it_is_told_of_the_oldest_anew() -> None:
    draft = only(evaluate(look(THREE[0])))
    moved = replace(THREE[0], due_date=THREE[0].due_date and THREE[0].due_date + timedelta(days=1))
    assert truth(RULE, draft, moved) == words(draft)


def test_of_what_was_done_by_the_coach_it_does_not_say_that_the_crm_did_it() -> None:
    draft = only(evaluate(look(THREE[0])))
    assert truth(RULE, draft, done(THREE[0]), here=["task:c1:1"]) == "Done: Task 1."
