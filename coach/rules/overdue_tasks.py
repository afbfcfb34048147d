"""Tasks whose due date has passed."""

import json
from collections.abc import Iterable, Sequence
from datetime import MAXYEAR, date, datetime, timedelta
from hashlib import blake2s

from coach import settling
from coach.backlogs import with_old
from coach.calendar import local_date, start_of_day
from coach.keys import about, subject_key
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
from coach.phrases import Phrase, counted, names, say
from coach.repetition import is_said_enough, next_allowed
from coach.rule import TimeLook, TimeRule, Verdict
from coach.terms import PRIORITIES, so_many_days
from coach.truth import Over, Standing, TruthLook, said_anew

GAP = timedelta(hours=12)

#: How many tasks are remembered, to tell whether anything has changed; all that are pressing too.
MARKS = 1000

#: How many tasks are named where no number is said.
NAMED = 3


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
    allowed = next_allowed(look.said, gap=GAP, about=_marked(tasks), now=look.now)
    if allowed is None or not tasks:
        # Until another one is late.
        return Verdict()
    if allowed > look.now:
        return Verdict(again_at=allowed)
    draft = _draft(look, tasks)
    enough = look.at_once is None and is_said_enough(look.past, draft.subject, look.now)
    if enough and (news := _news(look, tasks)):
        # The list has been left standing twice: what is pressing and not known yet comes by itself.
        draft = _newly(look.person, news, look.now)
    return Verdict([draft], again_at=look.now + GAP)


def still_true(look: TruthLook) -> Standing:
    """While any of the tasks is overdue; the number follows."""
    tasks = _oldest_first(look.left)
    if not tasks:
        return Over(settling.late_no_more(look))
    if look.insight.subject != _list_of(look.person):
        return said_anew(_newly(look.person, tasks, look.now))
    return said_anew(_draft(look, tasks))


def _oldest_first(subjects: Iterable[Subject]) -> list[Task]:
    tasks = [each for each in subjects if isinstance(each, Task) and each.due_date]
    return sorted(tasks, key=lambda task: (task.due_date, task.id))


def _marked(tasks: list[Task]) -> tuple[About, ...]:
    # With another date it is another promise that was not kept.
    remembered = (*tasks[:MARKS], *(task for task in tasks[MARKS:] if task.priority in PRESSING))
    return tuple(about(task, task.due_date) for task in remembered)


def _draft(look: TimeLook | TruthLook, tasks: list[Task]) -> Draft:
    person, count, now = look.person, look.count, look.now
    return Draft(
        person_id=person.id,
        subject=_list_of(person),
        occasion=now.isoformat(timespec="seconds"),
        priority=Priority.HIGH,
        message=counted(
            "You have {count} overdue task. Let's get it done!",
            "You have {count} overdue tasks. Let's clear the backlog!",
            "count",
            count=count,
        ),
        reason=_only(person, tasks[0], now)
        if count == 1
        else with_old(_reason(person, tasks[0], now), count, look.old),
        suggestion=Suggestion("view_overdue_tasks", {"count": count}),
        expires_at=now + GAP,
        about=_marked(tasks),
    )


def _list_of(person: Person) -> str:
    return f"person:{person.id}"


#: What is not kept back for the sake of others that were left standing.
PRESSING = frozenset({TaskPriority.HIGH, TaskPriority.URGENT})


def _news(look: TimeLook, tasks: Sequence[Task]) -> list[Task]:
    """Those of high priority that the person was told nothing of, as they are now."""
    told: dict[About, datetime] = {}
    for earlier in look.past:
        if earlier.unanswered_at or earlier.dismissed_at or earlier.taken:
            at = max((earlier.created_at, *earlier.unanswered_at))
            for thing in earlier.about:
                told[thing] = max(at, told.get(thing, at))

    def is_told(task: Task) -> bool:
        # What came to a list that stood there already was told to nobody.
        at, late_at = told.get(about(task, task.due_date)), due(task, look.person, look.known)
        return at is not None and (late_at is None or late_at <= at)

    return [
        task
        for task in tasks
        if task.priority in PRESSING and not is_told(task) and subject_key(task) not in look.before
    ]


def _newly(person: Person, tasks: list[Task], now: datetime) -> Draft:
    """What is overdue anew, and no word of the others."""
    return Draft(
        person_id=person.id,
        subject=_these(tasks),
        occasion=now.isoformat(timespec="seconds"),
        priority=Priority.HIGH,
        message=say("Newly overdue: {tasks}.", tasks=names([task.thing for task in tasks], NAMED)),
        reason=_alone(person, tasks[0], now) if len(tasks) == 1 else _reason(person, tasks[0], now),
        suggestion=Suggestion("view_overdue_tasks", {}),
        expires_at=now + GAP,
        about=_marked(tasks),
    )


def _these(tasks: Sequence[Task]) -> str:
    """These together: others are another subject, even if the first of them is the same.

    Of several none stands for the others: what is muted or done is left out of them.
    """
    keys = [subject_key(task) for task in tasks]
    if len(keys) == 1:
        return keys[0]
    return f"{keys[0]}+{blake2s(json.dumps(keys).encode(), digest_size=8).hexdigest()}"


def _alone(person: Person, task: Task, now: datetime) -> Phrase:
    due, late = _late(person, task, now)
    return say(
        "It was due {date} ({priority}), {late} late.",
        date=due,
        priority=PRIORITIES[task.priority],
        late=late,
    )


def _late(person: Person, task: Task, now: datetime) -> tuple[date, Phrase]:
    """Since when, and for how long."""
    due = task.due_date or local_date(now, person)
    return due, so_many_days((local_date(now, person) - due).days)


def _only(person: Person, task: Task, now: datetime) -> Phrase:
    """Which one it is, where the message has but a number."""
    due, late = _late(person, task, now)
    if task.priority in PRESSING:
        return say(
            "It is “{task}” ({priority}), due {date}, {late} late.",
            task=task.thing,
            priority=PRIORITIES[task.priority],
            date=due,
            late=late,
        )
    return say("It is “{task}”, due {date}, {late} late.", task=task.thing, date=due, late=late)


def _reason(person: Person, oldest: Task, now: datetime) -> Phrase:
    due, late = _late(person, oldest, now)
    if oldest.priority in PRESSING:
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
    lists=True,
    counts=lambda count: counted(
        "{count} task overdue", "{count} tasks overdue", "count", count=count
    ),
)
