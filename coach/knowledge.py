"""What a rule may ask to be shown besides the thing itself; each an entry of its own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, TypeVar, cast

from coach.models import Contact, Task
from coach.old_deals import OpenDeal
from coach.phrases import Phrase

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Knowledge(Generic[T]):
    """Something that can be known of a person; `storage/knowledge/<name>.py` finds it out."""

    name: str
    #: What is shown where there is nothing.
    nothing: T = field(compare=False)


@dataclass(frozen=True, slots=True)
class Known:
    """What was found out for one person: `known[LARGE_VALUE]`."""

    values: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, what: Knowledge[T]) -> T:
        return cast(T, self.values.get(what.name, what.nothing))


#: Of a person nothing was found out about.
UNKNOWN = Known()


@dataclass(frozen=True, slots=True)
class Dealings:
    """What deals there are with a contact, whoever's they are."""

    #: Whether one was won.
    won: bool = False
    #: Whether there were any, and all of them were lost; when the last one was, if that is known.
    lost: bool = False
    lost_at: datetime | None = None
    #: What the largest open one is worth, and when the first of them is expected to close.
    value: float | None = None
    closes: date | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """What is known to have happened with a deal, other than that it was edited."""

    #: When somebody was last in touch with whom it is with: a call, a mail, a meeting or a note.
    contacted_at: datetime
    #: When anything happened last, be it that, a task that was done, or a move.
    last_at: datetime


class MovedBack(NamedTuple):
    """A deal went back, by the order that the CRM itself gives to the stages of its pipeline."""

    before: str
    stage: str


@dataclass(frozen=True, slots=True)
class Run:
    """The deals that a person has won one after the other, and those of before."""

    #: How many were won since the last one that was lost, and when the first of them was.
    length: int
    since: datetime
    #: The longest run of before, as long as it may have been.
    longest: int
    #: How many deals were decided before this run, and how many of them were lost.
    decided: int
    lost: int
    #: How many of the run were won last, of which nobody knows the order.
    last: int = 1
    #: Whether one was lost since.
    ended: bool = False


class Place(NamedTuple):
    """A stage of one pipeline; `pipeline` is empty where the CRM tells of none."""

    connection_id: str
    pipeline: str
    stage: str


@dataclass(frozen=True, slots=True)
class Usual:
    """How long the deals that a team has won were in a stage."""

    #: Nine of ten had left it within so many days, as the calendar counts them.
    days: int
    #: How many deals that was learned from.
    deals: int


@dataclass(frozen=True, slots=True)
class FoundPattern:
    """Something that the team's own figures show, or did."""

    #: Says which pattern and group it is, and whose.
    key: str
    #: Its file in `coach/patterns`.
    pattern: str
    group: str
    #: Whether it is of the person alone, and not of the team.
    own: bool
    #: As it was found, and the figures behind it in JSON values.
    message: Phrase
    figures: Mapping[str, Any]
    #: How likely it is by chance alone.
    chance: float
    found_at: datetime
    #: Since when later data no longer shows it.
    gone_at: datetime | None
    #: Of open deals that are older than any was: all that the person has open now.
    open_deals: tuple[OpenDeal, ...] = ()


@dataclass(frozen=True, slots=True)
class Answered:
    """How soon the leads that a team has won were first contacted."""

    #: Nine of ten within so many minutes of coming, those of somebody's working hours alone.
    minutes: int
    #: How many leads that was learned from.
    leads: int


#: The person's few most pressing tasks: pending, of high and urgent priority.
PRESSING_TASKS: Knowledge[Sequence[Task]] = Knowledge("pressing_tasks", ())

#: The tasks that the person has put off to hear of, each with until when, by `subject_key`.
PUT_OFF_TASKS: Knowledge[Mapping[str, datetime]] = Knowledge("put_off_tasks", {})

#: Which of the tasks that are asked about a message that time has brought the person names or
#: counts now, by `subject_key`.
TOLD_TASKS: Knowledge[Collection[str]] = Knowledge("told_tasks", ())

#: The middle one of what the person's won deals were worth, by currency (empty for none), where
#: there are enough to tell; of each person of whom a deal that is asked about was won.
USUAL_WIN: Knowledge[Mapping[str, float]] = Knowledge("usual_win", {})

#: The value from which a deal belongs to the largest tenth of the person's open ones, by currency
#: (empty for a deal without one); `None` where they have few, or where too many are as large.
LARGE_VALUE: Knowledge[Mapping[str, float | None]] = Knowledge("large_value", {})

#: The tasks of each deal that is asked about, done or not, by the deal's `subject_key`.
TASKS_OF_DEALS: Knowledge[Mapping[str, Sequence[Task]]] = Knowledge("tasks_of_deals", {})

#: What deals there are with each lead that is asked about, by the contact's `subject_key`.
DEALS_WITH: Knowledge[Mapping[str, Dealings]] = Knowledge("deals_with", {})

#: Whom each deal that is asked about is with, by the deal's `subject_key`.
CONTACTS_OF_DEALS: Knowledge[Mapping[str, Contact]] = Knowledge("contacts_of_deals", {})

#: What is usual with the team in each stage, where enough deals were won to tell; the same for
#: everybody in it.
USUAL_STAYS: Knowledge[Mapping[Place, Usual]] = Knowledge("usual_stays", {})

#: What was found in the team's own figures, of the team and of the person alone.
PATTERNS: Knowledge[Sequence[FoundPattern]] = Knowledge("patterns", ())

#: How soon the leads that the team has won were first contacted; `None` where too few tell. The
#: same for everybody in the team.
USUAL_ANSWER: Knowledge[Answered | None] = Knowledge("usual_answer", None)

#: What the team's own deals show of those that get a follow-up within a day, in words with their
#: counts; `None` where they show nothing that can be relied on.
FOLLOW_UPS_SHOWN: Knowledge[Phrase | None] = Knowledge("follow_ups_shown", None)

#: What is known to have happened with each deal that is asked about, by its `subject_key`; a deal
#: is missing where nobody knows of any contact.
LIVES_OF_DEALS: Knowledge[Mapping[str, Life]] = Knowledge("lives_of_deals", {})

#: Which of the deals that are asked about went back with their last move, by `subject_key`.
MOVED_BACK: Knowledge[Mapping[str, MovedBack]] = Knowledge("moved_back", {})

#: The run that each deal that is asked about was won in, as it was when it was won, by its
#: `subject_key`; a deal is missing where nobody knows that it was one.
WIN_RUN: Knowledge[Mapping[str, Run]] = Knowledge("win_run", {})
