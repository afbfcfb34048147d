"""What of a person is due with a time rule: since the coach knows of it, and as backlog."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.coaching.checking import moment
from coach.keys import kind_of, subject_key
from coach.knowledge import Known
from coach.models import Person, Subject
from coach.repetition import WEEK
from coach.rule import TimeRule
from storage import checks
from storage.checks import Due, Key
from storage.database import Tx

#: Things of one person that a rule is shown; of more it hears the number.
SHOWN = 1000

NOTHING = Due([], 0)


@dataclass(frozen=True, slots=True)
class Found:
    """What is due with a rule, by person."""

    #: What came up since the coach knows of it.
    news: Mapping[str, Due]
    #: What was so before, of those who were asked for.
    old: Mapping[str, Due]

    @property
    def people(self) -> set[str]:
        """Those of whom anything is due."""
        return {*self.news, *self.old}

    @property
    def subjects(self) -> list[Subject]:
        """All of it."""
        found = (*self.news.values(), *self.old.values())
        return [subject for each in found for subject in each.subjects]


async def due_with(
    tx: Tx,
    workspace_id: str,
    name: str,
    rule: TimeRule,
    person_ids: Collection[str],
    now: datetime,
    *,
    told: Collection[str],
) -> Found:
    """What is due with a rule: what was so before only of those who are `told` of it now.

    A rule that lists is shown that of all others too of whom anything else is due.
    """

    async def due(ids: Collection[str], *, old: bool) -> dict[str, Due]:
        return await checks.due(
            tx, workspace_id, name, rule.kind, ids, now, most=SHOWN, old=old,
            largest_first=rule.largest_first, latest_first=rule.latest_first,
        )  # fmt: skip

    news = await due(person_ids, old=False)
    return Found(news, await due({*told, *(news if rule.lists else ())}, old=True))


@dataclass(frozen=True, slots=True)
class Sorted:
    """What of a person's is due in truth, and what only seemed so."""

    due: Due
    gone: list[Key]
    later: list[tuple[Key, datetime, str | None]]


def in_truth(
    name: str,
    rule: TimeRule,
    found: Due,
    whom: Mapping[str, Person],
    known: Mapping[str, Known],
    silent: Mapping[str, datetime],
    now: datetime,
) -> Sorted:
    """Ask again of each thing when it is due: a version that did not know the rule said "now".

    Of what is `silent`, by `subject_key`, nothing is said before that time. It is asked about each
    week all the same: what has silenced it may be settled by then.
    """
    truly: list[Subject] = []
    gone: list[Key] = []
    later: list[tuple[Key, datetime, str | None]] = []
    for subject in found.subjects:
        when = moment(rule, subject, whom, known, now)
        if when.at is None:
            gone.append(key_of(name, subject))
        elif when.at > now:
            later.append((key_of(name, subject), when.at, when.error))
        elif (until := silent.get(subject_key(subject))) and until > now:
            later.append((key_of(name, subject), min(until, now + WEEK), None))
        else:
            truly.append(subject)
    return Sorted(Due(truly, found.count - len(gone) - len(later)), gone, later)


def key_of(name: str, subject: Subject) -> Key:
    """Which check a rule has with a thing."""
    return Key(name, kind_of(subject), subject.connection_id, subject.id)


def all_of(news: Due, old: Due) -> Due:
    """All that is due."""
    return Due([*news.subjects, *old.subjects], news.count + old.count)
