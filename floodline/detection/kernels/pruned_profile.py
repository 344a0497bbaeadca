"""The layout of tall trees: the window's rows are kept, and only the nodes that matter are counted.

River's walk ends under the first node with less than a tenth of the window, so that a score reads
at most some ten inner nodes a level. At a window's end its rows are parted down each tree as far as
that, and the few nodes met, with the sum of r 2^depth on the way to each, are the tree's profile.

A profile is a column of each array below, (trees, capacity), with the root in place 0:
`kids` is the place of the left child, with the right one after it, and `sums` the score of a walk
that ends there. An end has a NaN threshold, which sends every event to the right, and its `kids`
is the place before it: a walk that has ended stays where it is, and no step needs a branch.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled, inlined
from floodline.detection.kernels.descent import Features, Floats, first_missing
from floodline.detection.kernels.profile_growth import Places, grow_profiles
from floodline.detection.kernels.progress import LEARN, MISFIT, SCORE, Progress, fits

_TOP = np.uint64(0)


def profile_capacity(height: int) -> int:
    """Places that a profile can need: at most ten nodes a level reach a tenth of the window."""
    return 1 + 20 * height


@compiled
def advance_pruned(
    rows: Floats,
    out: Floats,
    features: Features,
    thresholds: Floats,
    profile_features: Features,
    profile_thresholds: Floats,
    kids: Places,
    sums: Floats,
    depths: NDArray[np.int64],
    ends: Places,
    window_rows: Floats,
    progress: Progress,
    mode: int,
) -> int:
    """Score and learn up to the first that misses a feature, which is returned.

    `window_rows` is (2, window, features): the window being filled, then the last one. `ends` is
    (trees, window): the place where each row of the window being filled ended.
    """
    if not fits(rows, out, progress):
        return MISFIT
    stop = first_missing(rows)
    trees, width = features.shape
    window = progress[2]
    best = trees * window * (2.0 * width - 1.0)
    row = 0
    while row < stop:
        end = min(row + 256, stop)
        if mode & LEARN:
            end = min(end, row + window - progress[0])
        out[row:end] = 0.0
        for tree in range(trees):
            _walk_block(
                rows, out, profile_features[tree], profile_thresholds[tree], kids[tree], sums[tree],
                depths[tree], ends[tree, progress[0] :] if mode & LEARN else ends[tree, :0], row,
                end,
            )  # fmt: skip
        seen = progress[1] > 0 and mode & SCORE
        for event in range(row, end):
            out[event] = 1.0 - out[event] / best if seen else 0.0
        if mode & LEARN:
            window_rows[0, progress[0] : progress[0] + end - row] = rows[row:end]
            progress[0] += end - row
            if progress[0] == window:
                window_rows[1] = window_rows[0]
                grow_profiles(
                    window_rows[1], ends, features, thresholds, profile_features,
                    profile_thresholds, kids, sums, depths,
                )  # fmt: skip
                progress[0] = 0
                progress[1] += 1
        row = end
    return stop


@inlined
def _step(
    place: np.uint64, values: Floats, event: np.uint64, features: Features, limits: Floats,
    kids: Places,
) -> np.uint64:  # fmt: skip
    value = values[event + np.uint64(features[place])]
    return np.uint64(np.uint64(kids[place]) + np.uint64(not (value < limits[place])))


@compiled
def _walk_block(
    rows: Floats, out: Floats, features: Features, limits: Floats, kids: Places, sums: Floats,
    depth: int, ends: Places, start: int, end: int,
) -> None:  # fmt: skip
    """Add one tree's scores to `out` and note the `ends`, if any; eight walks at a time.

    The sums are of whole numbers below 2^53, so that their order changes no bit.
    """
    values, columns = rows.reshape(-1), np.uint64(rows.shape[1])
    learning = ends.shape[0] > 0
    paired = start + (end - start) // 8 * 8
    for event in range(start, paired, 8):
        e0 = np.uint64(event) * columns
        e1, e2, e3 = e0 + columns, e0 + columns * np.uint64(2), e0 + columns * np.uint64(3)
        e4 = e0 + columns * np.uint64(4)
        e5, e6, e7 = e4 + columns, e4 + columns * np.uint64(2), e4 + columns * np.uint64(3)
        n0 = n1 = n2 = n3 = n4 = n5 = n6 = n7 = _TOP
        for _ in range(depth):
            n0 = _step(n0, values, e0, features, limits, kids)
            n1 = _step(n1, values, e1, features, limits, kids)
            n2 = _step(n2, values, e2, features, limits, kids)
            n3 = _step(n3, values, e3, features, limits, kids)
            n4 = _step(n4, values, e4, features, limits, kids)
            n5 = _step(n5, values, e5, features, limits, kids)
            n6 = _step(n6, values, e6, features, limits, kids)
            n7 = _step(n7, values, e7, features, limits, kids)
        for offset, place in enumerate((n0, n1, n2, n3, n4, n5, n6, n7)):
            out[event + offset] += sums[place]
            if learning:
                ends[event - start + offset] = place
    for event in range(paired, end):
        n0 = _TOP
        for _ in range(depth):
            n0 = _step(n0, values, np.uint64(event) * columns, features, limits, kids)
        out[event] += sums[n0]
        if learning:
            ends[event - start] = n0
