"""Shares and how sure they are: their interval, a test within strata, and many tests as one.

A *table* here is a row for each stratum, of one group beside the rest: how many there are in the
group and how many of them came true, and the same of the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, sqrt

from coach.arrays import Bools, Floats, Ints

#: 95 % of a normal distribution lie within so many standard deviations.
_Z = 1.959963984540054

#: From this variance on the normal approximation is as good as counting every case.
_LARGE = 25.0


def wilson(yes: int, of: int) -> tuple[float, float]:
    """Between which values a share likely is (95 %), from 0 to 1: Wilson's score interval."""
    if of <= 0:
        return 0.0, 1.0
    share, square = yes / of, _Z * _Z
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = _Z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    # At the ends it is exact, where floats would miss by a little.
    return (0.0 if yes == 0 else middle - half), (1.0 if yes == of else middle + half)


@dataclass(frozen=True, slots=True)
class Table:
    """A group beside the rest, stratum by stratum: four arrays of the same length."""

    of: Ints
    yes: Ints
    rest_of: Ints
    rest_yes: Ints


def difference(table: Table) -> float | None:
    """How much larger the group's share is than that of the rest within strata, from -1 to 1.

    Mantel and Haenszel's risk difference; `None` where no stratum holds both.
    """
    import numpy as np

    total = np.maximum(table.of + table.rest_of, 1)
    weights = table.of * table.rest_of / total
    if weights.sum() <= 0:
        return None
    parts = (table.yes * table.rest_of - table.rest_yes * table.of) / total
    return float(parts.sum() / weights.sum())


def chance(table: Table) -> float:
    """How likely a difference as large is by chance alone, either way: the p-value.

    Conditional on the margins of each stratum: exact where cases are few (for one stratum it is
    Fisher's test, twice the smaller tail), else Cochran-Mantel-Haenszel with the correction for
    continuity. 1 where no stratum can tell.
    """
    import numpy as np

    total = table.of + table.rest_of
    yes = table.yes + table.rest_yes
    tells = (table.of > 0) & (table.rest_of > 0) & (yes > 0) & (yes < total)
    if not tells.any():
        return 1.0
    of, all_, came = table.of[tells], total[tells], yes[tells]
    seen = int(table.yes[tells].sum())
    expected = float((of * came / all_).sum())
    # As floats: products of four counts leave the range of whole numbers.
    n, m, k = of.astype(np.float64), all_.astype(np.float64), came.astype(np.float64)
    variance = float((n * (m - n) * k * (m - k) / (m * m * np.maximum(m - 1, 1))).sum())
    if variance >= _LARGE:
        away = max(abs(seen - expected) - 0.5, 0.0)
        return float(erfc(away / sqrt(2 * variance)))
    low, likely = _exactly(of, all_, came)
    above = float(likely[max(seen - low, 0) :].sum())
    below = float(likely[: seen - low + 1].sum())
    return min(1.0, 2 * min(above, below))


def _exactly(of: Ints, total: Ints, yes: Ints) -> tuple[int, Floats]:
    """How likely each number of the group's cases is under chance: the least, and from it on."""
    import numpy as np

    # The logarithms of factorials, each looked up many times.
    numbers = np.arange(1, int(total.max()) + 1, dtype=np.float64)
    logs = np.concatenate(([0.0], np.cumsum(np.log(numbers))))
    low = np.maximum(0, of + yes - total)
    size = np.minimum(of, yes) - low + 1
    # A row for each stratum, as wide as the widest; what is beyond its own width counts nothing.
    place = np.arange(int(size.max()))
    inside = place < size[:, None]
    x = np.where(inside, low[:, None] + place, low[:, None])
    n, m, k = of[:, None], total[:, None], yes[:, None]
    ways = -(logs[x] + logs[k - x] + logs[n - x] + logs[m - k - n + x])
    weights = np.where(inside, np.exp(ways - ways.max(axis=1, keepdims=True)), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    likely = np.ones(1)
    for row, width in zip(weights, size.tolist(), strict=True):
        likely = np.convolve(likely, row[:width])
    return int(low.sum()), likely / likely.sum()


def adjusted(chances: Sequence[float]) -> list[float]:
    """The share of false ones among all that are at least as unlikely: Benjamini and Hochberg's q.

    Everything that was looked at goes in together, in whatever order; it comes back in the same.
    """
    import numpy as np

    if not chances:
        return []
    p = np.asarray(chances, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty_like(p)
    found[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return [float(each) for each in found]


def all_at_the_end(of: int, among: int, top: int) -> float:
    """How likely the `top` longest of `of + among` are all of the `among`, by chance alone."""
    if top <= 0:
        return 1.0
    if top > among:
        return 0.0

    def choose(n: int, k: int) -> float:
        return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)

    return min(1.0, exp(choose(among, top) - choose(of + among, top)))


def table_of(group: Bools, yes: Bools, stratum: Ints) -> Table:
    """The table of some cases: which are in the group, which came true, and each one's stratum."""
    import numpy as np

    _, strata = np.unique(stratum, return_inverse=True)
    size = int(strata.max()) + 1 if len(strata) else 0

    def count(which: Bools) -> Ints:
        return np.bincount(strata[which], minlength=size).astype(np.int64)

    return Table(count(group), count(group & yes), count(~group), count(~group & yes))
