"""What was put before a person of late, and what follows from how they answered it."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coach.calendar import local_date
from coach.models import Dismissed, InsightState, Person
from coach.repetition import WEEK

#: How far back it matters.
MEMORY = timedelta(days=60)

#: A kind left unanswered on so many days in a row steps back into the digest, and one that was
#: sent away so often in a row.
STEP_BACK, SENT_AWAY = 5, 6

#: One called not relevant so often in a row comes in the digest, and then is muted.
TO_DIGEST, TO_MUTE = 3, 6

#: One that has gone unanswered in so many digests in a row after that is asked about.
DIGESTS = 3


#: Stands for the kind of message where the person has said that they want to go on hearing of it.
ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Said:
    """One time at which an insight was put before the person."""

    rule: str
    subject: str
    said_at: datetime
    #: The kind of message: `card`, `brief`, `digest` or `backlog`.
    by: str
    state: InsightState
    #: Why it was sent away, where the person said so.
    dismissed_as: Dismissed | None = None
    #: Whether the person has put it off since, or has done some of it: it is open, but answered.
    answered: bool = False
    #: Whether the same insight was said again later: how it was answered counts once.
    again: bool = False

    @property
    def is_left(self) -> bool:
        """Whether it was left standing, be it until its time was up."""
        if self.by == ANSWERED or self.answered:
            return False
        return self.state in {InsightState.OPEN, InsightState.EXPIRED}

    @property
    def is_unanswered(self) -> bool:
        """Whether that is a sign that it is not wanted.

        A backlog is told of once, and nobody is asked to work it off.
        """
        return self.is_left and self.by != "backlog"


@dataclass(frozen=True, slots=True)
class Mute:
    """What a person wants to hear nothing of: `rule:stuck_deals`, or a thing's `subject_key`."""

    what: str
    #: `None`: for good.
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What attention goes by besides what is open."""

    #: How many messages of advice they have got today, by their own clock.
    today: int = 0
    #: How often a subject was said within a week and not answered, by rule and subject.
    unanswered: Mapping[tuple[str, str], int] = field(default_factory=dict)
    #: Rules that have stepped back: what they say comes in the digest.
    stepped_back: frozenset[str] = frozenset()
    #: How often in a row each rule was called not relevant.
    not_relevant: Mapping[str, int] = field(default_factory=dict)
    #: Those that have stepped back to ask about, whether to go on.
    tired: frozenset[str] = frozenset()
    mutes: Collection[Mute] = ()


def looked_back(
    person: Person, said: Sequence[Said], mutes: Collection[Mute], now: datetime
) -> Past:
    """What follows from all that was said to a person of late."""
    today = local_date(now, person)
    messages = {
        (each.by, each.said_at) for each in said if local_date(each.said_at, person) == today
    }
    unanswered: dict[tuple[str, str], int] = defaultdict(int)
    for each in said:
        if each.is_left and each.said_at > now - WEEK:
            unanswered[each.rule, each.subject] += 1
    by_rule: dict[str, list[Said]] = defaultdict(list)
    for each in sorted(said, key=lambda each: each.said_at, reverse=True):
        by_rule[each.rule].append(each)
    stepped_back = {
        rule
        for rule, its in by_rule.items()
        if len(_days(person, _run(its, today, person))) >= STEP_BACK or _sent_away(its) >= SENT_AWAY
    }
    tired = {
        rule
        for rule in stepped_back
        if len(
            _days(
                person,
                [each for each in _run(by_rule[rule], today, person) if each.by == "digest"],
            )
        )
        >= DIGESTS
    }
    not_relevant = {rule: count for rule, its in by_rule.items() if (count := _not_relevant(its))}
    return Past(
        len(messages),
        unanswered,
        frozenset(stepped_back),
        not_relevant,
        frozenset(tired),
        mutes,
    )


def _run(newest_first: Sequence[Said], today: object, person: Person) -> list[Said]:
    """What has gone unanswered since anything of the kind was answered, the oldest first.

    Today is not over yet.
    """
    run: list[Said] = []
    for each in reversed(newest_first):
        if each.is_unanswered:
            run.append(each)
        elif each.state is not InsightState.RESOLVED or len(_days(person, run)) < STEP_BACK:
            run = []
        # What settles itself is no answer once the kind has stepped back.
    return [each for each in run if local_date(each.said_at, person) != today]


def _days(person: Person, said: Sequence[Said]) -> set[object]:
    return {local_date(each.said_at, person) for each in said}


#: To say that it is done is no sign that it was not wanted.
_DONE = Dismissed.ALREADY_DONE


def _sent_away(newest_first: Sequence[Said]) -> int:
    count = 0
    for each in newest_first:
        if each.state is not InsightState.DISMISSED or each.dismissed_as is _DONE:
            break
        count += not each.again
    return count


def _not_relevant(newest_first: Sequence[Said]) -> int:
    """How often in a row it was called that: until one was taken, or sent away for another reason.

    What was left without an answer, or without a reason, neither counts nor ends it.
    """
    count = 0
    for each in newest_first:
        if each.dismissed_as is Dismissed.NOT_RELEVANT:
            count += not each.again
        elif each.state is InsightState.TAKEN or each.dismissed_as is not None:
            break
    return count
