"""The layout of short trees: one counter a leaf, and each leaf's score looked up.

An event is walked down each tree once: the leaf's score of the last window is added, the leaf's
count of this window goes up. Only at a window's end are the masses of all nodes summed, and the
score that River's walk would give is worked out for every leaf.

`cells` is (trees, 2^(h + 1)): below 2^h a node's threshold, from there a leaf's score.
`masses` is (2, trees, 2^(h + 1)): the window being counted (leaves only), then the last one.
"""

import numpy as np

from floodline.detection.kernels.compiled import compiled
from floodline.detection.kernels.descent import ROOT, Features, Floats, Masses, child, first_missing
from floodline.detection.kernels.progress import LEARN, SCORE, Progress

_BLOCK = 256  # events whose rows stay in the nearest cache while tree after tree sees them


@compiled
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
    stop = first_missing(rows)
    trees, width = features.shape
    window = progress[2]
    best = trees * window * (2.0 * width - 1.0)
    row = 0
    while row < stop:
        end = min(row + _BLOCK, stop)
        if mode & LEARN:
            end = min(end, row + window - progress[0])
        _walk_block(rows, out, features, cells, masses[0], row, end, mode)
        seen = progress[1] > 0 and mode & SCORE
        for event in range(row, end):
            out[event] = 1.0 - out[event] / best if seen else 0.0
        if mode & LEARN:
            progress[0] += end - row
            if progress[0] == window:
                turn_window(cells, masses, progress)
        row = end
    return stop


@compiled
def _walk_block(
    rows: Floats,
    out: Floats,
    features: Features,
    cells: Floats,
    latest: Masses,
    start: int,
    end: int,
    mode: int,
) -> None:
    """Add up the leaves' scores in `out` and count the leaves, eight events at a time.

    Eight, because a step waits for its loads: eight walks that do not need each other fill the
    wait. The sums are of whole numbers below 2^53, so that their order changes no bit.
    """
    trees, nodes = features.shape
    width = np.uint64(nodes)
    values, columns = rows.reshape(-1), np.uint64(rows.shape[1])
    count = np.int32(mode & LEARN != 0)
    paired = start + (end - start) // 8 * 8
    for event in range(start, end):
        out[event] = 0.0
    for tree in range(trees):
        feature, cell, leaf = features[tree], cells[tree], latest[tree]
        for event in range(start, paired, 8):
            e0 = np.uint64(event) * columns
            e1, e2, e3 = e0 + columns, e0 + columns * np.uint64(2), e0 + columns * np.uint64(3)
            e4 = e0 + columns * np.uint64(4)
            e5, e6, e7 = e4 + columns, e4 + columns * np.uint64(2), e4 + columns * np.uint64(3)
            n0 = n1 = n2 = n3 = n4 = n5 = n6 = n7 = ROOT
            while n0 < width:
                n0 = child(n0, values, e0, feature, cell)
                n1 = child(n1, values, e1, feature, cell)
                n2 = child(n2, values, e2, feature, cell)
                n3 = child(n3, values, e3, feature, cell)
                n4 = child(n4, values, e4, feature, cell)
                n5 = child(n5, values, e5, feature, cell)
                n6 = child(n6, values, e6, feature, cell)
                n7 = child(n7, values, e7, feature, cell)
            for offset, node in enumerate((n0, n1, n2, n3, n4, n5, n6, n7)):
                out[event + offset] += cell[node]
                leaf[node] += count
        _walk_rest(values, columns, out, feature, cell, leaf, count, paired, end)


@compiled
def _walk_rest(
    values: Floats,
    columns: np.uint64,
    out: Floats,
    feature: Features,
    cell: Floats,
    leaf: Masses,
    count: np.int32,
    start: int,
    end: int,
) -> None:
    """The last events of a block, fewer than eight: four at a time, then one at a time."""
    width = np.uint64(feature.shape[0])
    for event in range(start, end - 3, 4):
        e0 = np.uint64(event) * columns
        e1, e2, e3 = e0 + columns, e0 + columns * np.uint64(2), e0 + columns * np.uint64(3)
        n0 = n1 = n2 = n3 = ROOT
        while n0 < width:
            n0 = child(n0, values, e0, feature, cell)
            n1 = child(n1, values, e1, feature, cell)
            n2 = child(n2, values, e2, feature, cell)
            n3 = child(n3, values, e3, feature, cell)
        for offset, node in enumerate((n0, n1, n2, n3)):
            out[event + offset] += cell[node]
            leaf[node] += count
    for event in range(start + (end - start) // 4 * 4, end):
        n0 = ROOT
        while n0 < width:
            n0 = child(n0, values, np.uint64(event) * columns, feature, cell)
        out[event] += cell[n0]
        leaf[n0] += count


@compiled
def turn_window(cells: Floats, masses: Masses, progress: Progress) -> None:
    """End the window: its masses become the reference, the leaves' scores follow from them."""
    for tree in range(cells.shape[0]):
        masses[1, tree] = masses[0, tree]
        masses[0, tree] = 0
        sum_masses(masses[1, tree])
    score_leaves(cells, masses[1], 0.1 * progress[2])
    progress[0] = 0
    progress[1] += 1


@compiled
def sum_masses(mass: Masses) -> None:
    """Fill one tree's inner nodes from its leaves: a node's mass is its children's together."""
    for node in range(mass.shape[0] // 2 - 1, 0, -1):
        mass[node] = mass[2 * node] + mass[2 * node + 1]


@compiled
def score_leaves(cells: Floats, reference: Masses, limit: float) -> None:
    """Put in each leaf's cell what River's walk to it adds up: the sum of r 2^depth.

    The walk ends under the first node with r < limit. Masses shrink on the way down, so that it
    ended above a node if and only if the node's parent is below the limit.
    """
    trees, nodes = cells.shape
    sums = np.empty(nodes)
    for tree in range(trees):
        mass = reference[tree]
        sums[1] = mass[1]
        first, power = 2, 2.0
        while first < nodes:
            for node in range(first, 2 * first):
                parent = node >> 1
                sums[node] = sums[parent]
                if mass[parent] >= limit:
                    sums[node] += mass[node] * power
            first, power = 2 * first, 2.0 * power
        cells[tree, nodes // 2 :] = sums[nodes // 2 :]
