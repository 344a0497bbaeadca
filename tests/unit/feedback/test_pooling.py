"""Precision by segment."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from floodline.feedback.pooling import Segments, precision_by_segment
from floodline.feedback.review_estimates import Reviewed

COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=1, max_size=6)


def pooled(counts: list[tuple[int, int]], weight: float = 1.0, threshold: float = 0.5) -> Segments:
    """Segments of so many real and false alerts, and one alert each without an answer."""
    anomaly, segments = [], []
    for name, (real, false) in enumerate(counts):
        anomaly += [1.0] * real + [0.0] * false + [math.nan]
        segments += [name] * (real + false + 1)
    size = len(segments)
    reviewed = Reviewed(
        scores=np.full(size, 0.9),
        weights=np.full(size, weight),
        alerted=np.ones(size, np.bool_),
        anomaly=np.array(anomaly),
        trust=np.ones(size),
        hours=1.0,
    )
    return precision_by_segment(reviewed, np.array(segments), threshold, 0.9)


def test_few_labels_borrow_and_many_stand_for_themselves() -> None:
    """One false alarm condemns no segment; 400 answers stand for themselves."""
    found = pooled([(90, 10), (82, 18), (320, 80), (30, 20), (85, 15), (0, 1)])
    assert not found.alike
    large, small = found.segments[2], found.segments[5]
    assert large.precision.value == pytest.approx(0.8, abs=0.01)
    assert large.borrowed < 0.1
    assert small.precision.value is not None
    assert small.precision.value > 0.5
    assert small.borrowed > 0.8
    assert "one with 1 answers borrows most" in found.reason


def test_segments_that_answers_do_not_tell_apart_are_pooled() -> None:
    """Equal shares: each one's interval is nearly that of all together."""
    found = pooled([(8, 2), (7, 3), (9, 1), (8, 2)])
    assert found.alike
    assert "all are pooled" in found.reason
    values = [each.precision.value for each in found.segments if each.precision.value is not None]
    assert max(values) - min(values) < 0.1


def test_without_answers_anything_is_possible() -> None:
    """No answer: the interval is nearly everything, and the reason says it."""
    found = pooled([(0, 0), (0, 0)])
    assert found.reason == "no alert has an answer: nothing is known of any segment"
    precision = found.segments[0].precision
    assert precision.lower is not None
    assert precision.upper is not None
    assert (precision.lower < 0.06, precision.upper > 0.94) == (True, True)


def test_segments_without_alerts_are_not_named() -> None:
    """Above the threshold there is nothing."""
    found = pooled([(3, 3)], threshold=0.95)
    assert (found.segments, found.reason) == ((), "there are no alerts at this threshold")


def test_the_first_segments_are_estimated_from_all() -> None:
    """Fewer that are asked for have the same estimates, and the number of all is told."""
    reviewed = Reviewed(
        scores=np.full(30, 0.9),
        weights=np.ones(30),
        alerted=np.ones(30, np.bool_),
        anomaly=np.array([1.0, 1.0, 0.0] * 10),
        trust=np.ones(30),
        hours=1.0,
    )
    segments = np.arange(30) // 4
    whole = precision_by_segment(reviewed, segments, 0.5, 0.9)
    some = precision_by_segment(reviewed, segments, 0.5, 0.9, most=3)
    assert some.segments == whole.segments[:3]
    assert (some.total, whole.total, len(whole.segments)) == (8, 8, 8)
    assert "the 8 segments" in some.reason


def test_each_event_has_a_segment() -> None:
    """Arrays that do not fit are refused."""
    reviewed = Reviewed(
        scores=np.ones(2),
        weights=np.ones(2),
        alerted=np.ones(2, np.bool_),
        anomaly=np.ones(2),
        trust=np.ones(2),
        hours=1.0,
    )
    with pytest.raises(ValueError, match="2 events and 1 segments"):
        precision_by_segment(reviewed, np.zeros(1, np.int64), 0.5, 0.9)


@settings(deadline=None, max_examples=40)
@given(COUNTS)
@example([(0, 0), (0, 2)])
def test_estimates_lie_in_their_intervals_and_weights_of_one_size_do_not_matter(
    counts: list[tuple[int, int]],
) -> None:
    """Lower, value and upper ascend; that each stands for five events makes no one surer."""
    one, five = pooled(counts), pooled(counts, weight=5.0)
    for each, other in zip(one.segments, five.segments, strict=True):
        found = each.precision
        assert found.lower is not None
        assert found.value is not None
        assert found.upper is not None
        assert 0 <= found.lower <= found.value <= found.upper <= 1
        assert 0 <= each.borrowed <= 1
        assert other.precision.value == pytest.approx(found.value)


def test_credible_intervals_hold_their_confidence_over_segments() -> None:
    """Of 40 x 8 segments with 2 to 40 answers, about 90 % lie in their 90 % intervals."""
    draw, held, total = np.random.default_rng(8), 0, 0
    for _ in range(40):
        truth = draw.beta(12, 5, 8)
        sizes = draw.integers(2, 41, 8)
        real = draw.binomial(sizes, truth)
        counts = [(int(hit), int(size - hit)) for hit, size in zip(real, sizes, strict=True)]
        for each, share in zip(pooled(counts).segments, truth, strict=True):
            low, high = each.precision.lower, each.precision.upper
            assert low is not None
            assert high is not None
            held += low <= share <= high
            total += 1
    assert 0.86 <= held / total <= 0.95
