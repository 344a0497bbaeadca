"""What a remembering forest would say of an event without each of its features, in one call."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled
from floodline.detection.kernels.guard import Settings
from floodline.detection.kernels.leaf_masses import Memory
from floodline.detection.kernels.level_walk import fullest_leaf
from floodline.detection.kernels.robust_scale import take_in
from floodline.detection.kernels.tail import add_tail


@compiled
def bits_without(
    event: NDArray[np.float64],
    memory: Memory,
    settings: Settings,
    bits: NDArray[np.float64],
    leaves: NDArray[np.uint16],
    parts: NDArray[np.float64],
) -> None:
    """The bits of an event, (1, d), into `bits[0]`, without feature j into `bits[1 + j]`.

    The same additions in the same order as `bits_of` on the event with that feature missing, so
    that the bits are the same. `leaves`, (T,), gets the leaf that it reaches in each tree, and
    `parts`, (T,), the bits of that leaf. Only the features that a tree asks for are walked again.
    """
    features = event.shape[1]
    columns, odd = np.empty((features, 1)), np.empty(1, dtype=np.uint8)
    take_in(event, memory.scale, columns, odd)
    row = columns[:, 0].copy()
    trees, height = memory.levels.shape
    adds, reached = np.empty(features + 1), np.empty(1 << height, dtype=np.uint32)
    bits[:] = 0.0
    for t in range(trees):
        levels, thresholds, of_leaf = memory.levels[t], memory.thresholds[t], memory.bits[t]
        leaf = fullest_leaf(row, levels, thresholds, of_leaf, -1, reached)
        leaves[t], parts[t] = leaf, of_leaf[leaf]
        adds[:] = of_leaf[leaf]
        for depth in range(height):
            j = np.int64(levels[depth])
            first = True
            for above in range(depth):
                first &= levels[above] != levels[depth]
            if first and row[j] == row[j]:
                leaf = fullest_leaf(row, levels, thresholds, of_leaf, int(j), reached)
                adds[1 + j] = of_leaf[leaf]
        for e in range(features + 1):
            bits[e] += adds[e]
    for e in range(features + 1):
        bits[e] /= trees
    add_tail(columns, memory.scale, settings, 1, bits[:1])
    for k in range(features):
        columns[k, 0] = np.nan
        add_tail(columns, memory.scale, settings, 1, bits[1 + k : 2 + k])
        columns[k, 0] = row[k]
