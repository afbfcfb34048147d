"""Groups of cases, each beside all others: the counts, the test, how far it is to be trusted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from coach.arrays import Bools, Ints
from coach.chances import Table, chance, difference
from coach.columns import NOBODY, Coded, numbered
from coach.pattern import Least, Looked

#: Of so many groups, the largest ones, one pattern asks about one person or team.
MOST = 50


@dataclass(frozen=True, slots=True)
class Cases:
    """What is counted, one place each."""

    #: Which came true.
    yes: Bools
    #: By what the history is halved.
    at: Ints
    owner: Ints
    #: Only those of one stratum are compared with each other.
    stratum: Ints

    def only(self, which: Bools) -> "Cases":
        """Those of them."""
        return Cases(self.yes[which], self.at[which], self.owner[which], self.stratum[which])


def beside_the_rest(
    cases: Cases,
    groups: Coded,
    least: Least,
    numbers: Mapping[str, int] | None = None,
) -> list[Looked]:
    """Each group beside all the others; cases whose group nobody knows are left out.

    Groups that are too small, or beside too small a rest, come untested.
    """
    import numpy as np

    known = groups.codes != NOBODY
    cases, codes = cases.only(known), groups.codes[known]
    sizes = np.bincount(codes, minlength=len(groups.names))
    came = np.bincount(codes[cases.yes], minlength=len(groups.names))
    all_, all_came = len(codes), int(cases.yes.sum())
    told = dict(numbers or {})
    found: list[Looked] = []
    large = _large(sizes, all_, least)
    counted = _Counted(cases, codes, large)
    for code in np.nonzero(sizes)[0].tolist():
        n, k = int(sizes[code]), int(came[code])
        looked = Looked(
            groups.names[code], n, k, all_ - n, all_came - k, numbers={"group": code, **told}
        )
        place = large.get(code)
        found.append(looked if place is None else counted.tested(looked, place))
    return found


def _large(sizes: Ints, total: int, least: Least) -> dict[int, int]:
    """The groups that can be told of, each with its place among them."""
    import numpy as np

    enough = np.nonzero((sizes >= least.count) & (total - sizes >= least.rest))[0]
    first = enough[np.argsort(-sizes[enough], kind="stable")][:MOST]
    return {code: place for place, code in enumerate(first.tolist())}


class _Counted:
    """All cases counted once, by group, stratum, half and owner."""

    def __init__(self, cases: Cases, codes: Ints, large: Mapping[int, int]) -> None:
        import numpy as np

        # What is not large goes together, in the last place: it counts as rest alone.
        count = len(large) + 1
        places = np.full(int(codes.max(initial=0)) + 1, len(large), dtype=np.int64)
        for code, place in large.items():
            places[code] = place
        group = places[codes]
        stratum, strata = numbered(cases.stratum)
        late = cases.at > np.median(cases.at) if len(cases.at) else cases.yes

        def tables(which: Bools) -> Ints:
            cells = (group * strata + stratum)[which]
            return np.bincount(cells, minlength=count * strata).reshape(count, strata)

        every = np.ones(len(codes), dtype=np.bool_)
        self._of = [tables(half) for half in (every, ~late, late)]
        self._yes = [tables(half & cases.yes) for half in (every, ~late, late)]
        # Nobody's come first, and are no person's.
        people = int(cases.owner.max(initial=NOBODY)) + 2
        cells = group * people + cases.owner + 1
        self._people = np.bincount(cells, minlength=count * people).reshape(count, people)[:, 1:]

    def tested(self, looked: Looked, place: int) -> Looked:
        """The same with all that can be told of it."""
        whole, early, late = (
            _table(of, yes, place) for of, yes in zip(self._of, self._yes, strict=True)
        )
        mine = self._people[place]
        rest = self._people.sum(axis=0) - mine
        shares = (int(mine.max(initial=0)) / looked.n, int(rest.max(initial=0)) / looked.rest_n)
        return Looked(
            looked.group,
            looked.n,
            looked.k,
            looked.rest_n,
            looked.rest_k,
            p=chance(whole),
            apart=difference(whole),
            halves=(difference(early), difference(late)),
            is_one_of=True,
            people=int(min((mine > 0).sum(), (rest > 0).sum())),
            one_persons=max(shares),
            numbers=looked.numbers,
        )


def _table(of: Ints, yes: Ints, place: int) -> Table:
    return Table(of[place], yes[place], of.sum(axis=0) - of[place], yes.sum(axis=0) - yes[place])


def first_of_two(
    cases: Cases, first: Bools, least: Least, name: str, numbers: Mapping[str, int]
) -> list[Looked]:
    """One group beside the one other there is: only the first is told of."""
    import numpy as np

    groups = Coded(np.where(first, 0, 1).astype(np.int64), (name, "else"))
    found = beside_the_rest(cases, groups, least, numbers)[: 1 if first.any() else 0]
    return [replace(each, is_one_of=False) for each in found]
