"""Trees that split on one feature a level, each node at a threshold of its own."""

import random
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Uniform = Callable[[], float]

_MARGIN = 0.15
"""A threshold lies in the middle 70 % of its box's side, as in River's trees."""


class LevelTrees(NamedTuple):
    """Complete trees over the unit cube, in arrays.

    Attributes:
        levels: feature of each level, shape (trees, height), uint32.
        shared: leading levels of each tree whose nodes all have one threshold, shape (trees,).
        thresholds: of each node in heap order, shape (trees, 2 ** height - 1), float64 in (0, 1);
            an event at or above it goes right, to node 2 k + 2.
    """

    levels: NDArray[np.uint32]
    shared: NDArray[np.int64]
    thresholds: NDArray[np.float64]


def draw(trees: int, height: int, features: int, seed: int) -> LevelTrees:
    """Trees from a seed: the same on every machine.

    A level's feature is the one that the tree used less among two drawn at random. A node halves
    its box: the threshold is uniform in the middle 70 % of the side. Levels are in the order of a
    feature's first use, so that the first ones need one threshold each: nodes whose boxes have
    the same side share it.
    """
    uniform = random.Random(seed).random  # noqa: S311  # trees, no secrets
    levels = np.empty((trees, height), dtype=np.uint32)
    shared = np.empty(trees, dtype=np.int64)
    thresholds = np.empty((trees, 2**height - 1), dtype=np.float64)
    for tree in range(trees):
        chosen = _features(height, features, uniform)
        firsts = list(dict.fromkeys(chosen))
        again = list(chosen)
        for feature in firsts:
            again.remove(feature)
        levels[tree] = firsts + again
        shared[tree] = len(firsts)
        thresholds[tree] = _thresholds(levels[tree].tolist(), len(firsts), uniform)
    return LevelTrees(levels, shared, thresholds)


def _features(height: int, features: int, uniform: Uniform) -> list[int]:
    used = [0] * features
    chosen = []
    for _ in range(height):
        one, other = int(uniform() * features), int(uniform() * features)
        feature = other if used[other] < used[one] else one
        used[feature] += 1
        chosen.append(feature)
    return chosen


def _thresholds(levels: list[int], shared: int, uniform: Uniform) -> list[float]:
    """The thresholds of one tree in heap order: each node halves the side of its own box."""
    sides: list[dict[int, tuple[float, float]]] = [{}]
    thresholds: list[float] = []
    for depth, feature in enumerate(levels):
        share = uniform()
        below = []
        for side in sides:
            low, high = side.get(feature, (0.0, 1.0))
            if depth >= shared:
                share = uniform()
            threshold = low + (high - low) * (_MARGIN + (1 - 2 * _MARGIN) * share)
            thresholds.append(threshold)
            below += [{**side, feature: (low, threshold)}, {**side, feature: (threshold, high)}]
        sides = below
    return thresholds
