"""A task was completed: point at the next one that matters."""

from datetime import date, timedelta

from coach.engine import ActionLook, ActionRule, Need, subject_key
from coach.models import Draft, Level, Priority, Span, Suggestion, Task, Verb, say


def _urgency(task: Task) -> tuple[date, bool, str]:
    # Earliest due first and undated last; among equals urgent before high, then a steady order.
    return (task.due_date or date.max, task.priority != "urgent", task.id)


def evaluate(look: ActionLook) -> Draft | None:
    """The person's pending high or urgent task with the earliest due date; nothing without one."""
    done = look.activity.task
    if done is None:
        return None
    others = [task for task in look.pressing_tasks if subject_key(task) != subject_key(done)]
    if not others:
        return None
    task = min(others, key=_urgency)
    completed = done.completed_at or look.activity.occurred_at
    due = f"due {task.due_date:%a %-d %b}" if task.due_date else "without a due date"
    return Draft(
        person_id=look.person.id,
        subject=subject_key(done),
        # A task that comes back and is done again is a new occasion; an echo is not.
        occasion=f"completed {completed.date().isoformat()}",
        priority=Priority.MEDIUM,
        message=say("Nice work! Next priority: ", Span(task.name, task.url)),
        reason=say(
            f"You finished “{done.name}”. Of your {task.priority}-priority tasks, this "
            f"one comes first: {due}."
        ),
        suggestion=Suggestion(
            "view_task", {"connection_id": task.connection_id, "task_id": task.id}
        ),
        expires_at=look.now + timedelta(hours=4),
        about=(task.id,),
    )


RULE = ActionRule(
    summary="When you complete a task: the next important one.",
    level=Level.BALANCED,
    verbs=frozenset({Verb.TASK_COMPLETED}),
    evaluate=evaluate,
    needs=Need.PRESSING_TASKS,
)
