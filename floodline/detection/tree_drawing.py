"""River's trees, drawn as flat arrays: the same features and thresholds to the bit.

River draws a tree from the root down, left before right, with two numbers of its generator a node:
one picks the feature, with a chance in proportion to the box's side, and one picks the threshold in
the middle 70 % of that side. Python's generator and NumPy's `RandomState` are the same Mersenne
twister, so that all numbers come in one call and a kernel replays Python's arithmetic over them.
"""

import random
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.drawing import draw

PADDING = 0.15
WIDEST = 65_535
_TWISTER = 3  # the version of `random.Random.getstate` that holds a Mersenne twister


class Trees(msgspec.Struct, frozen=True):
    """Complete trees in heap order: the root is node 1, the children of node i are 2 i, 2 i + 1.

    `features` (uint16) and `thresholds` (float64) are (trees, 2^height); column 0 is not used.
    """

    features: NDArray[np.uint16]
    thresholds: NDArray[np.float64]


def draw_trees(
    rng: random.Random, limits: Sequence[tuple[float, float]], n_trees: int, height: int
) -> Trees:
    """The trees that River draws from `rng` over boxes with these `limits`, one a feature.

    `limits` are in the order of the sorted feature names; a tree's feature is a place in it. `rng`
    is left where River leaves it.

    Raises:
        ValueError: there is no feature or there are more than 65,535, or a box has a side on which
            River's generator refuses to choose (no width, no finite width).
    """
    if not 1 <= len(limits) <= WIDEST:
        raise ValueError(
            f"trees are drawn over 1 to {WIDEST} features, not {len(limits)}: the first event that "
            "is learnt must have features"
        )
    low, high = np.array(limits, dtype=np.float64).reshape(-1, 2).T.copy()
    trees = Trees(
        np.zeros((n_trees, 2**height), np.uint16), np.zeros((n_trees, 2**height), np.float64)
    )
    numbers = _numbers(rng, n_trees * (2**height - 1) * 2)
    if not draw(low, high, numbers, PADDING, trees.features, trees.thresholds):
        raise ValueError(
            f"no tree of height {height} can be drawn within the limits {list(limits)[:5]}: each "
            "needs a low end below its high end, both finite and far enough apart"
        )
    return trees


def _numbers(rng: random.Random, count: int) -> NDArray[np.float64]:
    """The next `count` values of `rng.random()`; `rng` is moved on as if it had given them."""
    version, words, gauss = rng.getstate()
    if version != _TWISTER:
        raise ValueError(f"a generator of version {version} is not the one that River uses")
    twister = np.random.RandomState()
    twister.set_state(("MT19937", np.array(words[:-1], np.uint32), words[-1], 0, 0.0))
    numbers = twister.random_sample(count)
    _, moved, place, *_ = twister.get_state(legacy=True)
    rng.setstate((version, (*np.asarray(moved).tolist(), int(place)), gauss))
    return numbers
