"""Whether what was said is still true: what a rule is shown of it, and what it may answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from coach.keys import subject_key
from coach.knowledge import UNKNOWN, Known
from coach.models import About, Contact, Deal, Draft, Insight, Person, Subject, Suggestion, Task
from coach.phrases import Phrase, to_json

T = TypeVar("T", Deal, Contact, Task)


@dataclass(frozen=True, slots=True)
class TruthLook:
    """What a rule sees of an open insight of its own, when it is asked whether it is still true."""

    now: datetime
    person: Person
    insight: Insight
    #: What the insight is about, in the state that it spoke of.
    about: Sequence[About]
    #: The same things as they are now, deleted ones too; what the mirror has no more is missing.
    things: Sequence[Subject]
    known: Known = UNKNOWN
    #: With a rule of time: those that are the person's and due, by the rule's own `due`.
    left: Sequence[Subject] = ()
    #: Things the person has just changed by the coach and not in the CRM, by `subject_key`.
    here: frozenset[str] = frozenset()
    #: With a rule that lists: all that is due with the person by now, if anything is; of very many
    #: the first.
    listed: Sequence[Subject] = ()
    #: How much that is in truth, and how much of it was so before the coach knew of it.
    listed_count: int = 0
    old: int = 0

    def only(self, kind: type[T]) -> T | None:
        """The thing of this kind that it is about, unless it was deleted."""
        return next((each for each in self.things if isinstance(each, kind) and _is(each)), None)

    @property
    def gone(self) -> list[Subject]:
        """Those that are no longer the rule's business, as far as the mirror has them."""
        left = {subject_key(each) for each in self.left}
        return [each for each in self.things if subject_key(each) not in left]

    @property
    def count(self) -> int:
        """How many are left in truth, where the message counts by the number of its things.

        Of very many only the first are remembered: the others are taken to be what they were.
        """
        if self.listed:
            return self.listed_count
        before = self.insight.message.count or 0
        return max(before, len(self.about)) - len(self.about) + len(self.left)

    def is_ours(self, things: Iterable[Subject]) -> bool:
        """Whether any of these changes was made by the coach: no CRM is to be named for them."""
        return any(subject_key(each) in self.here for each in things)


def _is(subject: Subject) -> bool:
    return not subject.deleted


@dataclass(frozen=True, slots=True)
class StillTrue:
    """It is true as it was said."""


@dataclass(frozen=True, slots=True)
class Changed:
    """It is true, but to be said in another way: with another number, of other things."""

    message: Phrase
    reason: Phrase
    suggestion: Suggestion
    about: tuple[About, ...] = field(default=())

    def says_the_same(self, insight: Insight, about: Iterable[About]) -> bool:
        """Whether an insight about these things says all this already."""
        return (
            to_json(self.message) == to_json(insight.message)
            and to_json(self.reason) == to_json(insight.reason)
            and self.suggestion.action == insight.suggestion.action
            and self.suggestion.kept == insight.suggestion.kept
            and set(self.about) == set(about)
        )


@dataclass(frozen=True, slots=True)
class Over:
    """It is not true any more; `words` say to the person what has settled it."""

    words: Phrase


#: What a rule may answer.
Standing = StillTrue | Changed | Over

TRUE = StillTrue()


def said_anew(draft: Draft) -> Changed:
    """What a rule would say now; where that is what was said already, nothing changes."""
    return Changed(draft.message, draft.reason, draft.suggestion, draft.about)


def with_left(look: TruthLook, left: Sequence[Subject]) -> TruthLook:
    """The look with what is left of the things."""
    return replace(look, left=left)


def always(look: TruthLook) -> Standing:
    """For what cannot become untrue before its time is up."""
    return TRUE
