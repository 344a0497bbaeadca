"""Which events are drawn for review."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from floodline.feedback.review_sampling import (
    Reviewable,
    ReviewSampler,
    Sampling,
    Stratum,
    planned_sampling,
    sampling_key,
    uniform,
)

KEY = sampling_key("pumps", "T", 0)
SAMPLING = Sampling(
    strata=(
        Stratum(floor=0.0, rate=0.01),
        Stratum(floor=0.5, rate=0.1),
        Stratum(floor=0.7, rate=0.5),
    )
)


def scores(count: int, seed: int = 1) -> np.ndarray:
    """Scores below a threshold of .8."""
    return np.random.default_rng(seed).uniform(0, 0.8, count)


@given(st.integers(0, 2_000), st.integers(0, 10**12))
def test_batches_change_nothing(cut: int, first: int) -> None:
    """However events are cut into batches, the same ones are drawn."""
    offsets, found = np.arange(first, first + 2_000), scores(2_000)
    sampler = ReviewSampler(KEY, SAMPLING)
    whole = sampler.drawn(offsets, found)
    head = sampler.drawn(offsets[:cut], found[:cut])
    tail = sampler.drawn(offsets[cut:], found[cut:])
    assert whole.tolist() == [*head.tolist(), *tail.tolist()]


def test_each_stratum_is_drawn_at_its_rate() -> None:
    """Of 300,000 events, each stratum gives what its rate says, within four deviations."""
    count = 300_000
    found = scores(count)
    sampler = ReviewSampler(KEY, SAMPLING)
    rates = sampler.rates(found[sampler.drawn(np.arange(count), found)])
    ends = [*(stratum.floor for stratum in SAMPLING.strata[1:]), 0.8]
    for stratum, end in zip(SAMPLING.strata, ends, strict=True):
        size = int(((found >= stratum.floor) & (found < end)).sum())
        got = int((rates == stratum.rate).sum())
        assert abs(got - size * stratum.rate) < 4 * np.sqrt(size * stratum.rate)


def test_a_higher_rate_keeps_what_a_lower_one_drew() -> None:
    """So a new release of rates does not throw away what was drawn."""
    offsets, found = np.arange(20_000), scores(20_000)
    low, high = (
        ReviewSampler(KEY, Sampling.even(rate)).drawn(offsets, found) for rate in (0.01, 0.02)
    )
    assert (low <= high).all()
    assert 0 < low.sum() < high.sum()


def test_partitions_draw_independently() -> None:
    """Two partitions with the same offsets draw as differently as chance has it."""
    offsets = np.arange(200_000)
    one, two = (uniform(sampling_key("pumps", "T", each), offsets) for each in (0, 1))
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.01
    assert abs(one.mean() - 0.5) < 0.005


def test_the_hash_is_fixed() -> None:
    """The numbers are part of what is reproducible: they must never change."""
    first, second = 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4  # SplitMix64 from 0 on
    found = uniform(np.uint64(0), np.array([0, 1])).tolist()
    assert found == [(each >> 11) * 2.0**-53 for each in (first, second)]


@given(st.floats(1.0, 200.0), st.integers(0, 50))
def test_planned_rates_meet_the_budget(budget: float, seed: int) -> None:
    """Rates come to the reviews that were asked for, unless there are fewer events than that."""
    draw = np.random.default_rng(seed)
    count = 5_000
    found = draw.beta(2, 5, count)
    threshold = float(np.quantile(found, 0.999))
    seen = Reviewable(found, np.ones(count), 10.0)
    plan = planned_sampling(seen, threshold, budget)
    floors = [stratum.floor for stratum in plan.strata]
    place = np.searchsorted(floors, found, side="right") - 1
    rates = np.array([stratum.rate for stratum in plan.strata])[place]
    expected = rates[found < threshold].sum() / seen.hours
    assert expected == pytest.approx(min(budget, (found < threshold).sum() / seen.hours))
    assert [s.rate for s in plan.strata] == sorted(s.rate for s in plan.strata)


def test_nothing_seen_plans_nothing() -> None:
    """Rates are never guessed."""
    with pytest.raises(ValueError, match="seen"):
        planned_sampling(Reviewable(np.zeros(0), np.zeros(0), 1.0), 0.5, 10)


@pytest.mark.parametrize("floors", [(), (0.1,), (0.0, 0.0), (0.0, 0.5, 0.4)])
def test_strata_that_are_none_are_refused(floors: tuple[float, ...]) -> None:
    """Floors begin at 0 and rise."""
    with pytest.raises(ValueError, match="floors"):
        Sampling(strata=tuple(Stratum(floor=floor, rate=0.1) for floor in floors))


@pytest.mark.parametrize("seed", range(20))
def test_where_nothing_was_seen_nothing_is_drawn_at_once(seed: int) -> None:
    """Ten samples of 1 in 5,000 say little of the scores between them and the threshold."""
    draw = np.random.default_rng(seed)
    events = draw.beta(2, 8, 50_000)
    threshold = float(np.sort(events)[-50])
    drawn = draw.choice(np.flatnonzero(events < threshold), 10, replace=False)
    above = events[events >= threshold]
    seen = Reviewable(
        np.concatenate([events[drawn], above]),
        np.concatenate([np.full(10, 5_000.0), np.ones(above.size)]),
        0.5,
    )
    planned = planned_sampling(seen, threshold, 20)
    rates = ReviewSampler(KEY, planned).rates(events[events < threshold])
    assert 5 < rates.sum() / 0.5 < 100
    assert (rates > 0).all()


def test_with_no_sample_at_all_the_rest_is_drawn_with_care() -> None:
    """Not at once: what the heaviest one seen stands for may well lie there."""
    seen = Reviewable(np.array([0.9, 0.95]), np.array([1.0, 400.0]), 1.0)
    (stratum,) = planned_sampling(seen, 0.8, 20).strata
    assert 0 < stratum.rate <= 20 / 400
