"""The scale of a feature: what one value can do to it, and how it begins, stands and follows."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from floodline.detection.kernels.robust_scale import AGE, DEVIATION, MEAN, VARIANCE, first_scale
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest

WINSOR = 4.0
HOSTILE = st.sampled_from((1e308, -1e308, math.inf, -math.inf, 5e-324, -5e-324, 1e17))
RELAXED = settings(
    max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck)
)


def scale_after(rows: NDArray[np.float64], **parameters: Any) -> NDArray[np.float64]:
    """The scale that a small forest has learnt."""
    forest = RememberingForest(
        DefaultProfile(trees=1, height=1, **parameters), tuple("abcdefgh"[: rows.shape[1]])
    )
    forest.score_learn_many(rows)
    return forest.memory.scale


def window_ends(count: int, start: int = 16, window: int = 250) -> list[int]:
    """The events after which the scale moves, up to `count`."""
    ends = [start]
    while ends[-1] < count:
        ends.append(ends[-1] + min(window, ends[-1]))
    return ends


@RELAXED
@given(st.integers(0, 2**32), st.integers(16, 3_000), HOSTILE)
def test_one_value_moves_mean_and_variance_by_at_most_the_bound(
    seed: int, at: int, hostile: float
) -> None:
    """At its window's end: 2 winsor / n deviations, winsor^2 (1 + 4 p/n) / n of the variance."""
    begun, end = next(pair for pair in pairwise(window_ends(4_000)) if pair[1] > at)
    rows = np.random.default_rng(seed).normal(3.0, 2.0, (end, 1))
    twin = rows.copy()
    twin[at] = hostile
    before = scale_after(rows[:begun])[:, 0]
    usual, moved = scale_after(rows)[:, 0], scale_after(twin)[:, 0]
    assert usual[AGE] == moved[AGE] == end
    present = end - begun
    assert abs(moved[MEAN] - usual[MEAN]) <= 2 * WINSOR / end * before[DEVIATION] * (1 + 1e-9)
    most = WINSOR**2 * (1 + 4 * present / end) / end * before[VARIANCE]
    assert abs(moved[VARIANCE] - usual[VARIANCE]) <= most * (1 + 1e-9)


@RELAXED
@given(st.integers(0, 2**32), st.integers(0, 4_000), HOSTILE | st.just(math.nan))
def test_later_windows_do_not_add_to_it(seed: int, at: int, hostile: float) -> None:
    """From the first values to the 6,000th event both scales stay near each other, and meet."""
    rows = np.random.default_rng(seed).normal(size=(6_000, 1))
    twin = rows.copy()
    twin[at] = hostile
    usual, moved = scale_after(rows)[:, 0], scale_after(twin)[:, 0]
    age = max(16, at)
    assert abs(moved[MEAN] - usual[MEAN]) <= 2 * WINSOR / age
    assert abs(math.log(moved[VARIANCE] / usual[VARIANCE])) <= WINSOR**2 * 5 / age
    assert abs(moved[MEAN] - usual[MEAN]) <= 0.05


@RELAXED
@given(st.integers(0, 2**32), st.integers(8, 16), st.integers(0, 7), HOSTILE)
def test_first_scale_keeps_to_the_other_values(
    seed: int, count: int, at: int, hostile: float
) -> None:
    """Mean and deviation from the first values stay within what the other values span."""
    values = np.random.default_rng(seed).normal(5.0, 2.0, count)
    values[at] = hostile if math.isfinite(hostile) else math.copysign(1e150, hostile)
    others = np.delete(values, at)
    mean, variance = first_scale(values, WINSOR)
    span = others.max() - others.min()
    assert others.min() - span <= mean <= others.max() + span
    assert 0 < math.sqrt(variance) <= 3 * span


def test_a_constant_feature_has_a_scale() -> None:
    """A constant has deviation 1e-12 of its size; one other value, of any size, changes nothing."""
    rows = np.full((2_000, 2), 5.0)
    rows[700, 0] = 1e308
    scale = scale_after(rows)
    assert scale[MEAN].tolist() == [5.0, 5.0]
    assert scale[VARIANCE].tolist() == [0.0, 0.0]
    assert scale[DEVIATION].tolist() == [5e-12, 5e-12]


def test_a_constant_feature_that_begins_to_vary_is_measured() -> None:
    """The second value that differs within a window gives the measure; thousands later it fits."""
    random = np.random.default_rng(3)
    rows = np.concatenate([np.full((1_000, 1), 5.0), random.normal(5.0, 2.0, (9_000, 1))])
    rows[1_000] = 1e308
    scale = scale_after(rows)[:, 0]
    assert abs(scale[MEAN] - 5.0) < 0.2
    assert 1.6 < scale[DEVIATION] < 2.6


def test_a_late_feature_soon_has_the_scale_that_it_would_have_had() -> None:
    """A feature that appears after 3,000 events is on scale 600 events later."""
    rows = np.random.default_rng(4).normal(50.0, 3.0, (3_600, 2))
    rows[:3_000, 1] = math.nan
    scale = scale_after(rows)
    assert abs(scale[MEAN, 1] - 50.0) < 0.6
    assert abs(scale[DEVIATION, 1] / 3.0 - 1.0) < 0.15


def test_a_stream_of_hostile_values_stays_finite() -> None:
    """Nothing overflows, however many values are as large as can be, whatever the memory."""
    rows = np.full((20_000, 4), 1.7e308)
    rows[::2, 1], rows[::3, 2], rows[::5, 3] = -1.7e308, math.inf, 0.0
    for memory in (10, 100, 10_000):
        assert np.isfinite(scale_after(rows, memory=memory)).all()
