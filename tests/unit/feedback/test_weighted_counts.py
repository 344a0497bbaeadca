"""Bounds of weighted counts and of their shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, poisson

from floodline.feedback.weighted_counts import WeightedCounts, share_bounds, total_bounds

CONFIDENCE = 0.9
COUNTS = st.integers(0, 500)
WEIGHTS = st.floats(0.1, 1_000.0)


def counts(total: float, squares: float, next_weight: float) -> WeightedCounts:
    """One count."""
    return WeightedCounts(*(np.array([float(each)]) for each in (total, squares, next_weight)))


def plain(found: int) -> WeightedCounts:
    """Items that each stand for themselves."""
    return counts(found, found, 1)


def bounds(part: WeightedCounts, rest: WeightedCounts) -> tuple[float, float]:
    """The share's bounds as numbers."""
    low, high = share_bounds(part, rest, CONFIDENCE)
    return float(low[0]), float(high[0])


@given(COUNTS, COUNTS)
def test_a_share_of_plain_items_has_the_mid_p_interval(part: int, rest: int) -> None:
    """At its bounds, a binomial would give the count or a more extreme one with 5 %, mid-p."""
    low, high = bounds(plain(part), plain(rest))
    trials = part + rest
    if part:
        above = binom.sf(part, trials, low) + binom.pmf(part, trials, low) / 2
        assert above == pytest.approx(0.05, rel=1e-6)
    else:
        assert low == pytest.approx(0.0, abs=1e-12)
    if rest:
        below = binom.cdf(part - 1, trials, high) + binom.pmf(part, trials, high) / 2
        assert below == pytest.approx(0.05, rel=1e-6)
    else:
        assert high == pytest.approx(1.0, abs=1e-12)


@given(COUNTS)
def test_a_count_of_plain_items_has_the_mid_p_interval(found: int) -> None:
    """At its bounds, a Poisson count would be as extreme or more with 5 %, mid-p."""
    low, high = (float(each[0]) for each in total_bounds(plain(found), CONFIDENCE))
    if found:
        assert poisson.sf(found, low) + poisson.pmf(found, low) / 2 == pytest.approx(0.05, rel=1e-6)
    assert poisson.cdf(found - 1, high) + poisson.pmf(found, high) / 2 == pytest.approx(0.05, 1e-6)


@given(COUNTS, COUNTS, WEIGHTS)
def test_a_share_does_not_depend_on_the_unit_of_weight(part: int, rest: int, unit: float) -> None:
    """Whether an item stands for one or for ten changes nothing where all do."""
    one = bounds(plain(part), plain(rest))
    other = bounds(
        counts(part * unit, part * unit**2, unit),
        counts(rest * unit, rest * unit**2, unit),
    )
    assert other == pytest.approx(one, abs=1e-9)


@given(st.lists(WEIGHTS, max_size=20), st.lists(WEIGHTS, max_size=20), st.floats(0.0, 1_000.0))
def test_the_estimate_lies_within_and_the_unseen_widens(
    part: list[float], rest: list[float], unseen: float
) -> None:
    """Bounds hold the estimate; what the other side could have missed lowers them."""
    found = [
        counts(sum(each), sum(w * w for w in each), max([*each, 1.0])) for each in (part, rest)
    ]
    low, high = bounds(*found)
    total = sum(part) + sum(rest)
    if total:
        assert low - 1e-9 <= sum(part) / total <= high + 1e-9
    heavier = WeightedCounts(found[1].total, found[1].squares, found[1].next_weight + unseen)
    assert bounds(found[0], heavier)[0] <= low + 1e-9


def test_nothing_found_says_nothing() -> None:
    """Without any item the share may be anything."""
    assert bounds(plain(0), plain(0)) == pytest.approx((0.0, 1.0), abs=1e-12)


def test_intervals_hold_what_they_say() -> None:
    """Over simulated reviews that saw a third of the alerts, 86 to 97 % of the intervals hold."""
    draw = np.random.default_rng(1)
    for alerts, share in ((30, 0.5), (30, 0.9), (300, 0.8)):
        real = draw.poisson(alerts * share, 4_000)
        false = draw.poisson(alerts * (1 - share), 4_000)
        seen_real, seen_false = draw.binomial(real, 1 / 3), draw.binomial(false, 1 / 3)
        weight = (real + false) / np.maximum(seen_real + seen_false, 1)
        low, high = share_bounds(
            WeightedCounts(seen_real * weight, seen_real * weight**2, weight),
            WeightedCounts(seen_false * weight, seen_false * weight**2, weight),
            CONFIDENCE,
        )
        assert 0.86 <= np.mean((low <= share) & (share <= high)) <= 0.97
