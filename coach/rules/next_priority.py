"""A task was completed: point at the next one that matters.

The praise is for what was completed: when that is to be done again, it is taken back.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from coach import settling
from coach.calendar import local_date
from coach.keys import FINISHED, about, key_of, subject_key
from coach.knowledge import PRESSING_TASKS, PUT_OFF_TASKS, TOLD_TASKS, Known
from coach.models import (
    About,
    Draft,
    Level,
    Priority,
    SubjectKind,
    Suggestion,
    Task,
    TaskPriority,
    TaskStatus,
    Verb,
)
from coach.phrases import Phrase, Value, say
from coach.rule import ActionLook, ActionRule
from coach.truth import TRUE, Changed, Over, Standing, TruthLook


def _urgency(task: Task) -> tuple[date, bool, str]:
    # Earliest due first and undated last; among equals urgent before high, then a steady order.
    return (task.due_date or date.max, task.priority != "urgent", task.id)


def _waiting(known: Known, now: datetime) -> list[Task]:
    """The important tasks, without those that the person has put off to hear of."""
    later = known[PUT_OFF_TASKS]
    return [task for task in known[PRESSING_TASKS] if later.get(subject_key(task), now) <= now]


def _first(tasks: Sequence[Task], done: str) -> Task | None:
    others = [task for task in tasks if subject_key(task) != done]
    return min(others, key=_urgency, default=None)


def evaluate(look: ActionLook) -> Draft | None:
    """The person's pending high or urgent task with the earliest due date; nothing without one."""
    done = look.activity.task
    task = _first(_waiting(look.known, look.now), subject_key(done)) if done else None
    if done is None or task is None:
        return None
    # It is followed too: it may be undone, or done once more after that.
    next_ = _next(done.thing, task, (about(done, FINISHED),))
    return Draft(
        person_id=look.person.id,
        subject=subject_key(task),
        # However many tasks are done in a row: the same one is pointed at once a day.
        occasion=f"next on {local_date(look.now, look.person).isoformat()}",
        # What is urgent is not called medium.
        priority=Priority.HIGH if task.priority is TaskPriority.URGENT else Priority.MEDIUM,
        message=next_.message,
        reason=next_.reason,
        suggestion=next_.suggestion,
        expires_at=look.told_at + timedelta(hours=4),
        about=next_.about,
    )


def still_true(look: TruthLook) -> Standing:
    """While the task is to be done and still the first of the important ones."""
    look, completed = _apart(look)
    task = look.only(Task)
    pressing = {subject_key(each): each for each in look.known[PRESSING_TASKS]}
    done = completed.thing if completed else look.insight.reason.values.get("done")
    if task is None and not look.things and pressing and done is not None:
        # It was another's double, and is one with it now.
        first = min(pressing.values(), key=_urgency)
        return _next(done, first, _finished(look))
    if task is None:
        return Over(settling.gone(look))
    if task.status is TaskStatus.COMPLETED:
        return Over(settling.done(look, [task]))
    if subject_key(task) not in pressing:
        return Over(say("{task} is no longer a priority of yours.", task=task.thing))
    first = min([task, *_waiting(look.known, look.now)], key=_urgency)
    if subject_key(first) != subject_key(task):
        # That one is pointed at when the next task is done: this insight is about another.
        return Over(say("{task} comes first now.", task=first.thing))
    return _still(look, task, completed, done)


def _apart(look: TruthLook) -> tuple[TruthLook, Task | None]:
    """The look without the task that was completed, and that task as it is now."""
    finished = {key_of(each) for each in look.about if each.mark == FINISHED}
    others = [each for each in look.things if subject_key(each) not in finished]
    completed = [
        each for each in look.things if isinstance(each, Task) and subject_key(each) in finished
    ]
    return replace(look, things=others), completed[0] if completed else None


def _still(look: TruthLook, task: Task, completed: Task | None, done: Value | None) -> Standing:
    """How a task is pointed at that comes first: with praise for what is done, while it is."""
    if _is_of_before(look):
        if subject_key(task) in look.known[TOLD_TASKS]:
            return Over(say("{task} is in today's messages already.", task=task.thing))
        return _later(task, _finished(look))
    if completed is not None and _is_to_be_done(completed):
        if not look.insight.seen:
            return Over(say("{task} is to be done again.", task=completed.thing))
        return _later(task, _finished(look))
    # Without it, it was kept as a finished sentence.
    return _next(done, task, _finished(look)) if done is not None else TRUE


def _is_to_be_done(task: Task) -> bool:
    return task.status is not TaskStatus.COMPLETED and not task.deleted


def _finished(look: TruthLook) -> tuple[About, ...]:
    return tuple(each for each in look.about if each.mark == FINISHED)


def _is_of_before(look: TruthLook) -> bool:
    """Whether it was put off until another day: what they finished is of that day."""
    person, made = look.person, look.insight.created_at
    return local_date(made, person) < local_date(look.now, person)


def _later(task: Task, finished: tuple[About, ...]) -> Changed:
    if task.due_date is None:
        why = say(
            "Of your urgent and high-priority tasks, this one comes first: without a due date."
        )
    else:
        why = say(
            "Of your urgent and high-priority tasks, this one comes first: due {date}.",
            date=task.due_date,
        )
    message = say("Next priority: {task}", task=task.thing)
    return Changed(message, why, _view(task), (about(task), *finished))


def _view(task: Task) -> Suggestion:
    return Suggestion("view_task", {"connection_id": task.connection_id, "task_id": task.id})


def _next(done: Value, task: Task, finished: tuple[About, ...]) -> Changed:
    return Changed(
        say("Nice work! Next priority: {task}", task=task.thing),
        _reason(done, task),
        _view(task),
        (about(task), *finished),
    )


def _reason(done: Value, task: Task) -> Phrase:
    if task.due_date is None:
        return say(
            "You finished “{done}”. Of your urgent and high-priority tasks, this one comes first: "
            "without a due date.",
            done=done,
        )
    return say(
        "You finished “{done}”. Of your urgent and high-priority tasks, this one comes first: "
        "due {date}.",
        done=done,
        date=task.due_date,
    )


RULE = ActionRule(
    called=say("What is next"),
    summary=say("When you complete a task: the next important one."),
    level=Level.BALANCED,
    verbs=frozenset({Verb.TASK_COMPLETED}),
    evaluate=evaluate,
    still_true=still_true,
    shown=(PRESSING_TASKS, PUT_OFF_TASKS),
    knows=(TOLD_TASKS,),
    picks_from=frozenset({SubjectKind.TASK}),
)
