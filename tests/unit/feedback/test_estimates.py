"""Precision from labels: bounds that hold, and labels that count for the alerts like them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from floodline.feedback.estimates import PrecisionCurve, RaisedAlert, lower_bound, upper_bound


def raised(
    score: float, anomaly: float | None, threshold: float = 0.5, release: int = 0
) -> RaisedAlert:
    return RaisedAlert(score=score, threshold=threshold, release=release, anomaly=anomaly)


@pytest.mark.parametrize("trials", [1, 2, 5, 12, 30, 200])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.99])
def test_the_bounds_cover_the_true_share_at_every_count(
    trials: int, share: float, confidence: float
) -> None:
    """Summed over every outcome, each bound holds with at least the stated confidence."""
    successes = np.arange(trials + 1, dtype=np.float64)
    chances = binom.pmf(successes, trials, share)
    counts = np.full(trials + 1, float(trials))
    low = lower_bound(successes, counts, confidence)
    high = upper_bound(successes, counts, confidence)
    assert chances[low <= share].sum() >= confidence - 1e-9
    assert chances[high >= share].sum() >= confidence - 1e-9


@given(
    st.integers(1, 400).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))),
    st.floats(0.51, 0.99),
)
def test_the_bounds_enclose_the_share_and_order_like_the_confidence(
    counts: tuple[int, int], confidence: float
) -> None:
    """Lower bound, share and upper bound are in order; more confidence widens, never narrows."""
    trials, successes = (np.array([float(count)]) for count in counts)
    low, high = (bound(successes, trials, confidence)[0] for bound in (lower_bound, upper_bound))
    assert 0 <= low <= (successes / trials)[0] + 1e-9
    assert (successes / trials)[0] - 1e-9 <= high <= 1
    assert lower_bound(successes, trials, (1 + confidence) / 2)[0] <= low + 1e-12


def test_no_labels_say_nothing() -> None:
    """Without labels there is no share, and the bounds are 0 and 1."""
    for alerts in ([], [raised(0.7, None)]):
        found = PrecisionCurve(alerts, 0.8).at(0.6)
        assert (found.labels, found.share, found.lower, found.upper) == (0, None, 0, 1)


def test_only_alerts_of_releases_that_showed_all_such_scores_count() -> None:
    """An alert raised under a higher threshold tells nothing about a lower one."""
    alerts = [raised(0.95, 1.0, threshold=0.9), raised(0.95, 0.0, threshold=0.5)]
    curve = PrecisionCurve(alerts, 0.8)
    assert curve.at(0.6).share == 0.0
    assert curve.at(0.92).share == 0.5
    assert curve.at(0.96).share is None


def test_labels_of_the_top_alone_do_not_vouch_for_the_rest() -> None:
    """Where only the highest fifth is labelled, all real, the lower bound stays below a fifth."""
    alerts = [raised(0.5 + i / 1000, 1.0 if i >= 400 else None) for i in range(500)]
    found = PrecisionCurve(alerts, 0.8).at(0.5)
    assert found.share == 1.0
    assert found.covered == pytest.approx(0.2)
    assert found.lower < 0.2 < 0.99 < found.upper


def test_a_stratum_with_few_labels_counts_for_its_alerts() -> None:
    """Labelling the top ten times as often does not move the estimated share."""
    alerts = []
    for i in range(1000):
        top = i >= 800
        labelled = i % (1 if top else 10) == 0
        alerts.append(raised(0.5 + i / 2000, float(top) if labelled else None))
    found = PrecisionCurve(alerts, 0.8).at(0.5)
    assert found.share == pytest.approx(0.2, abs=0.01)
    assert found.lower < 0.2 < found.upper


def test_split_analysts_weigh_nothing_and_a_majority_weighs_by_agreement() -> None:
    """Half against half is no label; two of three is a third of one."""
    split = [raised(0.7, 0.5)] * 4
    assert PrecisionCurve(split, 0.8).at(0.6).labels == 0
    majority = [raised(0.7, 2 / 3)] * 6
    assert PrecisionCurve(majority, 0.8).at(0.6).labels == pytest.approx(2)
    assert PrecisionCurve(majority, 0.8).at(0.6).share == pytest.approx(2 / 3)


@given(
    st.lists(
        st.tuples(st.floats(0.3, 1), st.floats(0, 1), st.sampled_from([None, 0.0, 1.0])),
        max_size=60,
    ),
    st.floats(0, 1),
)
def test_the_curve_equals_the_count_by_hand(
    drawn: list[tuple[float, float, float | None]], at: float
) -> None:
    """Labels at a threshold are those with `threshold <= t <= score`, whatever the order."""
    alerts = [raised(score, a, threshold=score * part) for score, part, a in drawn]
    found = PrecisionCurve(alerts, 0.8).at(at)
    telling = [a for a in alerts if a.anomaly is not None and a.threshold <= at <= a.score]
    assert found.labels == pytest.approx(len(telling))
    assert 0 <= found.lower <= found.upper <= 1 + 1e-12
    assert PrecisionCurve(alerts[::-1], 0.8).at(at) == found or telling
