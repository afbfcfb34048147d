"""Show overdue tasks and let the person finish or move each."""

from collections.abc import Mapping
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.phrases import Phrase, say
from coach.presenting import SHOWN, done_outcome, left_in_crm, task_item
from coach.screens import Element, Note, Screen


def promise(params: Mapping[str, Any]) -> Phrase:
    """What pressing the button will do."""
    count = int(params.get("count") or 0)
    if count == 1:
        return say("Take Action shows it, to complete it or move its date.")
    if count > SHOWN:
        return say(
            "Take Action lists the {count} oldest, to complete each or move its date.",
            count=SHOWN,
        )
    return say("Take Action lists them, to complete each or move its date.")


def screen(view: ActionView) -> Screen:
    """The overdue tasks as the CRM has them now, oldest first."""
    tasks = view.tasks
    elements: list[Element] = [task_item(task, view) for task in tasks[:SHOWN]]
    if (left := len(tasks) + view.more - SHOWN) > 0:
        elements.append(left_in_crm(left))
    if not tasks:
        elements.append(Note(say("Nothing is overdue any more. Well done!")))
    return Screen(say("Overdue tasks"), None, elements)


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """Everything was done by the controls; the card says what."""
    return Submission([], done_outcome(view, say("You looked through your overdue tasks.")))


ACTION = Action(promise, Shows.OVERDUE_TASKS, screen, submit, lists=True)
