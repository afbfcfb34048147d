"""Tasks whose due date has passed."""

from datetime import MAXYEAR, date, datetime, timedelta

from coach.calendar import local_date, start_of_day
from coach.engine import TimeLook, TimeRule, Verdict, subject_key
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

GAP = timedelta(hours=12)

#: How many tasks are remembered, to tell whether anything has changed.
MARKS = 1000


def cutoff(now: datetime, person: Person) -> date:
    """Tasks due on that day or earlier are overdue: yesterday, where the person is."""
    return local_date(now, person) - timedelta(days=1)


def ripe_at(subject: Subject, person: Person) -> datetime | None:
    """The midnight after the due date; never for what is done, undated or deleted."""
    if not isinstance(subject, Task) or subject.deleted or subject.due_date is None:
        return None
    if subject.status is TaskStatus.COMPLETED or subject.due_date.year == MAXYEAR:
        return None
    return start_of_day(subject.due_date + timedelta(days=1), person)


def evaluate(look: TimeLook) -> Verdict:
    """One insight that counts all overdue tasks of a person, once in 12 hours."""
    tasks = sorted(
        (task for task in look.ripe if isinstance(task, Task) and task.due_date),
        key=lambda task: (task.due_date, task.id),
    )
    # With another date it is another promise that was not kept.
    about = tuple(f"{subject_key(task)}@{task.due_date}" for task in tasks)[:MARKS]
    allowed = next_allowed(look.past, gap=GAP, about=about, now=look.now)
    if allowed is None:
        return Verdict(again_at=look.now + GAP)
    if not tasks or allowed > look.now:
        return Verdict(again_at=max(allowed, look.now + timedelta(minutes=1)))
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
            count=len(tasks),
        ),
        reason=say(
            "The oldest is “{task}”, due {date}.",
            task=oldest.thing,
            date=min(task.due_date for task in tasks if task.due_date),
        ),
        suggestion=Suggestion("view_overdue_tasks"),
        expires_at=look.now + GAP,
        about=about,
    )
    return Verdict([draft], again_at=look.now + GAP)


RULE = TimeRule(
    summary="Tasks whose due date has passed.",
    level=Level.BALANCED,
    kind=SubjectKind.TASK,
    since="due_date",
    cutoff=cutoff,
    ripe_at=ripe_at,
    evaluate=evaluate,
)
