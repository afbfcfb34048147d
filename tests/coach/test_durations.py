"""Durations of which some are not over, beside statsmodels'."""

import warnings

import numpy as np
import pytest

from coach.durations import spread, survival

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from statsmodels.duration.survfunc import SurvfuncRight

SAME = 1e-6


@pytest.mark.parametrize("seed", range(20))
def test_the_estimate_is_that_of_others(seed: int) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(5, 400))
    # Whole days, so that many are the same.
    days = np.ceil(random.exponential(20, count))
    ended = random.random(count) < 0.6
    ended[0] = True
    ours, theirs = survival(days, ended), SurvfuncRight(days, ended.astype(int))
    assert ours.times.tolist() == theirs.surv_times.tolist()
    assert ours.at_risk.tolist() == theirs.n_risk.tolist()
    assert ours.ended.tolist() == theirs.n_events.tolist()
    assert ours.left.tolist() == pytest.approx(theirs.surv_prob.tolist(), abs=SAME)
    told = ours.left > 0
    assert ours.error[told].tolist() == pytest.approx(theirs.surv_prob_se[told].tolist(), abs=SAME)
    for share in (0.25, 0.5, 0.9):
        quantile = theirs.quantile(share)
        assert ours.quantile(share) == (None if np.isnan(quantile) else quantile)
        with np.errstate(all="ignore"):
            low, high = theirs.quantile_ci(share, method="cloglog")
        if not np.isnan(low):
            ours_low, ours_high = ours.interval(share)
            assert ours_low == pytest.approx(low, abs=SAME)
            assert ours_high == (None if np.isinf(high) else pytest.approx(high, abs=SAME))


def test_open_ones_count_for_as_long_as_they_have_lasted() -> None:
    days, ended = np.array([1.0, 2, 3, 10, 10]), np.array([True, True, False, False, False])
    assert survival(days, ended).left.tolist() == pytest.approx([0.8, 0.6])
    assert survival(days, ended).quantile(0.5) is None
    assert survival(days, ended).quantile(0.4) == 2


def test_of_nothing_nothing_is_told() -> None:
    none = np.zeros(0)
    assert survival(none, none.astype(bool)).quantile(0.5) is None
    assert survival(none, none.astype(bool)).interval(0.5) == (None, None)


def test_the_least_value_that_a_share_does_not_exceed() -> None:
    values = np.array([5.0, 1, 2, 3, 4, 6, 7, 8, 9, 10])
    assert spread(values, 0.9) == 9
    assert spread(values, 0.5) == 5
    assert spread(values, 1.0) == 10
    assert spread(np.array([3.0]), 0.1) == 3
