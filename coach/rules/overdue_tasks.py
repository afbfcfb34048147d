"""Tasks whose due date has passed."""

from collections.abc import Iterable
from datetime import MAXYEAR, datetime, timedelta

from coach import settling
from coach.calendar import local_date, start_of_day
from coach.keys import about
from coach.knowledge import Known
from coach.models import (
    About,
    Draft,
    Level,
    Person,
    Priority,
    Subject,
    SubjectKind,
    Suggestion,
    Task,
    TaskPriority,
    TaskStatus,
)
from coach.phrases import Phrase, counted, say
from coach.repetition import next_allowed
from coach.rule import TimeLook, TimeRule, Verdict
from coach.terms import PRIORITIES, so_many_days
from coach.truth import Over, Standing, TruthLook, said_anew

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
    tasks = _oldest_first(look.due)
    allowed = next_allowed(look.past, gap=GAP, about=_marked(tasks), now=look.now)
    if allowed is None or not tasks:
        # Until another one is late.
        return Verdict()
    if allowed > look.now:
        return Verdict(again_at=allowed)
    draft = _draft(look.person, tasks, look.count, look.now)
    return Verdict([draft], again_at=look.now + GAP)


def still_true(look: TruthLook) -> Standing:
    """While any of the tasks is overdue; the number follows."""
    tasks = _oldest_first(look.left)
    if not tasks:
        return Over(settling.late_no_more(look))
    return said_anew(_draft(look.person, tasks, look.count, look.now))


def _oldest_first(subjects: Iterable[Subject]) -> list[Task]:
    tasks = [each for each in subjects if isinstance(each, Task) and each.due_date]
    return sorted(tasks, key=lambda task: (task.due_date, task.id))


def _marked(tasks: list[Task]) -> tuple[About, ...]:
    # With another date it is another promise that was not kept.
    return tuple(about(task, task.due_date) for task in tasks)[:MARKS]


def _draft(person: Person, tasks: list[Task], count: int, now: datetime) -> Draft:
    oldest = tasks[0]
    return Draft(
        person_id=person.id,
        subject=f"person:{person.id}",
        occasion=now.isoformat(timespec="seconds"),
        priority=Priority.HIGH,
        message=counted(
            "You have {count} overdue task. Let's get it done!",
            "You have {count} overdue tasks. Let's clear the backlog!",
            "count",
            count=count,
        ),
        reason=_reason(person, oldest, now),
        suggestion=Suggestion("view_overdue_tasks", {"count": count}),
        expires_at=now + GAP,
        about=_marked(tasks),
    )


def _reason(person: Person, oldest: Task, now: datetime) -> Phrase:
    due = oldest.due_date or local_date(now, person)
    late = so_many_days((local_date(now, person) - due).days)
    if oldest.priority in {TaskPriority.HIGH, TaskPriority.URGENT}:
        return say(
            "The oldest is “{task}” ({priority}), due {date}, {late} late.",
            task=oldest.thing,
            priority=PRIORITIES[oldest.priority],
            date=due,
            late=late,
        )
    return say(
        "The oldest is “{task}”, due {date}, {late} late.",
        task=oldest.thing,
        date=due,
        late=late,
    )


RULE = TimeRule(
    called=say("Overdue tasks"),
    summary=say("Tasks whose due date has passed."),
    level=Level.BALANCED,
    kind=SubjectKind.TASK,
    due=due,
    evaluate=evaluate,
    still_true=still_true,
    counts=lambda count: counted(
        "{count} task overdue", "{count} tasks overdue", "count", count=count
    ),
)
