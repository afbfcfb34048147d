"""How long things take when some are not over yet: Kaplan and Meier's estimate."""

from dataclasses import dataclass
from math import exp, log

from coach.arrays import Bools, Floats, Ints

#: As of `coach.chances`.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Survival:
    """What share lasts longer than each time at which something ended, and its standard error."""

    #: In whatever unit the durations had, rising.
    times: Floats
    #: From 1 down to 0.
    left: Floats
    error: Floats
    at_risk: Ints
    ended: Ints

    def quantile(self, share: float) -> float | None:
        """By when such a share (0 to 1) has ended; `None` where nobody can tell yet."""
        import numpy as np

        # A share that is met to the last digit is met.
        met = np.nonzero(self.left <= 1 - share + 1e-12)[0]
        return float(self.times[met[0]]) if len(met) else None

    def interval(self, share: float) -> tuple[float | None, float | None]:
        """Between which times that likely is (95 %), each `None` where nobody can tell.

        Those times at which the share is not refuted, on the log-log scale.
        """
        low = high = None
        for time, left, error in zip(
            self.times.tolist(), self.left.tolist(), self.error.tolist(), strict=True
        ):
            bottom, top = _around(left, error)
            if low is None and bottom <= 1 - share:
                low = time
            if top <= 1 - share:
                high = time
                break
        return low, high


def _around(left: float, error: float) -> tuple[float, float]:
    if left >= 1 or left <= 0:
        return left, left
    width = _Z * error / (left * abs(log(left)))
    return left ** exp(width), left ** exp(-width)


def survival(durations: Floats, ended: Bools) -> Survival:
    """Of durations, and whether each has ended; the others are known to last longer than that."""
    import numpy as np

    order = np.argsort(durations, kind="stable")
    sorted_, over = durations[order], ended[order]
    times, first = np.unique(sorted_, return_index=True)
    ends = np.add.reduceat(over.astype(np.int64), first) if len(first) else np.zeros(0, np.int64)
    at_risk = len(sorted_) - first
    told = ends > 0
    times, ends, at_risk = times[told], ends[told], at_risk[told]
    left: Floats = np.cumprod(1 - ends / np.maximum(at_risk, 1), dtype=np.float64)
    lost = np.maximum(at_risk - ends, 0)
    # Greenwood's; where nothing is left there is no error to tell.
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.cumsum(np.where(lost > 0, ends / (at_risk * np.maximum(lost, 1)), 0.0))
    errors: Floats = left * np.sqrt(sums)
    return Survival(times, left, errors, at_risk, ends)


def spread(values: Floats, share: float) -> float:
    """The least value that such a share of all does not exceed."""
    import numpy as np

    ordered = np.sort(values)
    place = max(int(np.ceil(share * len(ordered) - 1e-9)) - 1, 0)
    return float(ordered[place])
