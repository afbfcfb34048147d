"""A task was completed: point at the next one that matters."""

from datetime import date, timedelta

from coach.calendar import local_date
from coach.keys import about, subject_key
from coach.knowledge import PRESSING_TASKS
from coach.models import Draft, Level, Priority, Suggestion, Task, Verb
from coach.phrases import Phrase, say
from coach.rule import ActionLook, ActionRule
from coach.terms import PRIORITIES


def _urgency(task: Task) -> tuple[date, bool, str]:
    # Earliest due first and undated last; among equals urgent before high, then a steady order.
    return (task.due_date or date.max, task.priority != "urgent", task.id)


def evaluate(look: ActionLook) -> Draft | None:
    """The person's pending high or urgent task with the earliest due date; nothing without one."""
    done = look.activity.task
    if done is None:
        return None
    others = [task for task in look.known[PRESSING_TASKS] if subject_key(task) != subject_key(done)]
    if not others:
        return None
    task = min(others, key=_urgency)
    return Draft(
        person_id=look.person.id,
        subject=subject_key(task),
        # However many tasks are done in a row: the same one is pointed at once a day.
        occasion=f"next on {local_date(look.now, look.person).isoformat()}",
        priority=Priority.MEDIUM,
        message=say("Nice work! Next priority: {task}", task=task.thing),
        reason=_reason(done, task),
        suggestion=Suggestion(
            "view_task", {"connection_id": task.connection_id, "task_id": task.id}
        ),
        expires_at=look.now + timedelta(hours=4),
        about=(about(task),),
    )


def _reason(done: Task, task: Task) -> Phrase:
    priority = PRIORITIES[task.priority]
    if task.due_date is None:
        return say(
            "You finished “{done}”. Of your {priority}-priority tasks, this one comes first: "
            "without a due date.",
            done=done.thing,
            priority=priority,
        )
    return say(
        "You finished “{done}”. Of your {priority}-priority tasks, this one comes first: "
        "due {date}.",
        done=done.thing,
        priority=priority,
        date=task.due_date,
    )


RULE = ActionRule(
    summary="When you complete a task: the next important one.",
    level=Level.BALANCED,
    verbs=frozenset({Verb.TASK_COMPLETED}),
    evaluate=evaluate,
    shown=(PRESSING_TASKS,),
)
