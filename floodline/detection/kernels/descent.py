"""From the root down: the steps that all layouts share, and where a feature is missing.

Trees are complete and lie in heap order: the root is node 1, the children of node i are 2 i and
2 i + 1, and the leaves of a tree of height h are 2^h to 2^(h + 1) - 1. Node numbers are unsigned,
because Numba checks a signed index for being negative at every step.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled, inlined

Floats = NDArray[np.float64]
Features = NDArray[np.uint16]
Masses = NDArray[np.int32]

ROOT = np.uint64(1)
_BLOCK = 512


@inlined
def child(
    node: np.uint64, values: Floats, event: np.uint64, features: Features, thresholds: Floats
) -> np.uint64:
    """The child under which the event falls, by River's rule: left if value < threshold.

    `values` are the rows one after the other, and `event` is where the event's row begins.
    """
    value = values[event + np.uint64(features[node])]
    return np.uint64((node << ROOT) | np.uint64(not (value < thresholds[node])))


@compiled
def first_missing(rows: Floats) -> int:
    """The first row with a missing feature (NaN); the number of rows if none."""
    values = rows.reshape(-1)
    width: int = rows.shape[1]
    count: int = rows.shape[0]
    first, last = 0, values.shape[0]
    while first < last:
        end = min(first + _BLOCK, last)
        missing = 0
        for value in values[first:end]:
            missing += value != value  # only NaN differs from itself
        if missing:
            while values[first] == values[first]:
                first += 1
            return first // width
        first = end
    return count


@compiled
def count_leaves(rows: Floats, features: Features, thresholds: Floats, leaves: Masses) -> None:
    """Add each row, none of which misses a feature, to its leaf of each tree.

    `features` and `thresholds` are (trees, 2^h), `leaves` is (trees, 2^h).
    """
    trees, width = thresholds.shape
    values, columns = rows.reshape(-1), np.uint64(rows.shape[1])
    for tree in range(trees):
        for row in range(rows.shape[0]):
            event = np.uint64(row) * columns
            node = ROOT
            while node < width:
                node = child(node, values, event, features[tree], thresholds[tree])
            leaves[tree, node - np.uint64(width)] += 1
