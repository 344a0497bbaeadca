"""How alike two events are by the leaves that they reach, and tables of leaf weights by it."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Leaves = NDArray[np.uint16]

MOST_LEVELS = 16
"""Leaves are numbered in 16 bits."""


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


def leaf_likeness(leaves: Leaves, others: Leaves, height: int, gamma: float) -> Numbers:
    """The likeness K of one event, (T,), to others, (n, T): n numbers in [0, 1].

        K(x, y) = 1/T sum_t sum_{d <= D_t} c_d

    with D_t the depth of the last node that both pass in tree t. It is 1 for the same leaf in every
    tree, 0 where no tree puts both on the same side of its first split; a positive definite kernel,
    as a sum of products of indicators.

    *When it fails.* It knows nothing below a leaf: events that the trees do not tell apart are the
    same, however far apart they are.

    >>> one, two = np.array([0, 5], np.uint16), np.array([[0, 5], [1, 5], [4, 1]], np.uint16)
    >>> leaf_likeness(one, two, 3, 0.5).round(3).tolist()
    [1.0, 0.714, 0.0]
    """
    alike = _alike(height, gamma)
    # An xor has its highest bit where the two ways part.
    return np.asarray(alike[leaves[np.newaxis, :] ^ others].mean(axis=1))


def _alike(height: int, gamma: float) -> Numbers:
    """For each xor of two leaves what the nodes that both pass count together, (2 ** height,)."""
    passed = np.concatenate([np.zeros(1), np.cumsum(depth_shares(height, gamma))])
    passed[height] = 1.0
    parted = np.frexp(np.arange(2**height, dtype=np.float64))[1]
    return np.asarray(passed[height - parted])


def leaf_table(leaves: Leaves, steps: Numbers, height: int, gamma: float) -> Numbers:
    """A table, (T, 2 ** height), whose sum over an event's leaves is sum_i steps_i K(x, x_i).

    `leaves`, (n, T), are those of the events x_i. Sums are made in the order of the events.
    """
    count, trees = leaves.shape
    width = 2**height
    places = leaves.astype(np.int64) + width * np.arange(trees)
    sums = np.bincount(places.ravel(), np.repeat(steps, trees), minlength=trees * width)
    below = sums.reshape(trees, width)
    table = np.zeros((trees, width))
    for depth, share in enumerate(depth_shares(height, gamma).tolist(), start=1):
        of_nodes = below.reshape(trees, 2**depth, -1).sum(axis=2)
        table += share * np.repeat(of_nodes, width >> depth, axis=1)
    return table / max(trees, 1) if count else table
