"""The words for shares: counts, percent and interval, so that everybody can see how sure it is."""

from coach.chances import wilson
from coach.pattern import Looked
from coach.phrases import Phrase, counted, say


def percent(share: float) -> int:
    """A share in whole percent; one that is neither none nor all is never shown as such."""
    whole = round(share * 100)
    if whole == 0 and share > 0:
        return 1
    return 99 if whole == 100 and share < 1 else whole


def share(looked: Looked, came: Phrase) -> Phrase:
    """The group: “12 of 31 won (39 %, likely 24–56 %)”; `came` says what came true of it."""
    low, high = wilson(looked.k, looked.n)
    return say(
        "{yes} of {all} {came} ({rate} %, likely {low}–{high} %)",
        yes=looked.k,
        all=looked.n,
        came=came,
        rate=percent(looked.k / looked.n) if looked.n else 0,
        low=percent(low),
        high=percent(high),
    )


def rest(looked: Looked) -> Phrase:
    """All others: “41 of 210 (20 %)”."""
    return say(
        "{yes} of {all} ({rate} %)",
        yes=looked.rest_k,
        all=looked.rest_n,
        rate=percent(looked.rest_k / looked.rest_n) if looked.rest_n else 0,
    )


def won(looked: Looked) -> Phrase:
    """A share of deals that were won; where losses are not told, within how many days."""
    if "within" not in looked.numbers:
        return share(looked, say("won"))
    within = looked.numbers["within"]
    return share(
        looked,
        counted("won within {within} day", "won within {within} days", "within", within=within),
    )
