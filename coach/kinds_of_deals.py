"""Deals by what the CRM says of them, such as where they came from: how many of each were won."""

from coach.columns import Coded
from coach.comparing import beside_the_rest
from coach.outcomes import outcomes
from coach.pattern import Least, Looked, Scope


def won_by(field: str, scope: Scope, least: Least) -> list[Looked]:
    """Each kind beside all others; nothing where the CRM has no such field or tells of no ends."""
    deals = scope.own.deals
    kinds = deals.fields.get(field)
    ends = outcomes(deals, scope.team.now)
    if kinds is None or ends is None:
        return []
    here = Coded(kinds.codes[ends.which], kinds.names)
    return beside_the_rest(ends.cases, here, least, ends.numbers)
