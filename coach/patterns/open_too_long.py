"""Open deals that are older than any deal has ever been when it was decided."""

from collections.abc import Sequence

from coach.arrays import Floats
from coach.chances import all_at_the_end
from coach.columns import DAY, NEVER, NOBODY, OPEN, Deals
from coach.gate import PEOPLE
from coach.old_deals import said
from coach.outcomes import lasted, so_far
from coach.pattern import Least, Looked, Pattern, Scope, Whose
from coach.phrases import Phrase, say

#: Fewer old ones are seen to one by one.
LEAST = Least(count=5, rest=100, apart=0.1)

#: The record must go back so many times as far as the longest deal took, or it may only show none
#: that took longer.
RECORD = 2


def look(scope: Scope) -> Sequence[Looked]:
    """How many of a person's open deals are older than that.

    Compared with the whole team, where it is large enough to be spoken of. Were open deals like the
    others, how likely would it be that the longest of all are all open?
    """
    import numpy as np

    mine, team, now = scope.own.deals, scope.team.deals, scope.team.now
    owners = np.unique(team.owner[(team.status != OPEN) & (team.owner != NOBODY)])
    own_only = len(owners) < PEOPLE
    deals = mine if own_only else team
    took = lasted(deals)
    decided = ~np.isnan(took)
    if not decided.any():
        return []
    # In whole days, as they are told: a date without an hour is half a day off.
    longest = np.ceil(took[decided].max())
    ages = _ages(mine, now)
    n, k = int((mine.status == OPEN).sum()), int((ages > longest).sum())
    if not k:
        return []
    count = int(decided.sum())
    record = (now - int(deals.closed[decided].min())) / DAY
    early = deals.closed[decided] <= np.median(deals.closed[decided])
    halves = tuple(
        float((ages > took[decided][half].max(initial=0)).sum() / n) for half in (early, ~early)
    )
    return [
        Looked(
            "",
            n,
            k,
            count,
            0,
            p=all_at_the_end(count, len(ages), k) if record >= RECORD * longest else None,
            apart=k / n,
            halves=(halves[0], halves[1]),
            is_fact=True,
            people=0 if own_only else len(owners),
            numbers={"days": int(longest), "own": int(own_only)},
        )
    ]


def _ages(deals: Deals, now: int) -> Floats:
    """The ages of open deals, in whole days; of those whose beginning is known."""
    import numpy as np

    which = (deals.status == OPEN) & (deals.created != NEVER)
    ages: Floats = np.floor(so_far(deals, now)[which])
    return ages


def words(looked: Looked, own: bool) -> Phrase:
    """How many, and how long any deal took at most."""
    numbers = looked.numbers
    return said(looked.k, looked.n, numbers["days"], looked.rest_n, own=bool(numbers["own"]))


PATTERN = Pattern(
    called=say("Open for too long"),
    question=say("Which of your open deals are older than any that was ever decided?"),
    whose=Whose.PERSON,
    least=LEAST,
    look=look,
    words=words,
)
