"""Compiling or loading every kernel before the first event, so that no event waits for it."""

from collections.abc import Callable

import numpy as np

from floodline.detection.kernels import peaks
from floodline.detection.kernels import preparation as river_kernels
from floodline.detection.parameters import DefaultProfile, RiverProfile
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule


def prepare(clock: Callable[[], float]) -> float:
    """Run every kernel once on tiny events; the seconds it took by `clock` are returned.

    A first start compiles (half a minute on a slow core) and keeps the result on disk: beside the
    source, else in the user's cache folder, or where $NUMBA_CACHE_DIR says. Later ones load it
    within a second or two. Where no folder can be written, each process compiles.
    """
    started = clock()
    river_kernels.prepare(clock)
    peaks.prepare()
    rows = np.linspace(0.0, 1.0, 120).reshape(60, 2)
    rows[30, 1] = np.nan
    for parameters in (
        DefaultProfile(trees=2, height=5, window=8, start=2, warm_up=2, guard=0.1),
        RiverProfile(trees=1, height=1, window=8),
    ):
        scorer = Scorer.new(parameters, ("a", "b"))
        scorer.step_many(rows, ThresholdRule(rarity=0.1), explain=True)
        again = Scorer.from_state(scorer.to_state())
        again.step_many(rows, ThresholdRule(score=0.0), learn=False, explain=True)
        again.step_many(rows, ThresholdRule(rarity=0.01), explain=True, rarities="alerts")
    return clock() - started
