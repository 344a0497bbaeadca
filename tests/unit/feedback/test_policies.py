"""Where a policy puts the threshold."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.feedback.policies import (
    AlertBudget,
    Fixed,
    LeastCost,
    PrecisionTarget,
    aim,
)
from floodline.feedback.review_estimates import Reviewed

CONFIDENCE = 0.9


def reviewed(scores: np.ndarray, anomaly: np.ndarray, hours: float = 10.0) -> Reviewed:
    """Alerts all, each with its answer (NaN: none)."""
    count = scores.size
    return Reviewed(
        scores=scores,
        weights=np.ones(count),
        alerted=np.ones(count, np.bool_),
        anomaly=anomaly,
        trust=np.ones(count),
        hours=hours,
    )


def stream(seed: int, count: int = 2_000) -> Reviewed:
    """The higher the score, the more often real: with chance equal to the score."""
    draw = np.random.default_rng(seed)
    scores = draw.random(count)
    return reviewed(scores, (draw.random(count) < scores).astype(np.float64))


def test_of_no_stretch_of_time_no_rate_is_known() -> None:
    """A budget is not surely kept by alerts that all came at once, however real they are."""
    found = stream(3)
    at_once = reviewed(found.scores, np.ones(found.scores.size), hours=np.nan)
    told = aim(at_once, 0.5, AlertBudget(per_hour=0.001, precision=0.8), CONFIDENCE)
    assert not told.kept
    assert told.ground not in {"surely", "nearly"}


def test_the_precision_target_is_held_in_nine_of_ten_streams() -> None:
    """With P(real | s) = s the precision above t is (1 + t) / 2: a target of .8 needs t = .6."""
    found = [aim(stream(seed), 0.9, PrecisionTarget(at_least=0.8), 0.9) for seed in range(200)]
    scores = [each.score for each in found if each.kept and each.score is not None]
    assert len(scores) == 200
    assert np.mean(np.array(scores) >= 0.6) >= 0.88
    assert np.median(scores) < 0.68


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.floats(0.55, 0.9), st.floats(0.01, 0.09))
def test_a_stricter_target_never_lowers_the_threshold(
    seed: int, target: float, more: float
) -> None:
    """More precision asked, a threshold at least as high, or none that surely holds."""
    found = stream(seed, 500)
    loose = aim(found, 0.5, PrecisionTarget(at_least=target), CONFIDENCE)
    strict = aim(found, 0.5, PrecisionTarget(at_least=target + more), CONFIDENCE)
    assert strict.score is not None
    assert loose.score is not None
    assert strict.score >= loose.score or not strict.kept


def test_it_goes_down_into_the_unlabelled_as_far_as_the_promise_bears() -> None:
    """With all alerts real, as many unlabelled ones may follow as the target lets be false."""
    scores = np.linspace(0, 1, 1_001)
    anomaly = np.where(scores >= 0.8, 1.0, np.nan)
    found = aim(reviewed(scores, anomaly), 0.8, PrecisionTarget(at_least=0.5), CONFIDENCE)
    assert found.kept
    assert found.score is not None
    # 201 are surely at least 197 of 201; as many false ones below them leave a half.
    assert 0.6 < found.score < 0.68


def test_the_budget_is_a_cap_beside_a_share_of_real_ones() -> None:
    """Few enough alerts are not enough where too few of them would be real."""
    found = stream(1)
    capped = aim(found, 0.9, AlertBudget(per_hour=40, precision=0.5), CONFIDENCE)
    assert capped.kept
    assert capped.score is not None
    assert (found.scores >= capped.score).sum() / found.hours <= 40
    ample = aim(found, 0.9, AlertBudget(per_hour=10_000, precision=0.8), CONFIDENCE)
    alone = aim(found, 0.9, PrecisionTarget(at_least=0.8), CONFIDENCE)
    assert ample == alone


def test_a_cost_moves_only_for_a_real_difference() -> None:
    """From a costly threshold to a cheap one; not between two that are as good."""
    found = stream(2)
    # A miss costs as much as a false alarm: cheapest where P(real | s) = 1 / 2.
    policy = LeastCost(miss=1, false_alarm=1)
    cheap = aim(found, 0.95, policy, CONFIDENCE).score
    assert cheap == pytest.approx(0.5, abs=0.08)
    assert aim(found, 0.53, policy, CONFIDENCE).score == 0.53


def test_without_answers_nothing_is_aimed_at() -> None:
    """No labels, no aim: the threshold is left to the guard rails."""
    scores = np.linspace(0.5, 1, 50)
    found = reviewed(scores, np.full(50, np.nan))
    for policy in (PrecisionTarget(at_least=0.8), LeastCost(miss=1, false_alarm=1)):
        assert not aim(found, 0.5, policy, CONFIDENCE).kept
    assert aim(found, 0.5, Fixed(), CONFIDENCE).score == 0.5


@pytest.mark.parametrize(
    "build",
    [
        lambda: PrecisionTarget(at_least=1.5),
        lambda: AlertBudget(per_hour=0, precision=0.5),
        lambda: AlertBudget(per_hour=1e13, precision=0.5),
        lambda: LeastCost(miss=-1, false_alarm=1),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(build: Callable[[], object]) -> None:
    """The error names the field and what it must be."""
    with pytest.raises(ValueError, match=r"at_least|per_hour|miss"):
        build()


def test_ignorance_attracts_nothing() -> None:
    """Where no threshold surely holds, few answers at the top are no reason to go there."""
    scores = np.concatenate([np.linspace(0.6, 0.7, 50), [0.9]])
    anomaly = np.concatenate([np.arange(50) % 5 < 3, [0.0]]).astype(np.float64)
    found = aim(reviewed(scores, anomaly), 0.6, PrecisionTarget(at_least=0.8), CONFIDENCE)
    assert not found.kept
    assert found.score is not None
    assert found.score < 0.68


def test_a_threshold_that_may_hold_is_kept_until_more_is_known() -> None:
    """An estimate at or above the target is not left for want of certainty."""
    scores = np.linspace(0.5, 1, 12)
    anomaly = (np.arange(12) % 6 > 0).astype(np.float64)
    found = aim(reviewed(scores, anomaly), 0.5, PrecisionTarget(at_least=0.8), CONFIDENCE)
    assert (found.score, found.kept) == (0.5, False)


def test_where_nothing_is_real_a_budget_still_asks_for_few_enough_alerts() -> None:
    """100 alerts an hour, all false: up to the lowest score with 20, and no further."""
    scores = np.linspace(0.5, 1, 1_000)
    found, budget = (
        reviewed(scores, np.zeros(1_000)),
        AlertBudget(per_hour=20, precision=0.5),
    )
    up = aim(found, 0.5, budget, CONFIDENCE)
    assert (up.ground, up.kept) == ("fewer", False)
    assert up.score is not None
    assert up.score == pytest.approx(0.9, abs=0.005)
    assert (scores >= up.score).sum() / found.hours <= 20
    assert aim(found, up.score, budget, CONFIDENCE).score is None
    assert aim(found, 0.5, PrecisionTarget(at_least=0.5), CONFIDENCE).score is None
