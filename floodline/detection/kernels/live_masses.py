"""The layout for missing features: the masses of all nodes, kept up to date by every event.

Where a feature is missing, River follows the child that is heavier in the window being counted
(the left one when both weigh the same), so that these masses must be there at every event.

`masses` is (2, trees, 2^(h + 1)): the window being counted, then the last one.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled
from floodline.detection.kernels.descent import ROOT, Features, Floats, Masses
from floodline.detection.kernels.progress import (
    BROKEN,
    LEARN,
    MISFIT,
    SCORE,
    SETTLED,
    WHOLE,
    Progress,
    fits,
)

Leaves = NDArray[np.uint32]


@compiled
def advance_live(
    rows: Floats,
    out: Floats,
    features: Features,
    thresholds: Floats,
    masses: Masses,
    window_rows: Floats,
    progress: Progress,
    mode: int,
) -> int:
    """Score and learn up to the end of a window in which nothing was missing.

    The row after the last one done is returned, and `progress` says SETTLED if it ended so.
    Learnt rows are kept in the first of `window_rows`, (2, window, features), unless that is empty.
    """
    if not fits(rows, out, progress):
        return MISFIT
    trees, width = features.shape
    count: int = rows.shape[0]
    best = trees * progress[2] * (2.0 * width - 1.0)
    limit = 0.1 * progress[2]
    for row in range(count):
        values = rows[row]
        if _misses_some(values):
            progress[3] = BROKEN
        out[row] = 0.0
        if mode & SCORE and progress[1] > 0:
            total = 0.0
            for tree in range(trees):
                total += _score(values, features[tree], thresholds[tree], masses[:, tree], limit)
            out[row] = 1.0 - total / best
        if mode & LEARN:
            for tree in range(trees):
                _learn(values, features[tree], thresholds[tree], masses[0, tree])
            if window_rows.shape[1]:
                window_rows[0, progress[0]] = values
            progress[0] += 1
            if progress[0] == progress[2] and _turn(masses, progress):
                return row + 1
    return count


@compiled
def _misses_some(values: Floats) -> bool:
    """Whether a value is NaN, which alone differs from itself."""
    missing = 0
    for value in values:
        missing += value != value
    return missing > 0


@compiled
def _child(
    node: np.uint64, values: Floats, features: Features, thresholds: Floats, latest: Masses
) -> np.uint64:
    """The child under which the event falls; the heavier one where its feature is missing."""
    value = values[features[node]]
    left = node << ROOT
    if value != value:
        return np.uint64(left | np.uint64(latest[left] < latest[left | ROOT]))
    return np.uint64(left | np.uint64(not (value < thresholds[node])))


@compiled
def _score(
    values: Floats, features: Features, thresholds: Floats, masses: Masses, limit: float
) -> float:
    """One tree's sum of r 2^depth on the way down, as far as River walks."""
    node, power, total = ROOT, 1.0, 0.0
    latest, reference = masses[0], masses[1]
    while node < features.shape[0]:
        total += reference[node] * power
        if reference[node] < limit:
            return float(total)
        node = _child(node, values, features, thresholds, latest)
        power *= 2.0
    return float(total + reference[node] * power)


@compiled
def _learn(values: Floats, features: Features, thresholds: Floats, latest: Masses) -> None:
    """Count the event in every node on its way."""
    node = ROOT
    while node < features.shape[0]:
        latest[node] += 1
        node = _child(node, values, features, thresholds, latest)
    latest[node] += 1


@compiled
def _turn(masses: Masses, progress: Progress) -> bool:
    """End the window: its masses become the reference. True if nothing was missing in it."""
    masses[1] = masses[0]
    masses[0] = 0
    progress[0] = 0
    progress[1] += 1
    progress[3] = SETTLED if progress[3] == WHOLE else WHOLE
    return bool(progress[3] == SETTLED)


@compiled
def find_leaves(
    values: Floats, features: Features, thresholds: Floats, latest: Masses, leaves: Leaves
) -> None:
    """The leaf of each tree that the event falls in, from 0 on the left, into `leaves`, (trees,).

    `latest`, (trees, 2^(h + 1)), has the masses of the window being counted.
    """
    trees, width = features.shape
    for tree in range(trees):
        node = ROOT
        while node < width:
            node = _child(node, values, features[tree], thresholds[tree], latest[tree])
        leaves[tree] = node - np.uint64(width)
