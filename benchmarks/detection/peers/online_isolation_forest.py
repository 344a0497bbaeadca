"""Online Isolation Forest, written anew from its paper: no installable one is quick enough here.

Source: Leveni, Cassales, Pfahringer, Bifet, Boracchi, "Online Isolation Forest", ICML 2024,
algorithms 1 to 4, with their parameters: 32 trees, a window of 2,048, 32 events a leaf, twofold
with each level ("adaptive" growth), 2 branches, splits along one feature. Trees are rows of arrays
in heap order: the children of node k are 2 k + 1 and 2 k + 2.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.detection.labelled_stream import Rows
from benchmarks.detection.peers.kernel import kernel
from floodline.detection.detector import Scores

TREES = 32
WINDOW = 2_048
LEAF = 32
_DEEPEST = 6
_EPSILON = 2.0**-52


class Tree(NamedTuple):
    """One tree; a node's feature is -1 where it is a leaf, its box is what it has seen."""

    feature: NDArray[np.int64]
    split: NDArray[np.float64]
    size: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@kernel
def random_depth(events: float) -> float:
    """The depth that this many events would need on average."""
    return float(np.log(events / LEAF) / np.log(4.0)) if events >= LEAF else 0.0


@kernel
def _child(tree: Tree, node: int, row: NDArray[np.float64]) -> int:
    return 2 * node + 1 + int(row[tree.feature[node]] >= tree.split[node])


@kernel
def _widen(tree: Tree, node: int, row: NDArray[np.float64]) -> None:
    for j in range(row.shape[0]):
        tree.low[node, j] = min(tree.low[node, j], row[j])
        tree.high[node, j] = max(tree.high[node, j], row[j])


@kernel
def _grow(tree: Tree, root: int, depth: int, limit: float, points: NDArray[np.float64]) -> None:
    """Put a subtree of `points` at `root`, split where there are enough and depth allows."""
    node_of = np.full(points.shape[0], root)
    first, last, level, splits = root, root, depth, 1
    while splits:
        splits = 0
        for node in range(first, last + 1):
            tree.size[node], tree.feature[node] = 0, -1
            tree.low[node], tree.high[node] = np.inf, -np.inf
        for e in range(points.shape[0]):
            if node_of[e] >= first:
                tree.size[node_of[e]] += 1
                _widen(tree, node_of[e], points[e])
        for node in range(first, last + 1):
            if tree.size[node] < LEAF << level or level >= limit or level >= _DEEPEST:
                continue
            j = np.random.randint(points.shape[1])
            share = np.random.random()
            tree.feature[node] = j
            tree.split[node] = tree.low[node, j] + share * (tree.high[node, j] - tree.low[node, j])
            splits += 1
            for e in range(points.shape[0]):
                if node_of[e] == node:
                    node_of[e] = _child(tree, node, points[e])
        first, last, level = 2 * first + 1, 2 * last + 2, level + 1


@kernel
def _learn(tree: Tree, row: NDArray[np.float64], events: int) -> None:
    """Algorithm 2: count the event down its path; a full leaf splits on points made in its box."""
    limit = random_depth(events)
    node, depth = 0, 0
    tree.size[0] += 1
    _widen(tree, 0, row)
    while tree.feature[node] >= 0:
        node, depth = _child(tree, node, row), depth + 1
        tree.size[node] += 1
        _widen(tree, node, row)
    if tree.size[node] >= LEAF << depth and depth < limit and depth < _DEEPEST:
        points = np.random.random((tree.size[node], row.shape[0]))
        points *= tree.high[node] - tree.low[node]
        points += tree.low[node]
        _grow(tree, node, depth, limit, points)


@kernel
def _join(tree: Tree, node: int) -> None:
    """The box of a split is that of both its children."""
    left, right = 2 * node + 1, 2 * node + 2
    for j in range(tree.low.shape[1]):
        tree.low[node, j] = min(tree.low[left, j], tree.low[right, j])
        tree.high[node, j] = max(tree.high[left, j], tree.high[right, j])


@kernel
def _collapse(tree: Tree, root: int) -> None:
    """Make `root` a leaf whose box holds those of the leaves below it."""
    below = [root]
    for node in below:
        if tree.feature[node] >= 0:
            below.append(2 * node + 1)
            below.append(2 * node + 2)
    for node in below[::-1]:
        if tree.feature[node] >= 0:
            _join(tree, node)
            tree.feature[node] = -1


@kernel
def _forget(tree: Tree, row: NDArray[np.float64]) -> None:
    """Algorithm 3: count the event out of its path; a split with too few events is undone."""
    node, depth = 0, 0
    tree.size[0] -= 1
    while tree.feature[node] >= 0:
        if tree.size[node] < LEAF << depth:
            _collapse(tree, node)
        else:
            node, depth = _child(tree, node, row), depth + 1
            tree.size[node] -= 1
    while node:
        node = (node - 1) // 2
        _join(tree, node)


@kernel
def _depth(tree: Tree, row: NDArray[np.float64]) -> float:
    """Algorithm 4: the event's depth, and what its leaf's events would add to it."""
    node, depth = 0, 0
    while tree.feature[node] >= 0:
        node, depth = _child(tree, node, row), depth + 1
    return depth + random_depth(tree.size[node])


@kernel
def _advance(rows: NDArray[np.float64], seed: int, scores: NDArray[np.float64]) -> None:
    """Algorithm 1, event by event: score, learn, forget the one that leaves the window."""
    np.random.seed(seed)
    nodes, width = 2 ** (_DEEPEST + 1) - 1, rows.shape[1]
    feature, size = np.full((TREES, nodes), -1), np.zeros((TREES, nodes), np.int64)
    split = np.zeros((TREES, nodes))
    low, high = np.full((TREES, nodes, width), np.inf), np.full((TREES, nodes, width), -np.inf)
    for event in range(rows.shape[0]):
        known = min(event, WINDOW)
        full = random_depth(known)
        total = 0.0
        for t in range(TREES):
            tree = Tree(feature[t], split[t], size[t], low[t], high[t])
            if full > 0.0:
                total += _depth(tree, rows[event])
            _learn(tree, rows[event], known + 1)
            if event >= WINDOW:
                _forget(tree, rows[event - WINDOW])
        if full > 0.0:
            scores[event] = 2.0 ** (-total / TREES / (full + _EPSILON))


def run(rows: Rows, seed: int) -> Scores:
    """Scores by the published rule; NaN for the first 33 events, when every depth is 0."""
    scores = np.full(len(rows), np.nan)
    _advance(rows, seed, scores)
    return scores
