"""Intervals for any number of looks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, xlog1py, xlogy

from floodline.feedback.anytime_bounds import rate_per_hour, share_over_strata

CONFIDENCE = 0.9
COUNTS = st.integers(0, 60)


def whole(hits: float, misses: float) -> tuple[float, float]:
    """The interval of one stratum."""
    found = share_over_strata(
        np.array([float(hits)]), np.array([float(misses)]), np.ones(1), CONFIDENCE
    )
    return found.lower, found.upper


@settings(deadline=None)
@given(COUNTS, COUNTS)
def test_one_stratum_ends_where_the_bet_is_won(hits: int, misses: int) -> None:
    """At both ends the bet against the share has won just 1 / (1 - confidence)."""
    for end in whole(hits, misses):
        if 0 < end < 1 and hits + misses:
            won = betaln(hits + 0.5, misses + 0.5) - betaln(0.5, 0.5)
            won -= xlogy(hits, end) + xlog1py(misses, -end)
            assert won == pytest.approx(np.log(10), abs=1e-6)


@settings(deadline=None)
@given(st.lists(st.tuples(COUNTS, COUNTS, st.floats(0.01, 1)), min_size=1, max_size=4))
def test_the_interval_holds_the_estimate_and_mirrors(
    strata: list[tuple[int, int, float]],
) -> None:
    """Lower, value, upper ascend in [0, 1]; hits and misses exchanged mirror them."""
    hits, misses, shares = (np.array(each, dtype=np.float64) for each in zip(*strata, strict=True))
    shares /= shares.sum()
    found = share_over_strata(hits, misses, shares, CONFIDENCE)
    other = share_over_strata(misses, hits, shares, CONFIDENCE)
    assert 0 <= found.lower <= found.upper <= 1
    assert (other.lower, other.upper) == pytest.approx((1 - found.upper, 1 - found.lower), abs=1e-9)
    if found.value is not None and (hits + misses > 0).all():
        assert found.lower <= found.value + 1e-12 <= found.upper + 2e-12


def test_no_share_in_the_interval_has_lost_its_bet() -> None:
    """Two strata: the ends are those of a search over all pairs of shares."""
    hits, misses, shares = np.array([18.0, 3.0]), np.array([2.0, 9.0]), np.array([0.3, 0.7])
    grid = np.linspace(0.0005, 0.9995, 2000)
    one, two = np.meshgrid(grid, grid, indexing="ij")
    won = (betaln(hits + 0.5, misses + 0.5) - betaln(0.5, 0.5)).sum()
    for each, h, f in ((one, hits[0], misses[0]), (two, hits[1], misses[1])):
        won = won - xlogy(h, each) - xlog1py(f, -each)
    means = (shares[0] * one + shares[1] * two)[won < np.log(10)]
    found = share_over_strata(hits, misses, shares, CONFIDENCE)
    assert (found.lower, found.upper) == pytest.approx((means.min(), means.max()), abs=2e-3)


def test_a_stratum_that_nobody_answered_may_be_anything() -> None:
    """Its whole share is added to the interval."""
    seen = share_over_strata(np.array([40.0]), np.array([10.0]), np.array([1.0]), CONFIDENCE)
    blind = share_over_strata(
        np.array([40.0, 0.0]), np.array([10.0, 0.0]), np.array([0.5, 0.5]), CONFIDENCE
    )
    assert blind.value == pytest.approx(0.8)
    assert blind.lower == pytest.approx(seen.lower / 2)
    assert blind.upper == pytest.approx(seen.upper / 2 + 0.5)
    nothing = share_over_strata(np.zeros(2), np.zeros(2), np.array([0.5, 0.5]), CONFIDENCE)
    assert (nothing.value, nothing.lower, nothing.upper) == (None, 0.0, 1.0)


def test_the_true_share_is_left_seldom_over_all_looks() -> None:
    """200 streams of 200 answers, looked at each tenth: at most 10 % ever exclude the truth."""
    draw = np.random.default_rng(11)
    shares, truth = np.array([0.5, 0.5]), np.array([0.95, 0.6])
    bounds: dict[tuple[float, ...], bool] = {}
    left = 0
    for _ in range(200):
        stratum = draw.integers(2, size=200)
        real = draw.random(200) < truth[stratum]
        hits, misses, out = np.zeros(2), np.zeros(2), False
        for where, hit in zip(stratum, real, strict=True):
            hits[where] += hit
            misses[where] += not hit
            key = (*hits, *misses)
            if key not in bounds and int(sum(key)) % 10 == 0:
                found = share_over_strata(hits, misses, shares, CONFIDENCE)
                bounds[key] = not found.lower <= 0.775 <= found.upper
            out |= bounds.get(key, False)
        left += out
    assert left <= 200 * 0.1


def test_the_true_rate_is_left_seldom_over_all_looks() -> None:
    """150 streams, looked at 100 times: at most 10 % ever exclude the truth; a wrong one falls."""
    draw = np.random.default_rng(12)
    left = 0
    for _ in range(150):
        counts = np.cumsum(draw.poisson(4.0, 100))
        looks = [rate_per_hour(int(n), t + 1.0, 5.0, CONFIDENCE) for t, n in enumerate(counts)]
        left += any(not each.lower <= 4.0 <= each.upper for each in looks)
    assert left <= 150 * 0.1
    assert rate_per_hour(800, 100.0, 5.0, CONFIDENCE).lower > 5
    assert rate_per_hour(0, 10.0, 5.0, CONFIDENCE).upper < 5
    assert rate_per_hour(0, 10.0, 5.0, CONFIDENCE).lower == 0
