"""What a pattern is: a question to a team's history, the statistics that answer it, and its words.

A pattern only looks. Whether anything of what it finds may be said, `coach.gate` decides, of all
patterns together.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto

import coach.patterns
from coach import plugins
from coach.columns import History
from coach.phrases import Phrase


class Whose(Enum):
    """Whose history a pattern looks at."""

    #: The team's, and that of each person by itself.
    BOTH = auto()
    #: The team's; that of each person where a team is too small to be spoken of.
    TEAM = auto()
    #: That of each person alone.
    PERSON = auto()


class Held(StrEnum):
    """Which gate held back what was looked at, in the order they are passed."""

    #: Too few of them, in the group or in the rest.
    COUNTS = "counts"
    #: So few people's that it would tell of somebody, or mostly one person's.
    PEOPLE = "people"
    #: By itself it may well be chance.
    TEST = "test"
    #: Among everything that was looked at with it, it may well be chance.
    FAMILY = "family"
    #: Too small to be worth acting on, be it only without a surer group of which the same is told:
    #: one of two sources is what the other is not.
    EFFECT = "effect"
    #: Not so in both halves of the history.
    STABILITY = "stability"


@dataclass(frozen=True, slots=True)
class Least:
    """How much there must be, and how large a difference is worth acting on."""

    #: In the group, and in the rest.
    count: int = 20
    rest: int = 20
    #: How much larger or smaller the share is, as a factor, once what is few was drawn to the rest.
    factor: float = 1.25
    #: And by how much, from 0 to 1.
    apart: float = 0.05
    #: Whether only a larger share is worth a word.
    more_only: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing a pattern has looked at: a group, beside the rest of what it was compared with."""

    #: What tells it from others of its pattern: the name of a source, a part of the day.
    group: str
    #: How many there are, and of how many it came true; the same of the rest.
    n: int
    k: int
    rest_n: int = 0
    rest_k: int = 0
    #: How likely a difference as large is by chance alone; `None`: it was not tested.
    p: float | None = None
    #: How much larger the share is within strata, in all and in each half of the history; `None`
    #: where that cannot be told.
    apart: float | None = None
    halves: tuple[float | None, float | None] = (None, None)
    #: Of an estimate, which is not compared with anything: between which values it likely is.
    likely: tuple[float, float] | None = None
    #: Whether it is one of groups that are all cases together, each beside all the others.
    is_one_of: bool = False
    #: Whether it is plain to see, as that deals are older than any was: chance is no question then,
    #: and what is certain must not make room for what is not.
    is_fact: bool = False
    #: How many people the group, and the rest, is from at least, and what part of either is one
    #: person's at most.
    people: int = 0
    one_persons: float = 0.0
    #: What its words need to know besides.
    numbers: Mapping[str, int] = field(default_factory=dict)

    @property
    def rate(self) -> float | None:
        """The share in the group."""
        return self.k / self.n if self.n else None

    @property
    def rest_rate(self) -> float | None:
        """The share in the rest."""
        return self.rest_k / self.rest_n if self.rest_n else None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose history is looked at."""

    #: All that is known of the team.
    team: History
    #: What is to be looked at: the team's, or one person's own part of it.
    own: History
    #: That person, by their place in `team.people`; `None`: the team as such.
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """One question; a file in `coach/patterns`, found by its name."""

    #: What it is called where it is listed: “Deals by source”.
    called: Phrase
    #: What it asks, in one sentence.
    question: Phrase
    whose: Whose
    least: Least
    #: Everything there is to look at, be it too little to tell.
    look: Callable[[Scope], Sequence[Looked]]
    #: What is said of it; `own`: to the one person whose it is, else to a whole team.
    words: Callable[[Looked, bool], Phrase]
    #: What the group and the rest are called beside their pictures, where the group's name and “all
    #: others” do not say it.
    sides: Callable[[Looked], tuple[Phrase, Phrase]] | None = None


def load_patterns() -> dict[str, Pattern]:
    """Every pattern by its file's name."""
    return plugins.load(coach.patterns, "PATTERN", Pattern)
