"""What an action is: what Take Action promises, shows, and does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Flag, auto
from typing import Any

import coach.actions
from coach import plugins
from coach.models import Contact, Deal, Person, Task
from coach.phrases import Phrase
from coach.screens import Screen
from coach.staying import Limit
from coach.writes import CrmWrite


class Shows(Flag):
    """Which true current data of the mirror an action needs, found through its `params`."""

    NOTHING = 0
    #: `params["connection_id"]`, `params["task_id"]`.
    TASK = auto()
    #: `params["connection_id"]`, `params["deal_id"]`; the contact of the deal comes along.
    DEAL = auto()
    #: `params["contacts"]`: pairs of connection id and contact id, in the order to show them in.
    CONTACTS = auto()
    #: The person's overdue tasks, now.
    OVERDUE_TASKS = auto()
    #: `params["connection_id"]`, and as far as they are given `params["deal_id"]` and
    #: `params["contact_id"]`; of a deal its contact comes along.
    ABOUT = auto()
    #: The person's open deals that are more than `params["days"]` days old and lie still, now.
    OLD_DEALS = auto()


@dataclass(frozen=True, slots=True)
class ActionView:
    """All that an action sees."""

    now: datetime
    person: Person
    #: Today, where the person is.
    today: date
    params: Mapping[str, Any]
    #: Made by the caller: the id of a thing this insight creates, the same on every try.
    new_id: str
    task: Task | None = None
    deal: Deal | None = None
    #: What decides how long it may stay in its stage.
    limit: Limit | None = None
    contact: Contact | None = None
    #: In the order to show them in: what stands on an open screen keeps its place there.
    contacts: Sequence[Contact] = ()
    tasks: Sequence[Task] = ()
    deals: Sequence[Deal] = ()
    #: How many more tasks are overdue, or deals old, than those.
    more: int = 0
    #: The stages of this deal's pipeline, in the order deals usually go through them.
    stages: Sequence[str] = ()
    #: The same of each of `deals`, by its id.
    ways: Mapping[str, Sequence[str]] = field(default_factory=dict)
    #: What has been done from this insight so far: thing's id -> a phrase like “Completed”. Of a
    #: list only what stands on the screen since it was opened.
    done: Mapping[str, Phrase] | None = None


@dataclass(frozen=True, slots=True)
class FieldErrors:
    """What is wrong with a submitted form: field name -> a sentence."""

    errors: Mapping[str, Phrase]


@dataclass(frozen=True, slots=True)
class Submission:
    """What submitting does: changes in the CRM and the card's words about it."""

    writes: Sequence[CrmWrite]
    outcome: Phrase


@dataclass(frozen=True, slots=True)
class Action:
    """What stands behind Take Action; pure: it is given data and returns values."""

    #: The line above the button: what pressing it will do.
    promise: Callable[[Mapping[str, Any]], Phrase]
    shows: Shows
    #: Raises `UnknownSubjectError` when the thing is gone from the CRM.
    screen: Callable[[ActionView], Screen]
    #: The values by field name: text, ISO date or choice; `None` for an empty field.
    submit: Callable[[ActionView, Mapping[str, str | None]], Submission | FieldErrors]
    #: Whether it lists things, each to be seen to by itself: its insight lives until nothing of it
    #: is left, as its rule or an empty screen says, and is taken then.
    lists: bool = False


def load_actions() -> dict[str, Action]:
    """Every action by its file's name."""
    return plugins.load(coach.actions, "ACTION", Action)
