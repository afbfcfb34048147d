"""How long deals take until they are decided, those that are still open counted."""

from collections.abc import Sequence

from coach.columns import NEVER, NOBODY, OPEN, WON, Deals
from coach.durations import spread, survival
from coach.outcomes import ENOUGH, lasted, so_far
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, say

LEAST = Least(rest=0)

#: How much longer half of all take than half of those decided: less is no news.
NEWS = 1.25


def look(scope: Scope) -> Sequence[Looked]:
    """In how many days half of all are decided, where it is much more than the decided ones show.

    An estimate with its interval: it is compared with nothing, and so not tested against chance.
    """
    import numpy as np

    deals, now = scope.own.deals, scope.team.now
    known = (deals.created != NEVER) & ((deals.status == OPEN) | ~np.isnan(lasted(deals)))
    deals = deals.only(known)
    wins = lasted(deals)[deals.status == WON]
    decided = lasted(deals)[deals.status != OPEN]
    whole = _half(deals, now)
    if len(wins) < ENOUGH or len(decided) < ENOUGH or whole is None:
        return []
    curve = survival(so_far(deals, now), deals.status != OPEN)
    low, high = curve.interval(0.5)
    early = deals.created <= np.median(deals.created)
    looked = Looked(
        "",
        len(deals.created),
        len(decided),
        len(wins),
        apart=_longer(deals, now),
        halves=(_longer(deals.only(early), now), _longer(deals.only(~early), now)),
        likely=(low or 0.0, high if high is not None else float("inf")),
        people=len(np.unique(deals.owner[deals.owner != NOBODY])),
        one_persons=_one_persons(deals),
        numbers={
            "half": round(whole),
            "decided": round(spread(decided, 0.5)),
            "won": int(np.ceil(spread(wins, 0.9))),
        },
    )
    return [looked] if whole >= NEWS * spread(decided, 0.5) else []


def _one_persons(deals: Deals) -> float:
    import numpy as np

    counts = np.bincount(deals.owner + 1)[1:]
    return float(counts.max(initial=0) / max(len(deals.owner), 1))


def _longer(deals: Deals, now: int) -> float | None:
    """How many days longer half of all take than half of the decided ones."""
    whole, decided = _half(deals, now), lasted(deals)[deals.status != OPEN]
    return None if whole is None or not len(decided) else whole - spread(decided, 0.5)


def _half(deals: Deals, now: int) -> float | None:
    if not len(deals.created):
        return None
    return survival(so_far(deals, now), deals.status != OPEN).quantile(0.5)


def words(looked: Looked, own: bool) -> Phrase:
    """Half of all, what the decided ones alone would show, and nine of ten wins."""
    numbers = looked.numbers
    if own:
        return say(
            "Half your deals take over {half} days until they are decided, open ones counted; of "
            "the {count} decided when this was counted, half took up to {decided} days. {nine} of "
            "10 wins came within {won} days.",
            half=numbers["half"],
            count=looked.k,
            decided=numbers["decided"],
            nine=9,
            won=numbers["won"],
        )
    return say(
        "Half your team's deals take over {half} days until they are decided, open ones counted; "
        "of the {count} decided when this was counted, half took up to {decided} days. {nine} of "
        "10 wins came within {won} days.",
        half=numbers["half"],
        count=looked.k,
        decided=numbers["decided"],
        nine=9,
        won=numbers["won"],
    )


PATTERN = Pattern(
    called=say("Time until decided"),
    question=say("How long do deals really take, those that are still open counted?"),
    whose=Whose.TEAM,
    least=LEAST,
    look=look,
    words=words,
)
