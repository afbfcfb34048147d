"""A task was completed: point at the next one that matters."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from coach import settling
from coach.calendar import local_date
from coach.keys import about, subject_key
from coach.knowledge import PRESSING_TASKS, PUT_OFF_TASKS, TOLD_TASKS, Known
from coach.models import (
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
    next_ = _next(done.thing, task)
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
    task = look.only(Task)
    pressing = {subject_key(each): each for each in look.known[PRESSING_TASKS]}
    done = look.insight.reason.values.get("done")
    if task is None and not look.things and pressing and done is not None:
        # It was another's double, and is one with it now.
        return _next(done, min(pressing.values(), key=_urgency))
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
    if _is_of_before(look):
        if subject_key(task) in look.known[TOLD_TASKS]:
            return Over(say("{task} is in today's messages already.", task=task.thing))
        return _later(task)
    # Without it, it was kept as a finished sentence.
    return _next(done, task) if done is not None else TRUE


def _is_of_before(look: TruthLook) -> bool:
    """Whether it was put off until another day: what they finished is of that day."""
    person, made = look.person, look.insight.created_at
    return local_date(made, person) < local_date(look.now, person)


def _later(task: Task) -> Changed:
    if task.due_date is None:
        why = say(
            "Of your urgent and high-priority tasks, this one comes first: without a due date."
        )
    else:
        why = say(
            "Of your urgent and high-priority tasks, this one comes first: due {date}.",
            date=task.due_date,
        )
    return Changed(say("Next priority: {task}", task=task.thing), why, _view(task), (about(task),))


def _view(task: Task) -> Suggestion:
    return Suggestion("view_task", {"connection_id": task.connection_id, "task_id": task.id})


def _next(done: Value, task: Task) -> Changed:
    return Changed(
        say("Nice work! Next priority: {task}", task=task.thing),
        _reason(done, task),
        _view(task),
        (about(task),),
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
