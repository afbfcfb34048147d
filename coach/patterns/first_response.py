"""How soon somebody got in touch after a deal came, and whether it was won."""

from collections.abc import Sequence

from coach.arrays import Bools, Floats, Ints
from coach.columns import NEVER, NOBODY, Deals, has_hour
from coach.comparing import first_of_two
from coach.local_time import working_hours
from coach.outcomes import outcomes
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, counted, say
from coach.saying_shares import rest, won

LEAST = Least(count=15, rest=15)

#: Within so many working hours: at once, and on the same working day.
SOON = (1, 8)


def look(scope: Scope) -> Sequence[Looked]:
    """Deals whose contact was reached so soon, beside those where it took longer or never was.

    Only deals are counted that were open for as long: one that was decided before could not have
    been answered in time. They are compared with those of the same source.
    """
    import numpy as np

    deals = scope.own.deals
    deals = deals.only(deals.with_contact & has_hour(deals.created) & (deals.owner != NOBODY))
    ends = outcomes(deals, scope.team.now)
    if ends is None:
        return []
    counted_ = deals.only(ends.which)
    until_contact = _waited(scope, counted_, counted_.contacted)
    until_closed = _waited(scope, counted_, counted_.closed)
    found: list[Looked] = []
    for hours in SOON:
        open_by_then = np.isnan(until_closed) | (until_closed > hours)
        cases = ends.cases.only(open_by_then)
        source = counted_.fields.get("source")
        if source is not None:
            strata = _paired(cases.stratum, source.codes[open_by_then])
            cases = type(cases)(cases.yes, cases.at, cases.owner, strata)
        soon = until_contact[open_by_then] <= hours
        told = {"hours": hours, **ends.numbers}
        found += first_of_two(cases, soon, LEAST, f"within {hours} h", told)
    return found


def _paired(one: Ints, other: Ints) -> Ints:
    return one * (int(other.max(initial=0)) + 2) + other + 1


def _waited(scope: Scope, deals: Deals, until: Ints) -> Floats:
    """The working hours from each deal's creation until then; not a number where it never came."""
    import numpy as np

    hours = np.full(len(until), np.nan)
    came: Bools = (until != NEVER) & (until >= deals.created)
    places = np.nonzero(came)[0]
    # One piece for each owner.
    places = places[np.argsort(deals.owner[places], kind="stable")]
    owners, begins = np.unique(deals.owner[places], return_index=True)
    for owner, mine in zip(owners.tolist(), np.split(places, begins[1:]), strict=False):
        person = scope.team.people[owner]
        hours[mine] = working_hours(deals.created[mine], until[mine], person)
    return hours


def words(looked: Looked, own: bool) -> Phrase:
    """Those answered soon beside the others."""
    its, others = won(looked), rest(looked)
    hours = looked.numbers["hours"]
    if own:
        return counted(
            "Your deals whose contact heard from you within {hours} working hour: {its}; "
            "later or not at all: {others}.",
            "Your deals whose contact heard from you within {hours} working hours: {its}; "
            "later or not at all: {others}.",
            "hours",
            hours=hours,
            its=its,
            others=others,
        )
    return counted(
        "Your team's deals whose contact heard from you within {hours} working hour: {its}; "
        "later or not at all: {others}.",
        "Your team's deals whose contact heard from you within {hours} working hours: {its}; "
        "later or not at all: {others}.",
        "hours",
        hours=hours,
        its=its,
        others=others,
    )


def sides(looked: Looked) -> tuple[Phrase, Phrase]:
    """Soon, and later."""
    soon = counted(
        "contacted within {hours} working hour",
        "contacted within {hours} working hours",
        "hours",
        hours=looked.numbers["hours"],
    )
    return soon, say("later or not at all")


PATTERN = Pattern(
    called=say("First response"),
    question=say("Are deals won more often whose contact hears from you soon?"),
    whose=Whose.TEAM,
    least=LEAST,
    look=look,
    words=words,
    sides=sides,
)
