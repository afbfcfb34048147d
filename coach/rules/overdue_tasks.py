"""Tasks whose due date has passed."""

from datetime import MAXYEAR, datetime, timedelta

from coach.calendar import start_of_day
from coach.keys import about
from coach.knowledge import Known
from coach.models import (
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
    Task,
    TaskStatus,
)
from coach.phrases import counted, say
from coach.repetition import next_allowed
from coach.rule import TimeLook, TimeRule, Verdict

GAP = timedelta(hours=12)

#: How many tasks are remembered, to tell whether anything has changed.
MARKS = 1000


def due(subject: Subject, person: Person, known: Known) -> datetime | None:
    """The midnight after the due date; never for what is done, undated or deleted."""
    if not isinstance(subject, Task) or subject.deleted or subject.due_date is None:
        return None
    if subject.status is TaskStatus.COMPLETED or subject.due_date.year == MAXYEAR:
        return None
    return start_of_day(subject.due_date + timedelta(days=1), person)


def evaluate(look: TimeLook) -> Verdict:
    """One insight that counts all overdue tasks of a person, once in 12 hours."""
    tasks = sorted(
        (task for task in look.due if isinstance(task, Task) and task.due_date),
        key=lambda task: (task.due_date, task.id),
    )
    # With another date it is another promise that was not kept.
    seen = tuple(about(task, task.due_date) for task in tasks)[:MARKS]
    allowed = next_allowed(look.past, gap=GAP, about=seen, now=look.now)
    if allowed is None or not tasks:
        # Until another one is late.
        return Verdict()
    if allowed > look.now:
        return Verdict(again_at=allowed)
    oldest = tasks[0]
    draft = Draft(
        person_id=look.person.id,
        subject=f"person:{look.person.id}",
        occasion=look.now.isoformat(timespec="seconds"),
        priority=Priority.HIGH,
        message=counted(
            "You have {count} overdue task. Let's clear the backlog!",
            "You have {count} overdue tasks. Let's clear the backlog!",
            "count",
            count=look.count,
        ),
        reason=say(
            "The oldest is “{task}”, due {date}.",
            task=oldest.thing,
            date=min(task.due_date for task in tasks if task.due_date),
        ),
        suggestion=Suggestion("view_overdue_tasks"),
        expires_at=look.now + GAP,
        about=seen,
    )
    return Verdict([draft], again_at=look.now + GAP)


RULE = TimeRule(
    summary="Tasks whose due date has passed.",
    level=Level.BALANCED,
    kind=SubjectKind.TASK,
    due=due,
    evaluate=evaluate,
)
