"""What a rule is: an answer to something done, or a word when something goes on for too long."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from coach.knowledge import Knowledge, Known
from coach.models import (
    Activity,
    Draft,
    InsightType,
    Level,
    PastInsight,
    Person,
    Subject,
    SubjectKind,
    Verb,
)
from coach.phrases import Phrase
from coach.truth import Standing, TruthLook


@dataclass(frozen=True, slots=True)
class ActionLook:
    """What an action rule sees: one activity of one person, and what it asked to be shown."""

    now: datetime
    person: Person
    activity: Activity
    known: Known = field(default_factory=Known)
    #: When we were told of the activity, if that was before now.
    received_at: datetime | None = None
    #: Of what the rule has said to this person of late that which it asks for, newest first.
    past: Sequence[PastInsight] = ()

    @property
    def told_at(self) -> datetime:
        """When we were told: from then on it counts how long an answer is of use."""
        return self.received_at or self.now


@dataclass(frozen=True, slots=True)
class ActionRule:
    """A rule that answers something a person has just done."""

    #: What its advice is called where it is listed, muted or counted: “Stuck deals”.
    called: Phrase
    #: One sentence for people: what it watches for and what it suggests.
    summary: Phrase
    #: The least level at which a person hears of it.
    level: Level
    verbs: frozenset[Verb]
    evaluate: Callable[[ActionLook], Draft | None]
    #: Whether an open insight of this rule is still true, by what it is about now.
    still_true: Callable[[TruthLook], Standing]
    #: What `ActionLook.known` is to hold, and `TruthLook.known` too.
    shown: tuple[Knowledge[Any], ...] = ()
    #: What `TruthLook.known` is to hold besides.
    knows: tuple[Knowledge[Any], ...] = ()
    #: Kinds of thing that `knows` tells of: with each that changes, what is said of the deal or
    #: contact it belongs to is asked about.
    moved_by: frozenset[SubjectKind] = frozenset()
    #: What it has said before and `ActionLook.past` is to hold: what was about anything in the
    #: state that this mark tells.
    recalls: Callable[[Activity], str | None] | None = None
    #: Kinds of thing of which it names one of many: with each of the person's that changes, what
    #: it has said to them is asked about.
    picks_from: frozenset[SubjectKind] = frozenset()
    #: Where people hear of it only once they have switched it on: its own name.
    switch: str | None = None


@dataclass(frozen=True, slots=True)
class TimeLook:
    """What a rule of time sees of one person: what is due, and what was said before."""

    now: datetime
    person: Person
    #: What is due, in the rule's own order; of very many the first ones.
    due: Sequence[Subject]
    #: How many are due in truth.
    count: int
    #: What this rule has said to this person of late, newest first.
    past: Sequence[PastInsight]
    known: Known = field(default_factory=Known)
    #: Of how many things it is to speak at once, whatever it does on other days: what was so before
    #: the coach knew of it comes together. `None`: it is a day like others.
    at_once: int | None = None
    #: How many of what is due were so before the coach knew of them, or their person started.
    old: int = 0
    #: Which of those shown, by `subject_key`.
    before: frozenset[str] = frozenset()

    @property
    def said(self) -> Sequence[PastInsight]:
        """What was said before of what it is to speak of.

        News keeps no backlog from being told, nor does one that its person never got to see.
        """
        if self.at_once is None:
            return self.past
        return [each for each in self.past if each.backlog and not each.missed]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a time rule says, and when it wants to look again."""

    drafts: Sequence[Draft] = ()
    #: Before this the rule does not look at this person again, whatever becomes due. `None`: it
    #: looks as soon as anything else becomes due; what is due now and stays so does not count.
    again_at: datetime | None = None
    #: Things that are due no longer, but again from this time; by `subject_key`.
    later: Mapping[str, datetime] = field(default_factory=dict)


def any_thing(subject: Subject) -> bool:
    """Whatever it is."""
    return True


def any_change(before: Subject | None, after: Subject) -> bool:
    """Whatever has changed in a thing counts."""
    return True


@dataclass(frozen=True, slots=True)
class TimeRule:
    """A rule that speaks when something has gone on for too long.

    Each thing has a check with each rule of its kind, at the instant that `due` names. When the
    first check of a person has come, the rule is shown everything of theirs that is due by then.
    """

    called: Phrase
    summary: Phrase
    level: Level
    kind: SubjectKind
    #: When a thing becomes the rule's business if nothing happens to it; `None`: never. It depends
    #: on what it is given alone, not on the time.
    due: Callable[[Subject, Person, Known], datetime | None]
    evaluate: Callable[[TimeLook], Verdict]
    #: Whether an open insight of this rule is still true: `TruthLook.left` is what is left of it.
    still_true: Callable[[TruthLook], Standing]
    #: The person's own number that `due` goes by: changing it moves this rule's checks alone.
    setting: str | None = None
    #: What `due` is to know, and what `TimeLook.known` is to hold; `TruthLook.known` holds both.
    knows: tuple[Knowledge[Any], ...] = ()
    shown: tuple[Knowledge[Any], ...] = ()
    #: Of which things it has to know that; any other is never its business, whatever is known.
    asks_of: Callable[[Subject], bool] = any_thing
    #: Whether the deals of the largest value come first, or else what became due last; without
    #: either, what has been due the longest.
    largest_first: bool = False
    latest_first: bool = False
    #: Whether it speaks of all its things as of one list. That is called forth by what has come up
    #: since the coach knows of them, and counts what was so before with the rest; without it, what
    #: was so before is not shown to it, but once.
    lists: bool = False
    #: What is said of so many things that are its business, among other kinds: “12 deals stuck”.
    counts: Callable[[int], Phrase] | None = None
    #: Kinds of thing that `knows` tells of: with each that changes, the check of the deal or
    #: contact it belongs to, or of the open deals with a contact, is made anew, also one that was
    #: put off, and what is said of it is asked about. What is said of a deal because of its contact
    #: must be about both.
    moved_by: frozenset[SubjectKind] = frozenset()
    #: Which of their changes count, by the thing as it was, if it was there, and as it is.
    moved_when: Callable[[Subject | None, Subject], bool] = any_change
    #: Rules whose place it takes: of a thing of which it has spoken they are silent for a while.
    instead_of: frozenset[str] = frozenset()
    #: Whether it speaks even where those have spoken of the same of late: what it tells has come
    #: about by itself since, and is no other word for what they told.
    worsens: bool = False
    #: Lists of which things are left out that its insights are about: of a deal with which nothing
    #: happens it need not be said once more that its contact hears nothing.
    left_out_of: frozenset[str] = frozenset()
    #: Where people hear of it only once they have switched it on: its own name.
    switch: str | None = None


@dataclass(frozen=True, slots=True)
class PersonRule:
    """A rule that looks at a person from time to time, whatever things they have.

    It looks at whoever has started the coach. Each of its times is good for one insight at most.
    """

    called: Phrase
    summary: Phrase
    level: Level
    #: The first of its times with a person after an instant.
    next: Callable[[Person, datetime], datetime]
    #: What it says now; nothing is due in `TimeLook`.
    evaluate: Callable[[TimeLook], Draft | None]
    #: Whether an open insight of this rule is still true.
    still_true: Callable[[TruthLook], Standing]
    #: What `TimeLook.known` is to hold, and `TruthLook.known` too.
    shown: tuple[Knowledge[Any], ...] = ()
    #: Whether it speaks of time passing, or of what figures show.
    type: InsightType = InsightType.TIME
    #: Where people hear of it only once they have switched it on: its own name.
    switch: str | None = None


Rule = ActionRule | TimeRule | PersonRule
