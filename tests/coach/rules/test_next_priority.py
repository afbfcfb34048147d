"""Tests of pointing at the next important task."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from coach.keys import fingerprint
from coach.knowledge import PRESSING_TASKS, PUT_OFF_TASKS, TOLD_TASKS, Known
from coach.models import Draft, Level, Priority, Suggestion, Task, TaskPriority, TaskStatus, Verb
from coach.rule import ActionRule
from coach.rules.next_priority import RULE, evaluate
from tests.coach.values import CALL, NOW, did, reason, truth, truth_of_reason, words

DONE = Task("c1", "T-9", "Send the offer", TaskStatus.COMPLETED, completed_at=NOW, person_id="p1")
SOON = replace(CALL, id="T-2", title="Soon", due_date=date(2026, 11, 24))
LATER = replace(CALL, id="T-3", title="Later", due_date=date(2026, 12, 24))
SOME_DAY = replace(CALL, id="T-4", title="Some day", due_date=None)
URGENT = replace(SOON, id="T-5", title="Urgent", priority=TaskPriority.URGENT)


def next_of(*pressing: Task, done: Task = DONE) -> Draft | None:
    """What is said when a task is done and these wait."""
    return evaluate(did(Verb.TASK_COMPLETED, task=done, pressing_tasks=pressing))


def test_a_completed_task_points_at_the_next_one() -> None:
    draft = next_of(CALL)
    assert words(draft) == "Nice work! Next priority: Call Bo"
    assert reason(draft) == (
        "You finished “Send the offer”. Of your urgent and high-priority tasks, this one comes "
        "first: due Wed 25 Nov."
    )


def test_the_earliest_due_date_comes_first_and_undated_last() -> None:
    assert words(next_of(SOME_DAY, LATER, SOON)).endswith(": Soon")
    assert words(next_of(SOME_DAY, LATER)).endswith(": Later")
    assert words(next_of(SOME_DAY)).endswith(": Some day")
    assert reason(next_of(SOME_DAY)).endswith("comes first: without a due date.")


def test_on_the_same_day_urgent_comes_before_high() -> None:
    assert words(next_of(SOON, URGENT)).endswith(": Urgent")


def test_an_earlier_date_counts_more_than_urgency() -> None:
    assert words(next_of(replace(URGENT, due_date=date(2026, 12, 1)), SOON)).endswith(": Soon")


def test_with_nothing_important_left_nothing_is_said() -> None:
    assert next_of() is None
    assert evaluate(did(Verb.TASK_COMPLETED, pressing_tasks=[SOON])) is None


def test_the_task_just_done_is_not_the_next_one() -> None:
    assert next_of(replace(CALL, id="T-9")) is None
    assert next_of(replace(CALL, id="T-9", connection_id="c2")) is not None


def test_take_action_shows_the_task() -> None:
    draft = next_of(CALL)
    assert draft is not None
    assert draft.suggestion == Suggestion("view_task", {"connection_id": "c1", "task_id": "T-1"})


def test_it_is_of_medium_priority_and_lasts_four_hours() -> None:
    draft = next_of(CALL)
    assert draft is not None
    assert draft.priority is Priority.MEDIUM
    assert draft.expires_at == NOW + timedelta(hours=4)


def test_an_urgent_task_is_not_called_medium() -> None:
    draft = next_of(URGENT)
    assert draft is not None
    assert draft.priority is Priority.HIGH


def fingerprint_of(draft: Draft | None) -> str:
    assert draft is not None
    return fingerprint("w1", "next_priority", draft)


def test_however_many_are_done_in_a_row_the_same_one_is_pointed_at_once_a_day() -> None:
    first = fingerprint_of(next_of(CALL, SOON))
    assert fingerprint_of(next_of(CALL, SOON, done=replace(DONE, id="T-8"))) == first
    assert fingerprint_of(next_of(CALL, done=replace(DONE, id="T-8"))) != first
    look = did(Verb.TASK_COMPLETED, task=DONE, pressing_tasks=[CALL, SOON])
    tomorrow = replace(look, now=NOW + timedelta(days=1))
    assert fingerprint_of(evaluate(tomorrow)) != first


def test_it_speaks_from_the_balanced_level_up_and_needs_the_pressing_tasks() -> None:
    assert isinstance(RULE, ActionRule)
    assert RULE.level is Level.BALANCED
    assert RULE.verbs == {Verb.TASK_COMPLETED}
    assert RULE.shown == (PRESSING_TASKS, PUT_OFF_TASKS)


# Whether it is still true


def still(
    draft: Draft | None,
    *things: Task,
    waiting: tuple[Task, ...],
    told: tuple[str, ...] = (),
    put_off: dict[str, datetime] | None = None,
    **more: Any,
) -> str:
    """What is said when the mirror has these things and these tasks are pressing."""
    values = {
        PRESSING_TASKS.name: waiting,
        TOLD_TASKS.name: told,
        PUT_OFF_TASKS.name: put_off or {},
    }
    return truth(RULE, draft, *things, known=Known(values), **more)


def test_it_is_true_while_the_task_is_to_be_done_and_the_first() -> None:
    draft = next_of(SOON, LATER)
    assert still(draft, SOON, waiting=(SOON, LATER)) == "still true"
    finished = replace(SOON, status=TaskStatus.COMPLETED)
    assert still(draft, finished, waiting=(LATER,)) == "Done in the CRM: Soon."
    assert still(draft, finished, waiting=(), here=["task:c1:T-2"]) == "Done: Soon."
    low = replace(SOON, priority=TaskPriority.LOW)
    assert still(draft, low, waiting=()) == "Soon is no longer a priority of yours."
    assert still(draft, replace(SOON, deleted=True), waiting=()) == "No longer in the CRM: Soon."


def test_praise_is_for_what_is_done_and_goes_while_it_is_to_be_done_again() -> None:
    draft = next_of(SOON, LATER)
    again = replace(DONE, status=TaskStatus.PENDING, completed_at=None)
    given: dict[str, Any] = {"waiting": (SOON, LATER)}
    assert still(draft, SOON, DONE, **given) == "still true"
    # Whoever has not read it yet is told nothing.
    assert still(draft, again, SOON, **given) == "Send the offer is to be done again."
    assert still(draft, again, SOON, seen=True, **given) == "Next priority: Soon"
    # What the CRM has cleared away was done.
    assert still(draft, SOON, replace(DONE, deleted=True), **given) == "still true"
    assert still(draft, SOON, replace(again, deleted=True), **given) == "still true"
    assert still(draft, DONE, replace(SOON, deleted=True), **given) == "No longer in the CRM: Soon."
    # As it is called now.
    renamed = replace(DONE, title="Send it")
    assert still(draft, SOON, renamed, **given) == "Nice work! Next priority: Soon"


def test_it_is_over_when_another_task_has_come_first() -> None:
    assert still(next_of(LATER), LATER, waiting=(SOON, LATER)) == "Soon comes first now."


def test_with_another_date_its_reason_is_told_anew() -> None:
    moved = replace(LATER, due_date=date(2026, 12, 25))
    assert still(next_of(LATER), moved, waiting=(moved,)) == "Nice work! Next priority: Later"


def test_how_long_it_is_of_use_counts_from_when_we_were_told() -> None:
    look = did(Verb.TASK_COMPLETED, task=DONE, pressing_tasks=[SOON])
    draft = evaluate(replace(look, received_at=NOW - timedelta(hours=1)))
    assert draft is not None
    assert draft.expires_at == NOW + timedelta(hours=3)


# What the person has put off


def test_what_they_have_put_off_is_not_named_until_it_is_back() -> None:
    look = did(Verb.TASK_COMPLETED, task=DONE, pressing_tasks=[SOON, LATER])

    def next_with(until: datetime) -> str:
        known = {**look.known.values, PUT_OFF_TASKS.name: {"task:c1:T-2": until}}
        return words(evaluate(replace(look, known=Known(known))))

    assert next_with(NOW + timedelta(hours=1)).endswith(": Later")
    assert next_with(NOW).endswith(": Soon")


def test_what_was_put_off_comes_not_before_others_and_is_itself_true_meanwhile() -> None:
    later = {"task:c1:T-2": NOW + timedelta(days=1)}
    assert still(next_of(LATER), LATER, waiting=(SOON, LATER), put_off=later) == "still true"
    assert still(next_of(SOON), SOON, waiting=(SOON, LATER), put_off=later) == "still true"


def test_on_another_day_it_praises_nobody_and_says_what_is_so_then() -> None:
    draft, later = next_of(LATER), NOW + timedelta(days=1)
    assert still(draft, LATER, waiting=(LATER,), now=NOW + timedelta(hours=3)) == "still true"
    assert still(draft, LATER, waiting=(LATER,), now=later) == "Next priority: Later"
    assert draft is not None
    known = Known({PRESSING_TASKS.name: (LATER,)})
    why = truth_of_reason(RULE, draft, LATER, now=later, known=known)
    assert why == ("Of your urgent and high-priority tasks, this one comes first: due Thu 24 Dec.")
    assert still(next_of(SOME_DAY), SOME_DAY, waiting=(SOME_DAY,), now=later) == (
        "Next priority: Some day"
    )


def test_on_another_day_it_is_over_if_the_task_is_spoken_of_already() -> None:
    told, later = ("task:c1:T-2",), NOW + timedelta(days=2)
    given: dict[str, Any] = {"waiting": (SOON,), "told": told}
    assert still(next_of(SOON), SOON, now=later, **given) == (
        "Soon is in today's messages already."
    )
    # What answers something done today is said all the same.
    assert still(next_of(SOON), SOON, **given) == "still true"
