"""scikit-learn's IsolationForest, fitted again and again on the last events.

scikit-learn fits; its trees are walked by a kernel, whose scores a test holds against
`score_samples`.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from benchmarks.detection.labelled_stream import Rows
from benchmarks.detection.peers.kernel import kernel
from floodline.detection.detector import Scores

TREES = 100
EVERY = 1_000
LAST = 2_048
FIRST = 250
_SAMPLES = 256
_EULER = 0.5772156649015329


def run(rows: Rows, seed: int) -> Scores:
    """Scores by the forest fitted last: at event 250, then at each thousandth, on 2,048 events.

    NaN before event 250. The early fit at 250 favours it: a bare refit every 1,000 events leaves
    the first thousand without a score.
    """
    scores = np.full(len(rows), np.nan)
    ends = [FIRST, *range(EVERY, len(rows), EVERY), len(rows)]
    for start, end in pairwise(ends):
        known = rows[max(0, start - LAST) : start]
        forest = IsolationForest(
            n_estimators=TREES,
            max_samples=min(_SAMPLES, len(known)),
            random_state=seed + start,
            n_jobs=1,
        )
        if start < end:
            forest.fit(known)
            scores[start:end] = scores_of(forest, rows[start:end])
    return scores


def scores_of(forest: IsolationForest, rows: Rows) -> Scores:
    """What `-forest.score_samples(rows)` gives: 2 to the minus depth over its usual depth."""
    narrow = rows.astype(np.float32)
    depths = np.zeros(len(rows))
    for estimator in forest.estimators_:
        tree = estimator.tree_
        children = (tree.children_left, tree.children_right)
        _add_depths(narrow, *children, tree.feature, tree.threshold, tree.n_node_samples, depths)
    usual = _path_length(forest.max_samples_)
    return np.asarray(2.0 ** (-depths / (len(forest.estimators_) * usual)))


@kernel
def _path_length(events: int) -> float:
    """The depth at which that many events would be apart, on average."""
    if events <= 1:
        return 0.0
    if events == 2:
        return 1.0
    return float(2.0 * (np.log(events - 1.0) + _EULER) - 2.0 * (events - 1.0) / events)


@kernel
def _add_depths(
    rows: NDArray[np.float32],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    feature: NDArray[np.int64],
    threshold: NDArray[np.float64],
    size: NDArray[np.int64],
    depths: NDArray[np.float64],
) -> None:
    for e in range(rows.shape[0]):
        node, depth = 0, 0
        while left[node] >= 0:
            low = rows[e, feature[node]] <= threshold[node]
            node, depth = left[node] if low else right[node], depth + 1
        depths[e] += depth + _path_length(size[node])
