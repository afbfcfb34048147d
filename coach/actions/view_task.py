"""Show one task and let the person finish or move it."""

from collections.abc import Mapping
from typing import Any

from coach.action import Action, ActionView, FieldErrors, Shows, Submission
from coach.errors import UnknownSubjectError
from coach.phrases import Phrase, say
from coach.presenting import done_outcome, task_item
from coach.screens import Screen


def promise(params: Mapping[str, Any]) -> Phrase:
    """What pressing the button will do."""
    return say("Take Action shows the task, to complete it or move its date.")


def screen(view: ActionView) -> Screen:
    """The task as the CRM has it now."""
    if view.task is None or view.task.deleted:
        raise UnknownSubjectError(say("This task is no longer in the CRM. Dismiss the insight."))
    return Screen(say("Your next priority"), say("Done"), [task_item(view.task, view)])


def submit(view: ActionView, values: Mapping[str, str | None]) -> Submission | FieldErrors:
    """Everything was done by the controls; the card says what."""
    return Submission([], done_outcome(view, say("You looked at the task.")))


ACTION = Action(promise, Shows.TASK, screen, submit)
