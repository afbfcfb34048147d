"""What Take Action shows, in words of its own: the Slack side turns a screen into a modal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from coach.models import Ref
from coach.phrases import Phrase, say


@dataclass(frozen=True, slots=True)
class TextField:
    """One line, or with `long` several lines, that the person may type."""

    name: str
    label: Phrase
    #: Of several phrases each is a line.
    initial: str | Phrase | tuple[Phrase, ...] = ""
    long: bool = False
    optional: bool = False
    max_length: int = 255
    hint: Phrase | None = None


@dataclass(frozen=True, slots=True)
class DateField:
    """A date the person may pick."""

    name: str
    label: Phrase
    initial: date | None = None
    optional: bool = True


@dataclass(frozen=True, slots=True)
class ChoiceField:
    """One of a few choices, as (value, label)."""

    name: str
    label: Phrase
    choices: Sequence[tuple[str, Phrase]]
    initial: str | None = None


class Control(StrEnum):
    """What a person can do to a thing on a screen, at once, by a press."""

    COMPLETE_TASK = "complete_task"
    RESCHEDULE_TASK = "reschedule_task"
    LOG_CALL = "log_call"
    LOG_EMAIL = "log_email"
    LOG_MEETING = "log_meeting"
    MOVE_DEAL = "move_deal"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the CRM, its facts, and what can be done to it."""

    ref: Ref
    title: Phrase
    facts: Sequence[Phrase]
    controls: Sequence[Control] = ()
    #: For `RESCHEDULE_TASK`: the present date.
    due_date: date | None = None
    #: For `MOVE_DEAL`: all stages, and the present one where the CRM has told it.
    stages: Sequence[str] = ()
    stage: str | None = None
    #: What was done to it on this screen; it has no controls then.
    done: Phrase | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence between the things."""

    text: Phrase


@dataclass(frozen=True, slots=True)
class DraftedMail:
    """A mail to copy, or to go on with in one's own mail program."""

    #: The address as the CRM has told it.
    to: str | None
    subject: Phrase
    #: Paragraphs of lines.
    body: tuple[tuple[Phrase, ...], ...]


Element = TextField | DateField | ChoiceField | Item | Note | DraftedMail


@dataclass(frozen=True, slots=True)
class Screen:
    """A whole screen; `submit` is the button that ends it (at most 24 characters, as the title).

    Without it all is done by the controls, and to leave the screen is to have done.
    """

    title: Phrase
    submit: Phrase | None
    elements: Sequence[Element]


def not_offered(screen: Screen, values: Mapping[str, str | None]) -> dict[str, Phrase]:
    """A sentence for each field whose value is none of its choices, by the field's name.

    What a form sends need not be what it showed.
    """
    return {
        each.name: say("Choose one of these.")
        for each in screen.elements
        if isinstance(each, ChoiceField)
        and values.get(each.name) not in {None, *(choice for choice, _ in each.choices)}
    }
