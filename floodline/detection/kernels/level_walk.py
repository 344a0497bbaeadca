"""From events to leaves in level trees.

Trees come one after the other and, within a tree, levels; the inner loops run over the events of a
column and become vector instructions. The first levels of a tree need one threshold each, so most
steps are a comparison with a constant. All indices are unsigned: signed ones cost a selection.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, compiled

Columns = NDArray[np.float64]


@borrowing
def leaves_of_tree(
    columns: Columns,
    tree: int,
    levels: NDArray[np.uint32],
    shared: int,
    thresholds: NDArray[np.float64],
    count: int,
    leaves: NDArray[np.uint32],
) -> None:
    """Write the leaf that each of the first `count` events reaches in one tree into `leaves`.

    `columns` has shape (features, events); `levels` and `thresholds` are those of all trees. Two or
    four levels go in one pass over the events.
    """
    depth = _first_levels(columns, tree, levels, shared, thresholds, count, leaves)
    one, two = np.uint32(1), np.uint32(2)
    while depth + 2 <= shared:
        a, at_a = levels[tree, depth], thresholds[tree, (1 << depth) - 1]
        b, at_b = levels[tree, depth + 1], thresholds[tree, (2 << depth) - 1]
        for e in range(count):
            step = (np.uint32(columns[a, e] >= at_a) << one) | np.uint32(columns[b, e] >= at_b)
            leaves[e] = (leaves[e] << two) | step
        depth += 2
    if depth < shared:
        a, at_a = levels[tree, depth], thresholds[tree, (1 << depth) - 1]
        for e in range(count):
            leaves[e] = (leaves[e] << one) | np.uint32(columns[a, e] >= at_a)
        depth += 1
    _own_levels(columns, tree, levels, depth, thresholds, count, leaves)


@borrowing
def _first_levels(
    columns: Columns,
    tree: int,
    levels: NDArray[np.uint32],
    shared: int,
    thresholds: NDArray[np.float64],
    count: int,
    leaves: NDArray[np.uint32],
) -> int:
    """The first four levels, or the first; how many."""
    a, at_a = levels[tree, 0], thresholds[tree, 0]
    if shared < 4:
        for e in range(count):
            leaves[e] = np.uint32(columns[a, e] >= at_a)
        return 1
    one, two, three = np.uint32(1), np.uint32(2), np.uint32(3)
    b, c, d = levels[tree, 1], levels[tree, 2], levels[tree, 3]
    at_b, at_c, at_d = thresholds[tree, 1], thresholds[tree, 3], thresholds[tree, 7]
    for e in range(count):
        high = (np.uint32(columns[a, e] >= at_a) << three) | (
            np.uint32(columns[b, e] >= at_b) << two
        )
        low = (np.uint32(columns[c, e] >= at_c) << one) | np.uint32(columns[d, e] >= at_d)
        leaves[e] = high | low
    return 4


@borrowing
def _own_levels(
    columns: Columns,
    tree: int,
    levels: NDArray[np.uint32],
    depth: int,
    thresholds: NDArray[np.float64],
    count: int,
    leaves: NDArray[np.uint32],
) -> None:
    """The levels from `depth` on, whose nodes have thresholds of their own."""
    one = np.uint32(1)
    height = levels.shape[1]
    while depth + 2 <= height:
        a, of_a = levels[tree, depth], np.uint32((1 << depth) - 1)
        b, of_b = levels[tree, depth + 1], np.uint32((2 << depth) - 1)
        for e in range(count):
            node = leaves[e]
            node = (node << one) | np.uint32(columns[a, e] >= thresholds[tree, of_a + node])
            leaves[e] = (node << one) | np.uint32(columns[b, e] >= thresholds[tree, of_b + node])
        depth += 2
    if depth < height:
        a, of_a = levels[tree, depth], np.uint32((1 << depth) - 1)
        for e in range(count):
            node = leaves[e]
            leaves[e] = (node << one) | np.uint32(columns[a, e] >= thresholds[tree, of_a + node])


@compiled
def fullest_leaf(
    row: NDArray[np.float64],
    levels: NDArray[np.uint32],
    thresholds: NDArray[np.float64],
    bits: NDArray[np.float64],
    without: int,
    reached: NDArray[np.uint32],
) -> int:
    """The leaf of one event that may miss features (NaN), or is taken to miss `without`.

    At a level whose feature is missing both children are followed; of the leaves that are reached
    the one with the fewest bits counts, the first of equals: what is missing is taken at its most
    usual, given the rest. `reached` is room for as many numbers as there are leaves.
    """
    one = np.uint32(1)
    reached[0] = 0
    count = np.uint32(1)
    for depth in range(levels.shape[0]):
        feature = levels[depth]
        value = row[feature]
        of_level = thresholds[(1 << depth) - 1 :]
        if feature == without or value != value:
            for i in range(count):
                left = reached[i] << one
                reached[i] = left
                reached[count + i] = left | one
            count <<= one
        else:
            for i in range(count):
                node = reached[i]
                reached[i] = (node << one) | np.uint32(value >= of_level[node])
    best = reached[0]
    for i in range(np.uint32(1), count):
        leaf = reached[i]
        if bits[leaf] < bits[best] or (bits[leaf] == bits[best] and leaf < best):
            best = leaf
    return int(best)
