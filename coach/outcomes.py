"""What became of deals: which of them are counted, which were won, and what is compared with what.

Where losses are told, deals that are decided are counted, and compared with those decided in the
same month: in many a team most losses are written down long after the wins. Where only wins are
told, nothing says when a deal is lost; there all deals are counted that are old enough for nine of
ten wins to have come, and compared with those that came in the same month.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from coach.arrays import Bools, Floats
from coach.columns import DAY, LOST, NEVER, OPEN, WON, Deals, month
from coach.comparing import Cases
from coach.durations import spread

#: A team whose losses are fewer than one in so many decisions does not tell them.
ONE_IN = 20

#: Wins by which it can be told how long one takes.
ENOUGH = 20

#: Wins that come within the time a deal is given, where only wins are told.
MOST_WINS = 0.9


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The deals that are counted, among all; and the cases they make."""

    which: Bools
    cases: Cases
    #: `within`: where only wins are told, the days in which a deal is to be won to count as won.
    numbers: Mapping[str, int] = field(default_factory=dict)


def outcomes(deals: Deals, now: int) -> Outcomes | None:
    """What became of these deals by now; `None`: nobody can tell."""
    import numpy as np

    decided = (deals.status != OPEN) & (deals.closed != NEVER)
    lost = int((deals.status == LOST).sum())
    if lost * ONE_IN >= int((deals.status != OPEN).sum()):
        if not decided.any():
            return None
        closed = deals.closed[decided]
        won = deals.status[decided] == WON
        return Outcomes(decided, Cases(won, closed, deals.owner[decided], month(closed)))
    days = lasted(deals)
    won = (deals.status == WON) & ~np.isnan(days)
    if int(won.sum()) < ENOUGH:
        return None
    within = int(np.ceil(spread(days[won], MOST_WINS)))
    return won_within(deals, within, now)


def won_within(deals: Deals, days: int, now: int) -> Outcomes:
    """All deals that have had so many days' time, and which of them were won within it."""
    import numpy as np

    old_enough = (deals.created != NEVER) & (deals.created + days * DAY <= now)
    in_time = np.nan_to_num(lasted(deals), nan=np.inf) <= days
    created = deals.created[old_enough]
    cases = Cases(
        ((deals.status == WON) & in_time)[old_enough],
        created,
        deals.owner[old_enough],
        month(created),
    )
    return Outcomes(old_enough, cases, {"within": days})


def lasted(deals: Deals) -> Floats:
    """How many days each took until it was decided; not a number where that is not known.

    One that was closed before it was created has no length that could be told.
    """
    import numpy as np

    known = (deals.created != NEVER) & (deals.closed != NEVER) & (deals.closed >= deals.created)
    days = np.full(len(deals.created), np.nan)
    days[known] = (deals.closed[known] - deals.created[known]) / DAY
    days[deals.status == OPEN] = np.nan
    return days


def so_far(deals: Deals, now: int) -> Floats:
    """The same, and of open ones how long they have taken by now."""
    import numpy as np

    open_ = (deals.status == OPEN) & (deals.created != NEVER)
    return np.where(open_, (now - deals.created) / DAY, lasted(deals))
