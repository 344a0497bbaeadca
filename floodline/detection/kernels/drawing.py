"""The kernel that draws trees: Python's `choices` and `uniform` replayed bit for bit."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled
from floodline.detection.kernels.descent import Features, Floats


@compiled
def draw(
    low: Floats,
    high: Floats,
    numbers: Floats,
    padding: float,
    features: Features,
    thresholds: Floats,
) -> bool:
    """Fill the trees from `numbers`, two a node, in River's order; False if River would refuse."""
    trees, width = thresholds.shape
    height = 0
    while 1 << height < width:
        height += 1
    lows, highs = np.empty((height + 1, low.shape[0])), np.empty((height + 1, low.shape[0]))
    total = np.empty(low.shape[0])
    used = 0
    for tree in range(trees):
        lows[0], highs[0] = low, high
        node, depth = 1, 0
        while node < width:
            feature = _choose(lows[depth], highs[depth], numbers[used], total)
            if feature < 0:
                return False
            threshold = _split(
                lows[depth, feature], highs[depth, feature], numbers[used + 1], padding
            )
            used += 2
            features[tree, node], thresholds[tree, node] = feature, threshold
            node, depth = _next(node, depth, width)
            if node < width:
                _enter(node, depth, features[tree], thresholds[tree], lows, highs)
    return True


@compiled
def _choose(low: Floats, high: Floats, number: float, total: NDArray[np.float64]) -> int:
    """`random.choices` with the boxes' sides as weights: sums, then a bisection to the right."""
    running = high[0] - low[0]
    total[0] = running
    for feature in range(1, low.shape[0]):
        running += high[feature] - low[feature]
        total[feature] = running
    if not (running > 0.0 and running < np.inf):
        return -1
    sought = number * running
    first, last = 0, low.shape[0] - 1
    while first < last:
        middle = (first + last) // 2
        if sought < total[middle]:
            last = middle
        else:
            first = middle + 1
    return first


@compiled
def _split(low: float, high: float, number: float, padding: float) -> float:
    """`random.uniform` between the padded ends, in River's and Python's order of arithmetic."""
    side = padding * (high - low)
    first, last = low + side, high - side
    return first + (last - first) * number


@compiled
def _next(node: int, depth: int, width: int) -> tuple[int, int]:
    """The inner node that River's recursion draws after this one; `width` after the last."""
    if 2 * node < width:
        return 2 * node, depth + 1
    while node & 1:
        node, depth = node >> 1, depth - 1
    return (node + 1, depth) if node else (width, 0)


@compiled
def _enter(
    node: int, depth: int, features: Features, thresholds: Floats, lows: Floats, highs: Floats
) -> None:
    """The node's box: its parent's, cut at the parent's threshold on the node's side."""
    if depth == 0:
        return
    lows[depth], highs[depth] = lows[depth - 1], highs[depth - 1]
    parent = node >> 1
    if node & 1:
        lows[depth, features[parent]] = thresholds[parent]
    else:
        highs[depth, features[parent]] = thresholds[parent]
