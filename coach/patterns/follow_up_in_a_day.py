"""Whether a follow-up task was made within a day after a deal came, and what became of it."""

from collections.abc import Sequence

from coach.arrays import Bools
from coach.columns import DAY, NEVER, WON, Deals
from coach.comparing import first_of_two
from coach.durations import spread
from coach.outcomes import lasted, outcomes, won_within
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, say
from coach.saying_shares import rest, won

LEAST = Least(count=15, rest=15)

WON_MORE, WON_SOONER = "won", "won soon"


def look(scope: Scope) -> Sequence[Looked]:
    """Deals with such a task beside those without: how many were won, and how many soon.

    Only deals are counted that were open for that day.
    """
    import numpy as np

    deals = scope.own.deals
    took = deals.closed - deals.created
    a_day = (deals.created != NEVER) & ((deals.closed == NEVER) | (took > DAY))
    deals = deals.only(a_day)
    if not (deals.followed != NEVER).any():
        # The CRM ties no tasks to deals: nothing can be told.
        return []
    found: list[Looked] = []
    ends = outcomes(deals, scope.team.now)
    if ends is not None:
        soon = _in_a_day(deals.only(ends.which))
        found += first_of_two(ends.cases, soon, LEAST, WON_MORE, ends.numbers)
    days = lasted(deals)
    wins = (deals.status == WON) & ~np.isnan(days)
    if int(wins.sum()) >= LEAST.count:
        half = max(int(np.ceil(spread(days[wins], 0.5))), 1)
        early = won_within(deals, half, scope.team.now)
        soon = _in_a_day(deals.only(early.which))
        found += first_of_two(early.cases, soon, LEAST, WON_SOONER, early.numbers)
    return found


def _in_a_day(deals: Deals) -> Bools:
    soon: Bools = (deals.followed != NEVER) & (deals.followed - deals.created <= DAY)
    return soon


def words(looked: Looked, own: bool) -> Phrase:
    """Those with a follow-up beside the others."""
    its, others = won(looked), rest(looked)
    if own:
        return say(
            "Your deals with a follow-up task within 24 hours: {its}; without one: {others}.",
            its=its,
            others=others,
        )
    return say(
        "Your team's deals with a follow-up task within 24 hours: {its}; without one: {others}.",
        its=its,
        others=others,
    )


def sides(looked: Looked) -> tuple[Phrase, Phrase]:
    """With such a task and without."""
    return say("with a follow-up within 24 hours"), say("without one")


PATTERN = Pattern(
    called=say("Follow-up within a day"),
    question=say("Are deals won more often, or sooner, that get a follow-up task within a day?"),
    whose=Whose.TEAM,
    least=LEAST,
    look=look,
    words=words,
    sides=sides,
)
