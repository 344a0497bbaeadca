"""Average precision against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from floodline.simulation.ranking import average_precision


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
