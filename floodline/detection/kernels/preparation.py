"""Compiling or loading every kernel before the first event, so that no event waits for it."""

import random
from collections.abc import Callable

import numpy as np

from floodline.detection.kernels.masses import SHORT, ForestMasses
from floodline.detection.kernels.progress import LEARN, SCORE
from floodline.detection.tree_drawing import draw_trees


def prepare(clock: Callable[[], float]) -> float:
    """Run every kernel once on tiny arrays; the seconds it took by `clock` are returned.

    A first start compiles (half a minute on a slow core) and keeps the result on disk; later ones
    load it within a second. Where no folder can be written, each process compiles.
    """
    started = clock()
    for thunk in THUNKS:
        thunk()
    return clock() - started


def _short_trees() -> None:
    _through_all_layouts(1)


def _tall_trees() -> None:
    _through_all_layouts(SHORT + 1)


def _through_all_layouts(height: int) -> None:
    """Two windows of whole rows, one with a row that misses its feature, two whole ones again."""
    trees = draw_trees(random.Random(0), [(0.0, 1.0)], 1, height)  # noqa: S311
    masses = ForestMasses(trees, 9, 1)
    rows = np.full((45, 1), 0.5)
    rows[20] = np.nan
    masses.advance(rows, np.empty(45), SCORE | LEARN)
    masses.restore(*masses.leaves(), 0, 1)


THUNKS: tuple[Callable[[], None], ...] = (_short_trees, _tall_trees)
