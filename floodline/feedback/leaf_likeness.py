"""How alike two events are by the leaves that they reach, and tables of leaf weights by it."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Leaves = NDArray[np.uint16]

MOST_LEVELS = 16
"""Leaves are numbered in 16 bits."""
_LEAST = 0.1
"""Squared bits that every tree counts for, however ordinary it found an event."""


def depth_shares(height: int, gamma: float) -> Numbers:
    """What having the same node at each depth counts, c_1 to c_h, shape (height,); their sum is 1.

        c_d = gamma^(h - d) / sum_k gamma^(h - k)

    The root, where all are alike, counts nothing.

    >>> depth_shares(3, 0.5).round(3).tolist()
    [0.143, 0.286, 0.571]

    Raises:
        ValueError: there are no such trees, or gamma lies outside [0, 1].
    """
    if not 1 <= height <= MOST_LEVELS:
        raise ValueError(f"trees have 1 to {MOST_LEVELS} levels, not {height}")
    if not 0.0 <= gamma <= 1.0:
        raise ValueError(f"gamma lies in [0, 1], not {gamma}")
    powers = gamma ** np.arange(height - 1, -1, -1, dtype=np.float64)
    return np.asarray(powers / powers.sum())


def tree_shares(excess: Numbers) -> Numbers:
    """What each tree counts of a label's event, (n, T); a row's sum is 1.

        w_t = (max(0, e_t)^2 + 1/10) / sum_k (max(0, e_k)^2 + 1/10)

    with e_t, (n, T), the bits by which tree t found the event rarer than an ordinary one. What made
    the event odd is known to few trees where few of many features are odd; its leaves in the others
    are those of the crowd, and are left alone.

    >>> tree_shares(np.array([[3.0, 0.0, -2.0], [0.0, 0.0, 0.0]])).round(3).tolist()
    [[0.978, 0.011, 0.011], [0.333, 0.333, 0.333]]
    """
    counted = np.maximum(excess, 0.0) ** 2 + _LEAST
    return np.asarray(counted / counted.sum(axis=1, keepdims=True))


def leaf_likeness(
    leaves: Leaves, others: Leaves, height: int, gamma: float, shares: Numbers | None = None
) -> Numbers:
    """The likeness K of one event, (T,), to others, (n, T): n numbers in [0, 1].

        K(x, y) = sum_t w_t(y) sum_{d <= D_t} c_d

    with D_t the depth of the last node that both pass in tree t, and w_t what that tree counts of
    the other event (`shares`, (n, T), from `tree_shares`; None: 1/T, and K is a positive definite
    kernel). It is 1 for the same leaf in every tree, 0 where no tree puts both on the same side of
    its first split.

    *When it fails.* It knows nothing below a leaf: events that the trees do not tell apart are the
    same, however far apart they are.

    >>> one, two = np.array([0, 5], np.uint16), np.array([[0, 5], [1, 5], [4, 1]], np.uint16)
    >>> leaf_likeness(one, two, 3, 0.5).round(3).tolist()
    [1.0, 0.714, 0.0]
    """
    # An xor has its highest bit where the two ways part.
    passed = _alike(height, gamma)[leaves[np.newaxis, :] ^ others]
    if shares is None:
        return np.asarray(passed.mean(axis=1))
    return np.asarray((shares * passed).sum(axis=1))


def _alike(height: int, gamma: float) -> Numbers:
    """For each xor of two leaves what the nodes that both pass count together, (2 ** height,)."""
    passed = np.concatenate([np.zeros(1), np.cumsum(depth_shares(height, gamma))])
    passed[height] = 1.0
    parted = np.frexp(np.arange(2**height, dtype=np.float64))[1]
    return np.asarray(passed[height - parted])


def leaf_table(
    leaves: Leaves, steps: Numbers, height: int, gamma: float, shares: Numbers
) -> Numbers:
    """A table, (T, 2 ** height), whose sum over an event's leaves is sum_i steps_i K(x, x_i).

    `leaves` and `shares`, (n, T), are those of the events x_i. Sums are made in their order.
    """
    trees = leaves.shape[1]
    width = 2**height
    places = leaves.astype(np.int64) + width * np.arange(trees)
    adds = steps[:, np.newaxis] * shares
    sums = np.bincount(places.ravel(), adds.ravel(), minlength=trees * width)
    below = sums.reshape(trees, width)
    table = np.zeros((trees, width))
    for depth, share in enumerate(depth_shares(height, gamma).tolist(), start=1):
        of_nodes = below.reshape(trees, 2**depth, -1).sum(axis=2)
        table += share * np.repeat(of_nodes, width >> depth, axis=1)
    return table
