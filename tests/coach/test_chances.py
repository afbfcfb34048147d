"""Shares, tests within strata and families of tests, beside those of SciPy and statsmodels."""

import warnings
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coach.chances import (
    Table,
    adjusted,
    all_at_the_end,
    chance,
    difference,
    table_of,
    wilson,
)

with warnings.catch_warnings():
    # What it warns of as it is imported is its own affair.
    warnings.simplefilter("ignore")
    from statsmodels.stats.contingency_tables import StratifiedTable
    from statsmodels.stats.multitest import multipletests
    from statsmodels.stats.proportion import proportion_confint

SAME = 1e-6


def table(*strata: tuple[int, int, int, int]) -> Table:
    """Strata of (in the group, of them yes, in the rest, of them yes)."""
    columns = zip(*strata, strict=True)
    return Table(*(np.asarray(column, dtype=np.int64) for column in columns))


@given(st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_interval_of_a_share_is_that_of_others(counts: tuple[int, int]) -> None:
    yes, of = counts
    low, high = wilson(yes, of)
    assert (low, high) == pytest.approx(proportion_confint(yes, of, method="wilson"), abs=SAME)
    theirs = stats.binomtest(yes, of).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=SAME)


def test_of_nothing_every_share_is_likely() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_many_cases_in_strata_are_tested_as_by_cochran_mantel_and_haenszel() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        strata = []
        for _month in range(random.integers(1, 12)):
            of, rest = random.integers(20, 400, 2).tolist()
            yes, rest_yes = random.integers(1, of), random.integers(1, rest)
            strata.append((of, int(yes), rest, int(rest_yes)))
        theirs, ours = _others(*strata), table(*strata)
        # Less than half a case is no difference; theirs takes it for one.
        if _variance(ours) >= 25 and theirs < 0.9:
            assert chance(ours) == pytest.approx(theirs, abs=SAME)


def _others(*strata: tuple[int, int, int, int]) -> float:
    tables = [np.array([[b, a - b], [d, c - d]], dtype=float) for a, b, c, d in strata]
    return float(StratifiedTable(tables).test_null_odds(correction=True).pvalue)


def _variance(each: Table) -> float:
    n, m = each.of, each.of + each.rest_of
    k = each.yes + each.rest_yes
    return float((n * (m - n) * k * (m - k) / (m * m * (m - 1.0))).sum())


@given(st.integers(1, 30), st.integers(1, 40), st.data())
def test_few_cases_of_one_stratum_are_tested_as_by_fisher(
    of: int, rest: int, data: st.DataObject
) -> None:
    yes, rest_yes = data.draw(st.integers(0, of)), data.draw(st.integers(0, rest))
    counts = [[yes, of - yes], [rest_yes, rest - rest_yes]]
    sides = [stats.fisher_exact(counts, side).pvalue for side in ("greater", "less")]
    expected = min(1.0, 2 * min(sides))
    assert chance(table((of, yes, rest, rest_yes))) == pytest.approx(expected, abs=SAME)


def test_few_cases_in_strata_are_tested_by_counting_every_way_they_might_have_been() -> None:
    strata = [(3, 2, 5, 1), (4, 3, 4, 2), (2, 2, 6, 1)]
    ways: dict[int, float] = {}
    for came in product(*(range(each[0] + 1) for each in strata)):
        weight = 1.0
        for k, (of, yes, rest, rest_yes) in zip(came, strata, strict=True):
            left = yes + rest_yes - k
            weight *= comb(of, k) * comb(rest, left) if 0 <= left <= rest else 0
        ways[sum(came)] = ways.get(sum(came), 0) + weight
    total, seen = sum(ways.values()), sum(each[1] for each in strata)
    above = sum(weight for k, weight in ways.items() if k >= seen) / total
    assert chance(table(*strata)) == pytest.approx(2 * above, abs=1e-12)


def test_counting_every_case_comes_near_the_approximation_where_they_meet() -> None:
    below, above = (140, 62, 380, 130), (180, 80, 470, 157)
    assert _variance(table(below)) < 25 < _variance(table(above)) < 32
    approximate = _others(below)
    assert chance(table(below)) == pytest.approx(approximate, rel=0.1)
    assert chance(table(above)) == pytest.approx(_others(above), abs=SAME)


def test_strata_that_hold_one_group_alone_tell_nothing() -> None:
    assert chance(table((40, 40, 0, 0), (0, 0, 50, 0))) == 1
    assert difference(table((40, 40, 0, 0), (0, 0, 50, 0))) is None
    assert chance(table((40, 0, 50, 0))) == 1


def test_what_goes_by_the_month_alone_is_no_difference() -> None:
    # Most of the group was decided in a month when most was won.
    by_month = table((90, 81, 10, 9), (10, 1, 90, 9))
    assert difference(by_month) == pytest.approx(0)
    assert chance(by_month) > 0.9
    assert chance(table((100, 82, 100, 18))) < 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=300))
def test_a_family_of_tests_is_adjusted_as_by_others(chances: list[float]) -> None:
    ours = adjusted(chances)
    assert ours == pytest.approx(stats.false_discovery_control(chances).tolist(), abs=SAME)
    assert ours == pytest.approx(multipletests(chances, method="fdr_bh")[1].tolist(), abs=SAME)


def test_no_tests_are_a_family_too() -> None:
    assert adjusted([]) == []


def test_how_likely_the_oldest_are_all_of_one_kind() -> None:
    assert all_at_the_end(3, 2, 1) == pytest.approx(2 / 5)
    assert all_at_the_end(3, 2, 2) == pytest.approx(1 / comb(5, 2))
    assert all_at_the_end(3, 2, 3) == 0
    assert all_at_the_end(3, 2, 0) == 1
    assert all_at_the_end(6711, 104, 80) < 1e-100


def test_cases_become_a_table_of_their_strata() -> None:
    group = np.array([True, True, False, False, True])
    yes = np.array([True, False, True, False, True])
    made = table_of(group, yes, np.array([5, 5, 5, 9, 9]))
    assert made.of.tolist() == [2, 1]
    assert made.yes.tolist() == [1, 1]
    assert made.rest_of.tolist() == [1, 1]
    assert made.rest_yes.tolist() == [1, 0]
