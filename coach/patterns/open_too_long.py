"""Open deals that are older than any deal has ever been when it was decided."""

from collections.abc import Sequence

from coach.arrays import Ints
from coach.chances import all_at_the_end
from coach.columns import DAY, NEVER, NOBODY, OPEN, Deals
from coach.gate import PEOPLE
from coach.local_time import local
from coach.models import Person
from coach.old_deals import said
from coach.outcomes import lasted
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
    decided = ~np.isnan(lasted(deals))
    if not decided.any() or scope.owner is None:
        return []
    reader, ended = scope.team.people[scope.owner], deals.only(decided)
    longest, ages = _longest(ended, reader), _ages(mine, now, reader)
    n, k = int((mine.status == OPEN).sum()), int((ages > longest).sum())
    if not k:
        return []
    count = int(decided.sum())
    record = (now - int(ended.closed.min())) / DAY
    early = ended.closed <= np.median(ended.closed)
    halves = tuple(
        float((ages > _longest(ended.only(half), reader)).sum() / n) for half in (early, ~early)
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
            numbers={"days": longest, "own": int(own_only)},
        )
    ]


# Days are counted as everywhere that the reader is told how old a deal is: midnights of theirs.


def _longest(deals: Deals, reader: Person) -> int:
    """How many days the longest of these took, all decided; none of them took none."""
    if not len(deals.created):
        return 0
    took = lasted(deals)
    # Days so counted are as many as those that passed, give or take one: others are no longest.
    near = deals.only(took > took.max() - 2)
    days = local(near.closed, reader) // DAY - local(near.created, reader) // DAY
    return int(days.max())


def _ages(deals: Deals, now: int, reader: Person) -> Ints:
    """The ages of open deals; of those whose beginning is known."""
    import numpy as np

    created = deals.created[(deals.status == OPEN) & (deals.created != NEVER)]
    today = local(np.asarray([now], dtype=np.int64), reader) // DAY
    ages: Ints = today - local(created, reader) // DAY
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
