"""Whether large deals take longer than small ones until they are decided."""

from collections.abc import Sequence

from coach.columns import DAY, NEVER, NOBODY, OPEN, Coded, Deals, month
from coach.comparing import Cases, beside_the_rest
from coach.durations import survival
from coach.outcomes import lasted, so_far
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, counted, say
from coach.saying_shares import rest, share

LEAST = Least()

#: Deals are put into so many bands with as many deals in each.
BANDS = 3

#: What part of the deals must have a value, open ones and decided ones alike: where it is written
#: down at the end only, those that take long are the ones without.
VALUED = 0.9

NAMES = ("small", "medium", "large")


def look(scope: Scope) -> Sequence[Looked]:
    """Each band beside the others: how many are decided by when half of all are, open ones counted.

    Only deals that have had that time are counted, and compared with those that came in the same
    month; and only those in the currency that most are in.
    """
    import numpy as np

    deals = _one_currency(scope.own.deals)
    began = (deals.created != NEVER) & ((deals.status == OPEN) | ~np.isnan(lasted(deals)))
    deals = deals.only(began)
    has_value = ~np.isnan(deals.value) & (deals.value > 0)
    is_open = deals.status == OPEN
    for which in (is_open, ~is_open):
        if which.any() and has_value[which].mean() < VALUED:
            return []
    deals = deals.only(has_value)
    days = so_far(deals, scope.team.now)
    median = survival(days, deals.status != OPEN).quantile(0.5) if len(days) else None
    if median is None or median < 1:
        return []
    within = int(np.ceil(median))
    old_enough = deals.created + within * DAY <= scope.team.now
    counted_, took = deals.only(old_enough), days[old_enough]
    if not old_enough.any():
        return []
    low, high = np.quantile(counted_.value, [1 / BANDS, 1 - 1 / BANDS])
    band = np.where(counted_.value <= low, 0, np.where(counted_.value <= high, 1, 2))
    decided = (counted_.status != OPEN) & (took <= within)
    stratum = month(counted_.created)
    cases = Cases(decided, counted_.created, counted_.owner, stratum)
    told = {"within": within, "low": int(low), "high": int(high)}
    # What lies between is told of by the two around it.
    found = beside_the_rest(cases, Coded(band.astype(np.int64), NAMES), LEAST, told)
    return [each for each in found if each.group != NAMES[1]]


def _one_currency(deals: Deals) -> Deals:
    """Amounts of different currencies are not compared."""
    import numpy as np

    currency = deals.fields.get("currency")
    if currency is None or not (currency.codes != NOBODY).any():
        return deals
    most = int(np.bincount(currency.codes[currency.codes != NOBODY]).argmax())
    return deals.only((currency.codes == most) | (currency.codes == NOBODY))


def words(looked: Looked, own: bool) -> Phrase:
    """That band beside the others."""
    within = looked.numbers["within"]
    its = share(
        looked,
        counted(
            "decided within {within} day",
            "decided within {within} days",
            "within",
            within=within,
        ),
    )
    others = rest(looked)
    if looked.group == NAMES[2]:
        worth = looked.numbers["high"]
        if own:
            return say(
                "Your deals worth more than {worth}: {its}; smaller ones: {others}.",
                worth=worth,
                its=its,
                others=others,
            )
        return say(
            "Your team's deals worth more than {worth}: {its}; smaller ones: {others}.",
            worth=worth,
            its=its,
            others=others,
        )
    worth = looked.numbers["low"]
    if own:
        return say(
            "Your deals worth {worth} or less: {its}; larger ones: {others}.",
            worth=worth,
            its=its,
            others=others,
        )
    return say(
        "Your team's deals worth {worth} or less: {its}; larger ones: {others}.",
        worth=worth,
        its=its,
        others=others,
    )


def sides(looked: Looked) -> tuple[Phrase, Phrase]:
    """That band, and the others."""
    if looked.group == NAMES[2]:
        worth = looked.numbers["high"]
        return say("worth more than {worth}", worth=worth), say("smaller ones")
    return say("worth {worth} or less", worth=looked.numbers["low"]), say("larger ones")


PATTERN = Pattern(
    called=say("Size and time"),
    question=say("Do large deals take longer until they are decided, or small ones?"),
    whose=Whose.TEAM,
    least=LEAST,
    look=look,
    words=words,
    sides=sides,
)
