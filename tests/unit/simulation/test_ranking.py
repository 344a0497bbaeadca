"""Average precision against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from floodline.simulation.ranking import average_precision, best_recall


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), min_size=1, max_size=60))
def test_it_is_scikit_learns(events: list[tuple[int, bool]]) -> None:
    """With ties too."""
    scores = np.array([score for score, _ in events], np.float64)
    real = np.array([truth for _, truth in events])
    found = average_precision(scores, real)
    if real.any():
        assert found == pytest.approx(average_precision_score(real, scores))
    else:
        assert found is None


def test_the_best_recall_is_of_a_threshold_that_holds_the_target() -> None:
    """Ten real, ten false, ten real: at .7 only the first ten can be had, at .6 all."""
    scores = np.linspace(1, 0, 30)
    real = np.repeat([True, False, True], 10)
    assert best_recall(scores, real, 0.7) == 0.5
    assert best_recall(scores, real, 0.6) == 1.0
    assert best_recall(scores, ~real, 0.7) is None


def test_fewer_than_ten_alerts_reach_no_target() -> None:
    """Nine that are all real say nothing."""
    scores = np.linspace(1, 0, 30)
    assert best_recall(scores, np.arange(30) < 9, 0.95) is None
