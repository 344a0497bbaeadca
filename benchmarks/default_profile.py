"""The default profile, plain and taught, against the plain forest's kernel, interleaved."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.kernel import FEATURES, SEED, WINDOW, stream
from floodline.detection.half_space_trees import HalfSpaceTrees
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest

TREES = 50
HEIGHT = 8
EVENTS = 200_000
BATCH = 1_000
_NAMES = tuple(f"f{column}" for column in range(FEATURES))


def measure(rounds: int, seed: int = SEED) -> dict[str, Any]:
    """Events scored and then learnt per second of CPU time: medians over the rounds.

    `default_50x8` scales, scores and learns raw values; the plain kernel, 10 trees of height 8,
    takes values that lie in [0, 1] already. `default_over_plain` is the median of their ratios,
    `weighted_over_plain` how many times as long an event takes a forest whose leaves have weights.
    """
    rows = stream(seed, EVENTS)
    parameters = DefaultProfile(trees=TREES, height=HEIGHT, window=WINDOW)
    profile, taught = (RememberingForest(parameters, _NAMES) for _ in range(2))
    taught.teach(np.random.default_rng(seed).normal(0, 0.1, (TREES, 2**HEIGHT)))
    plain = HalfSpaceTrees(10, 8, WINDOW, seed=SEED, feature_names=list(_NAMES))
    plain.learn_many(np.empty((0, FEATURES)))
    rates = [
        tuple(_rate(each.score_learn_many, rows) for each in (profile, plain, taught))
        for _ in range(rounds)
    ]
    return {
        f"default_{TREES}x{HEIGHT}": median(ours for ours, _, _ in rates),
        "default_over_plain": median(ours / kernel for ours, kernel, _ in rates),
        "weighted_over_plain": median(ours / weighted for ours, _, weighted in rates),
    }


def _rate(run: Callable[[NDArray[np.float64]], Any], rows: NDArray[np.float64]) -> float:
    started = time.process_time()
    for start in range(0, len(rows), BATCH):
        run(rows[start : start + BATCH])
    return len(rows) / (time.process_time() - started)
