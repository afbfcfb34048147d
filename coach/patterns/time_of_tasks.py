"""In which part of the working day somebody finishes their tasks."""

from collections.abc import Sequence

from coach.arrays import Bools, Ints
from coach.columns import DAY, HOUR, NEVER, Coded, has_hour
from coach.comparing import Cases, beside_the_rest
from coach.local_time import local, parts_of_day, working_days
from coach.models import Person
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, say
from coach.saying_shares import rest, share

#: How many tasks must have been finished, and over how many weeks.
TASKS, WEEKS = 30, 3

#: The working day in so many equal parts.
PARTS = 3

#: What is longer ago does not count: people change their days.
LONGEST = 365

LEAST = Least(more_only=True)


def look(scope: Scope) -> Sequence[Looked]:
    """Each part of the day beside the others, on days of work on which a task was open then.

    A part of a day counts once, however many tasks were finished in it: who ticks off ten at a time
    has not worked ten times. The parts of one day are compared with each other alone.
    """
    import numpy as np

    if scope.owner is None:
        return []
    tasks, person = scope.own.tasks, scope.team.people[scope.owner]
    known = (tasks.created != NEVER) & (
        (tasks.completed == NEVER)
        | (has_hour(tasks.completed) & (tasks.completed >= tasks.created))
    )
    done = known & (tasks.completed != NEVER)
    now = int(local(np.asarray([scope.team.now]), person)[0])
    created = local(tasks.created[known], person)
    completed = local(tasks.completed[done], person)
    completed = completed[completed > now - LONGEST * DAY]
    weeks = len(np.unique(completed // (7 * DAY)))
    if len(completed) < TASKS or weeks < WEEKS:
        return []
    first = max(int(completed.min()) // DAY, now // DAY - LONGEST)
    days = working_days(first, now // DAY - 1, person)
    gone = np.sort(local(tasks.completed[done], person))
    parts = parts_of_day(person, PARTS)
    return _beside(scope.owner, person, days, parts, np.sort(created), gone)


def _beside(
    owner: int,
    person: Person,
    days: Ints,
    parts: Sequence[tuple[int, int]],
    created: Ints,
    gone: Ints,
) -> list[Looked]:
    import numpy as np

    open_then: list[Bools] = []
    finished: list[Bools] = []
    for begin, end in parts:
        since, until = days * DAY + begin, days * DAY + end
        over_before = np.searchsorted(gone, since)
        open_then.append(np.searchsorted(created, until) > over_before)
        finished.append(np.searchsorted(gone, until) > over_before)
    which = np.concatenate(open_then)
    place = np.repeat(np.arange(len(parts)), len(days))[which]
    day = np.tile(days, len(parts))[which]
    cases = Cases(np.concatenate(finished)[which], day, np.full(len(day), owner), day)
    names = [f"{_clock(begin)}–{_clock(end)}" for begin, end in parts]
    return beside_the_rest(cases, Coded(place, names), LEAST)


def _clock(since_midnight: int) -> str:
    minutes = since_midnight // (HOUR // 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def words(looked: Looked, own: bool) -> Phrase:
    """That part of the day beside the others."""
    its = share(looked, say("days"))
    return say(
        "From {part} you finished tasks on {its}; in your other hours of work, on {others}.",
        part=looked.group,
        its=its,
        others=rest(looked),
    )


PATTERN = Pattern(
    called=say("Time for tasks"),
    question=say("Is there a part of the day in which you finish more of your tasks?"),
    whose=Whose.PERSON,
    least=LEAST,
    look=look,
    words=words,
)
