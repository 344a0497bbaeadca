"""Precision, recall, rate and cost from what was reviewed."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.feedback.review_estimates import Reviewed, ReviewEstimates

CONFIDENCE = 0.9
ANSWERS = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from([0.0, 1.0, math.nan])), min_size=1, max_size=60
)


def estimates(scores: list[float], answers: list[float]) -> ReviewEstimates:
    """Of events that were all chosen with the same chance, in one hour."""
    count = len(scores)
    return ReviewEstimates(
        Reviewed(
            scores=np.array(scores, dtype=np.float64),
            weights=np.ones(count),
            alerted=np.ones(count, np.bool_),
            anomaly=np.array(answers, dtype=np.float64),
            trust=np.ones(count),
            hours=1.0,
        ),
        CONFIDENCE,
    )


def test_with_every_answer_the_estimates_are_the_plain_shares() -> None:
    """Nothing is weighted where nothing was left out."""
    found = estimates([0.1, 0.2, 0.6, 0.7, 0.8, 0.9], [0, 1, 0, 1, 1, 1])
    at = np.array([0.5])
    assert found.precision(at).value.tolist() == [0.75]
    assert found.recall(at).value.tolist() == [0.75]
    assert found.alerts_per_hour(at).value.tolist() == [4.0]
    assert found.cost_per_hour(at, miss=10, false_alarm=1).value.tolist() == [11.0]


def test_without_answers_anything_is_possible() -> None:
    """No answers: no share, and bounds that rule nothing out."""
    found = estimates([0.5, 0.6], [math.nan, math.nan])
    precision = found.precision(np.array([0.5]))
    assert math.isnan(precision.value[0])
    assert (precision.lower[0], precision.upper[0]) == pytest.approx((0, 1), abs=1e-9)


@settings(deadline=None)
@given(ANSWERS)
def test_bounds_hold_the_estimate_and_the_order_of_items_changes_nothing(
    items: list[tuple[float, float]],
) -> None:
    """Lower, value and upper ascend at every threshold, however the items are given."""
    scores, answers = (list(each) for each in zip(*items, strict=True))
    points = np.linspace(0, 1.1, 7)
    one, other = estimates(scores, answers), estimates(scores[::-1], answers[::-1])
    for interval in (one.precision(points), one.recall(points)):
        known = ~np.isnan(interval.value)
        assert (interval.lower[known] <= interval.value[known] + 1e-9).all()
        assert (interval.value[known] <= interval.upper[known] + 1e-9).all()
        assert ((interval.lower >= 0) & (interval.upper <= 1)).all()
    if len(set(scores)) == len(scores):
        np.testing.assert_allclose(one.recall(points).value, other.recall(points).value)


def test_recall_from_samples_is_right_on_average() -> None:
    """Of 20,000 events, 1 in 50 sampled below the threshold, recall is estimated without bias."""
    draw = np.random.default_rng(5)
    real = draw.random(20_000) < 0.02
    scores = np.where(real, draw.beta(6, 3, real.size), draw.beta(2, 8, real.size))
    above = scores >= 0.6
    true = real[above].sum() / real.sum()
    found = []
    for _ in range(200):
        chosen = above | (draw.random(real.size) < 0.02)
        reviewed = Reviewed(
            scores=scores[chosen],
            weights=np.where(above, 1.0, 50.0)[chosen],
            alerted=above[chosen],
            anomaly=real[chosen].astype(np.float64),
            trust=np.ones(int(chosen.sum())),
            hours=1.0,
        )
        found.append(ReviewEstimates(reviewed, CONFIDENCE).recall(np.array([0.6])))
    assert np.mean([1 / each.value[0] for each in found]) == pytest.approx(1 / true, rel=0.05)
    held = [each.lower[0] <= true <= each.upper[0] for each in found]
    assert np.mean(held) >= 0.84


def test_labels_at_the_top_do_not_flatter_precision() -> None:
    """With the top of the queue labelled first, the share of all alerts is estimated."""
    draw = np.random.default_rng(6)
    scores = np.sort(draw.uniform(0.5, 1, 2_000))
    real = draw.random(scores.size) < (scores - 0.5) * 2
    answered = (draw.random(scores.size) < 0.1) | (np.arange(scores.size) >= 1_500)
    answers = np.where(answered, real, np.nan).tolist()
    found = estimates(scores.tolist(), answers)
    assert np.nanmean(answers) > real.mean() + 0.2
    assert found.precision(np.array([0.5])).value[0] == pytest.approx(real.mean(), abs=0.06)


def test_an_answer_without_trust_counts_for_nothing() -> None:
    """Split or stale answers are as if not given."""
    count = 10
    scores = np.linspace(0.5, 0.9, count)
    trust = np.array([0.0, 1.0] * 5)
    anomaly = np.array([0.0, 1.0] * 5)
    reviewed = Reviewed(
        scores=scores,
        weights=np.ones(count),
        alerted=np.ones(count, np.bool_),
        anomaly=anomaly,
        trust=trust,
        hours=1.0,
    )
    assert ReviewEstimates(reviewed, CONFIDENCE).precision(np.array([0.5])).value[0] == 1.0


@settings(deadline=None)
@given(ANSWERS, st.floats(0.05, 0.95))
def test_the_p_value_agrees_with_the_bound(items: list[tuple[float, float]], target: float) -> None:
    """A lower bound is above the target just where the p-value is below half of the rest."""
    scores, answers = (list(each) for each in zip(*items, strict=True))
    found, points = estimates(scores, answers), np.linspace(0, 1, 5)
    lower, doubt = found.precision(points).lower, found.precision_at_most(points, target)
    apart = np.abs(lower - target) > 1e-6
    assert ((lower > target) == (doubt < (1 - CONFIDENCE) / 2))[apart].all()
    upper = found.alerts_per_hour(points).upper
    apart = np.abs(upper - 10) > 1e-6
    assert ((upper < 10) == (found.rate_at_most(points, 10.0) > 1 - (1 - CONFIDENCE) / 2))[
        apart
    ].all()


def test_all_false_below_an_anchor_is_the_worst_case() -> None:
    """With every lower event false, precision is doubted more, and the more so further down."""
    scores = np.linspace(0.01, 0.99, 99)
    found = estimates(scores.tolist(), np.where(scores > 0.7, 1.0, np.nan).tolist())
    points = np.array([0.4, 0.5, 0.6, 0.7])
    doubt = found.precision_at_most(points, 0.5, all_false_below=0.7)
    assert (np.diff(doubt) < 0).all()
    assert doubt[-1] == pytest.approx(found.precision_at_most(points, 0.5)[-1], abs=1e-6)
    assert doubt[1] > 0.05 > doubt[2]


def test_what_samples_tell_of_a_score_stands_for_the_alerts_that_came_since() -> None:
    """A threshold that fell: below the old one samples are answered, the new alerts are not yet."""
    draw = np.random.default_rng(5)
    high, samples, new = (
        draw.uniform(0.9, 1, 400),
        draw.uniform(0, 0.9, 600),
        draw.uniform(0.8, 0.9, 100),
    )
    scores = np.concatenate([high, samples, new])
    alerted = np.concatenate([np.ones(400), np.zeros(600), np.ones(100)]).astype(np.bool_)
    anomaly = (draw.random(scores.size) < np.where(scores >= 0.8, 0.9, 0.01)).astype(np.float64)
    anomaly[-100:] = np.nan
    found = ReviewEstimates(
        Reviewed(
            scores=scores,
            weights=np.where(scores >= 0.9, 1.0, 3.0),
            alerted=alerted,
            anomaly=anomaly,
            trust=np.ones(scores.size),
            hours=10.0,
        ),
        CONFIDENCE,
    ).precision(np.array([0.8]))
    assert found.value[0] == pytest.approx(0.9, abs=0.05)
    assert found.lower[0] > 0.8
