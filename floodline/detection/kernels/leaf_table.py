"""The layout of short trees: one counter a leaf, and each leaf's score looked up.

An event is walked down each tree once: the leaf's score of the last window is added, the leaf's
count of this window goes up. Only at a window's end are the masses of all nodes summed, and the
score that River's walk would give is worked out for every leaf.

`cells` is (trees, 3 * 2^h): below 2^h a node's threshold, and 2^h further on than each node the sum
of r 2^depth of a walk that comes to it, which for a leaf is its score.
`masses` is (2, trees, 2^(h + 1)): the window being counted (leaves only), then the last one.
"""

import numpy as np

from floodline.detection.kernels.compiled import borrowing, inlined
from floodline.detection.kernels.descent import ROOT, Features, Floats, Masses, child, first_missing
from floodline.detection.kernels.progress import LEARN, MISFIT, SCORE, Progress, fits

_BLOCK = 256  # events whose rows stay in the nearest cache while tree after tree sees them


@borrowing
def advance_leaf_table(
    rows: Floats,
    out: Floats,
    features: Features,
    cells: Floats,
    masses: Masses,
    progress: Progress,
    mode: int,
) -> int:
    """Score and learn up to the first that misses a feature, which is returned."""
    if not fits(rows, out, progress):
        return MISFIT
    stop = first_missing(rows)
    trees, width = features.shape
    window = progress[2]
    best = trees * window * (2.0 * width - 1.0)
    row = 0
    while row < stop:
        end = min(row + _BLOCK, stop)
        if mode & LEARN:
            end = min(end, row + window - progress[0])
        _walk_block(rows, out, features, cells, masses, row, end, mode)
        seen = progress[1] > 0 and mode & SCORE
        for event in range(row, end):
            out[event] = 1.0 - out[event] / best if seen else 0.0
        if mode & LEARN:
            progress[0] += end - row
            if progress[0] == window:
                turn_window(cells, masses, progress)
        row = end
    return stop


@borrowing
def _walk_block(
    rows: Floats,
    out: Floats,
    features: Features,
    cells: Floats,
    masses: Masses,
    start: int,
    end: int,
    mode: int,
) -> None:
    """Add up the leaves' scores in `out` and count the leaves, tree by tree."""
    count = np.int32(mode & LEARN != 0)
    together = start + (end - start) // 10 * 10
    for event in range(start, end):
        out[event] = 0.0
    width = np.uint64(features.shape[1])
    for number in range(features.shape[0]):
        tree = np.uint64(number)
        _walk_tens(rows, out, tree, features, cells, masses, count, start, together)
        for event in range(together, end):
            node = ROOT
            while node < width:
                node = child(tree, node, rows, np.uint64(event), features, cells)
            out[event] += cells[tree, node + width]
            masses[0, tree, node] += count


@inlined
def _walk_tens(
    rows: Floats,
    out: Floats,
    tree: np.uint64,
    features: Features,
    cells: Floats,
    masses: Masses,
    count: np.int32,
    start: int,
    end: int,
) -> None:
    """Walk one tree with ten events at a time.

    A step waits for its loads: ten walks that do not need each other fill the wait. The sums are of
    whole numbers below 2^53, so that their order changes no bit.
    """
    width = np.uint64(features.shape[1])
    for event in range(start, end, 10):
        e0 = np.uint64(event)
        e1 = e0 + ROOT
        e2 = e1 + ROOT
        e3 = e2 + ROOT
        e4 = e3 + ROOT
        e5 = e4 + ROOT
        e6 = e5 + ROOT
        e7 = e6 + ROOT
        e8 = e7 + ROOT
        e9 = e8 + ROOT
        n0 = n1 = n2 = n3 = n4 = n5 = n6 = n7 = n8 = n9 = ROOT
        while n0 < width:
            n0 = child(tree, n0, rows, e0, features, cells)
            n1 = child(tree, n1, rows, e1, features, cells)
            n2 = child(tree, n2, rows, e2, features, cells)
            n3 = child(tree, n3, rows, e3, features, cells)
            n4 = child(tree, n4, rows, e4, features, cells)
            n5 = child(tree, n5, rows, e5, features, cells)
            n6 = child(tree, n6, rows, e6, features, cells)
            n7 = child(tree, n7, rows, e7, features, cells)
            n8 = child(tree, n8, rows, e8, features, cells)
            n9 = child(tree, n9, rows, e9, features, cells)
        for offset, node in enumerate((n0, n1, n2, n3, n4, n5, n6, n7, n8, n9)):
            out[event + offset] += cells[tree, node + width]
            masses[0, tree, node] += count


@borrowing
def turn_window(cells: Floats, masses: Masses, progress: Progress) -> None:
    """End the window: its masses become the reference, the leaves' scores follow from them."""
    nodes = np.uint64(masses.shape[2])
    last, latest = ROOT, np.uint64(0)
    for tree in range(np.uint64(masses.shape[1])):
        for leaf in range(nodes >> ROOT, nodes):
            masses[last, tree, leaf] = masses[latest, tree, leaf]
            masses[latest, tree, leaf] = 0
    sum_masses(masses, 1)
    score_leaves(cells, masses, 0.1 * progress[2])
    progress[0] = 0
    progress[1] += 1


@borrowing
def sum_masses(masses: Masses, window: int) -> None:
    """Fill the inner nodes from the leaves: a node's mass is its children's together."""
    which, half = np.uint64(window), np.uint64(masses.shape[2] >> 1)
    for tree in range(np.uint64(masses.shape[1])):
        for above in range(ROOT, half):
            node = half - above
            left = node << ROOT
            masses[which, tree, node] = masses[which, tree, left] + masses[which, tree, left | ROOT]


@borrowing
def score_leaves(cells: Floats, masses: Masses, limit: float) -> None:
    """Put in each leaf's cell what River's walk to it adds up: the sum of r 2^depth.

    The walk ends under the first node with r < limit. Masses shrink on the way down, so that it
    ended above a node if and only if the node's parent is below the limit.
    """
    nodes, last = np.uint64(masses.shape[2]), ROOT
    width = nodes >> ROOT
    for tree in range(np.uint64(masses.shape[1])):
        cells[tree, width + ROOT] = masses[last, tree, ROOT]
        first, power = ROOT << ROOT, 2.0
        while first < nodes:
            for node in range(first, first << ROOT):
                parent = node >> ROOT
                total = cells[tree, width + parent]
                if masses[last, tree, parent] >= limit:
                    total += masses[last, tree, node] * power
                cells[tree, width + node] = total
            first, power = first << ROOT, 2.0 * power
