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

from coach.knowledge import USUAL_STAYS, Answered, Known, Place, Usual
from coach.models import Deal

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


def usual_answer(counts: Mapping[int, int]) -> Answered | None:
    """Within how many minutes nine of ten leads that were won had been contacted.

    `counts` are how many took so many minutes; `None`: they are too few.
    """
    leads = sum(counts.values())
    if leads < ENOUGH:
        return None
    so_far = 0
    for minutes, count in sorted(counts.items()):
        so_far += count
        if so_far * 10 >= leads * OF_TEN:
            return Answered(minutes, leads)
    raise AssertionError("All of them are nine of ten.")


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
