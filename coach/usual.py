"""What is usual with a team, learned from what it has won.

How long its deals stayed in a stage, and how soon its leads were contacted.

Deals that are open still count as well: for as long as they have stayed so far, nobody knows how
much longer (Kaplan and Meier). Won and lost are two ways to leave, of which one precludes the other
(Aalen and Johansen). Without the open ones a team that closes its quick deals first would seem
faster than it is.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from coach.calendar import working_time
from coach.knowledge import USUAL_STAYS, Answered, Known, Place, Usual
from coach.models import Deal, Person

#: From so many deals on that were won, something is said of a stage.
ENOUGH = 20

#: Of ten deals that were won, so many had left the stage by then.
OF_TEN = 9

#: What is less is the error of adding numbers up.
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Stays:
    """So many deals that stayed for so many days, by what became of them."""

    days: int
    won: int = 0
    lost: int = 0
    #: Open still: they stayed at least so long.
    open: int = 0


#: Who has waited for longer has waited too long, however much it is.
LONGEST = timedelta(days=90)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wait:
    """A lead that was won: whose it is, when it came, and when somebody was first in touch."""

    person_id: str
    came_at: datetime
    contacted_at: datetime

    @property
    def is_known(self) -> bool:
        """Whether it is a wait, and how long is known.

        Who was entered when they were called has not waited, and where days alone are known nobody
        knows how long.
        """
        took = self.contacted_at - self.came_at
        return took > timedelta() and took % DAY != timedelta()


def usual_stay(stays: Iterable[Stays]) -> Usual | None:
    """Within how many days nine of ten deals that are won leave a stage; `None`: too few were won.

    Whoever leaves on a day has been there with all that are counted for this day.
    """
    by_day = _by_day(stays)
    won = sum(each.won for each in by_day.values())
    if won < ENOUGH:
        return None
    there = sum(each.won + each.lost + each.open for each in by_day.values())
    staying, left = 1.0, 0.0
    by_then: list[tuple[int, float]] = []
    for days, each in sorted(by_day.items()):
        left += staying * each.won / there
        staying *= 1 - (each.won + each.lost) / there
        there -= each.won + each.lost + each.open
        by_then.append((days, left))
    needed = left * OF_TEN / 10 - _LEAST
    days = next(days for days, share in by_then if share >= needed)
    # “Within 0 days” is no time to go by.
    return Usual(max(days, 1), won)


def usual_answer(waits: Iterable[Wait], people: Mapping[str, Person]) -> Answered | None:
    """Within how much working time nine of ten leads that were won had been contacted.

    Each by the working hours of whose it is, by their ids; `None`: they are too few.
    """
    took = sorted(
        _worked(each, person)
        for each in waits
        if (person := people.get(each.person_id))
        if each.is_known
    )
    if len(took) < ENOUGH:
        return None
    needed = -(-len(took) * OF_TEN // 10)
    return Answered(took[needed - 1], len(took))


def _worked(each: Wait, person: Person) -> int:
    """The minutes of working time for which a lead has waited; one that was begun is a minute."""
    until = min(each.contacted_at, each.came_at + LONGEST)
    return max(-(-working_time(each.came_at, until, person) // MINUTE), 1)


def _by_day(stays: Iterable[Stays]) -> Mapping[int, Stays]:
    found: dict[int, Stays] = defaultdict(lambda: Stays(0))
    for each in stays:
        days = max(each.days, 0)
        so_far = found[days]
        found[days] = Stays(
            days, so_far.won + each.won, so_far.lost + each.lost, so_far.open + each.open
        )
    return {days: each for days, each in found.items() if each.won + each.lost + each.open}


def of_stage(deal: Deal, known: Known) -> Usual | None:
    """What is usual in the stage that a deal is in; `None` where that is not known."""
    if deal.stage is None:
        return None
    return known[USUAL_STAYS].get(Place(deal.connection_id, deal.pipeline or "", deal.stage))
