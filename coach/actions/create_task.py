"""Create a task in the CRM, prefilled and to be checked by the person."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.models import Span, TaskPriority, say
from coach.screens import ChoiceField, DateField, Screen, TextField
from coach.writes import CreateTask

#: Longest title and note, in characters.
TITLE, NOTE = 255, 2000


def promise(params: Mapping[str, Any]) -> str:
    """What pressing the button will do."""
    return f"Take Action opens a task to check and create: “{params['title']}”."


def next_working_day(today: date, working_days: tuple[int, ...]) -> date:
    """The first working day after today."""
    day = today + timedelta(days=1)
    while working_days and day.isoweekday() not in working_days:
        day += timedelta(days=1)
    return day


def screen(view: ActionView) -> Screen:
    """Title, due date, priority and note."""
    return Screen(
        title="Create a task",
        submit="Create task",
        elements=(
            TextField("title", "Title", str(view.params["title"])[:TITLE], max_length=TITLE),
            DateField(
                "due_date",
                "Due date",
                next_working_day(view.today, view.person.settings.working_days),
            ),
            ChoiceField(
                "priority",
                "Priority",
                [(each.value, each.value.capitalize()) for each in reversed(TaskPriority)],
                str(view.params.get("priority") or TaskPriority.MEDIUM),
            ),
            TextField("note", "Note", long=True, optional=True, max_length=NOTE),
        ),
    )


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """The task to create, or what to correct."""
    errors: dict[str, str] = {}
    title = " ".join((values.get("title") or "").split())
    if not title:
        errors["title"] = "Give the task a title."
    due: date | None = None
    try:
        due = date.fromisoformat(text) if (text := values.get("due_date")) else None
    except ValueError:
        errors["due_date"] = "Pick a date."
    if due and due < view.today:
        errors["due_date"] = "Pick today or a later day."
    priority = values.get("priority") or TaskPriority.MEDIUM
    if priority not in set(TaskPriority):
        errors["priority"] = "Choose one of these."
    if errors:
        return FieldErrors(errors)
    write = CreateTask(
        connection_id=str(view.params["connection_id"]),
        task_id=view.new_id,
        title=title[:TITLE],
        due_date=due,
        priority=TaskPriority(priority),
        note=(values.get("note") or "").strip()[:NOTE] or None,
        contact_id=view.params.get("contact_id"),
        deal_id=view.params.get("deal_id"),
    )
    when = f"for {due:%a %-d %b}" if due else "without a due date"
    return Submission([write], say("Created the task “", Span(title), f"” {when}."))


ACTION = Action(promise, Shows.NOTHING, screen, submit)
