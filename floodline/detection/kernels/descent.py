"""From the root down: the steps that all layouts share, and where a feature is missing.

Trees are complete and lie in heap order: the root is node 1, the children of node i are 2 i and
2 i + 1, and the leaves of a tree of height h are 2^h to 2^(h + 1) - 1. Node numbers are unsigned,
because Numba checks a signed index for being negative at every step.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, compiled, inlined

Floats = NDArray[np.float64]
Features = NDArray[np.uint16]
Masses = NDArray[np.int32]

ROOT = np.uint64(1)
_BLOCK = 64


@inlined
def child(
    tree: np.uint64,
    node: np.uint64,
    rows: Floats,
    row: np.uint64,
    features: Features,
    thresholds: Floats,
) -> np.uint64:
    """The child under which the row falls, by River's rule: left if value < threshold."""
    value = rows[row, np.uint64(features[tree, node])]
    return np.uint64((node << ROOT) | np.uint64(not (value < thresholds[tree, node])))


@borrowing
def first_missing(rows: Floats) -> int:
    """The first row with a missing feature (NaN); the number of rows if there is none."""
    count: int = rows.shape[0]
    columns = np.uint64(rows.shape[1])
    for first in range(0, count, _BLOCK):
        missing = 0
        for row in range(np.uint64(first), np.uint64(min(first + _BLOCK, count))):
            for column in range(columns):
                missing += rows[row, column] != rows[row, column]
        if missing:
            return first + _place(rows, first)
    return count


@borrowing
def _place(rows: Floats, first: int) -> int:
    """How far below `first` the first row with a NaN is; there is one."""
    row = first
    while True:
        for column in range(rows.shape[1]):
            if rows[row, column] != rows[row, column]:
                return row - first
        row += 1


@compiled
def count_leaves(rows: Floats, features: Features, thresholds: Floats, leaves: Masses) -> None:
    """Add each row, none of which misses a feature, to its leaf of each tree.

    `features` and `thresholds` are (trees, 2^h), `leaves` is (trees, 2^h).
    """
    trees, width = thresholds.shape
    for tree in range(trees):
        for row in range(rows.shape[0]):
            node = ROOT
            while node < width:
                node = child(np.uint64(tree), node, rows, np.uint64(row), features, thresholds)
            leaves[tree, node - np.uint64(width)] += 1
