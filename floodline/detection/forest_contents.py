"""All that a half-space forest knows, as one value: what a state or River's object is made of."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.tree_drawing import Trees, draw_trees

_EXACT = 2**53  # up to here float64 holds every whole number
_MOST_LEAVES = 2**24
_MOST_KEPT = 2**26
_SHORT = 10  # taller trees keep the rows of two windows, and where each row ends in each tree
_LONGEST_WINDOW = 2**31 - 1
_TALLEST = 24


class ForestContents(msgspec.Struct, frozen=True, kw_only=True):
    """A forest at one moment.

    `trees` are None before the first event is learnt. `drawing_seed` is the seed from which they
    can be drawn again, None if there is none. `reference` and `latest` are the leaves' masses of
    the last window and of the present one, (trees, 2^h); all other masses are their sums.
    """

    n_trees: int
    height: int
    window_size: int
    limits: dict[Any, tuple[float, float]]
    seed: Any
    drawing_seed: int | None
    feature_names: list[Any] | None
    features: list[Any]
    trees: Trees | None
    reference: NDArray[np.int32] | None
    latest: NDArray[np.int32] | None
    counter: int
    windows: int


def check_sizes(n_trees: int, height: int, window_size: int) -> None:
    """Refuse a forest that cannot be built, or whose sums would not be exact.

    Raises:
        ValueError: says which size, and what it may be.
    """
    if min(n_trees, height, window_size) < 1:
        raise ValueError(
            f"n_trees={n_trees}, height={height}, window_size={window_size}: each must be at least "
            "1"
        )
    if height > _TALLEST or n_trees * 2**height > _MOST_LEAVES:
        raise ValueError(
            f"{n_trees} trees of height {height}: at most height {_TALLEST} and "
            f"{_MOST_LEAVES} leaves in all trees together"
        )
    check_window(height, window_size, n_trees)
    best = n_trees * window_size * (2 ** (height + 1) - 1)
    if window_size > _LONGEST_WINDOW or best >= _EXACT:
        raise ValueError(
            f"n_trees * window_size * (2^(height + 1) - 1) = {best} must be below 2^53, and "
            "window_size below 2^31, for scores to be exact: lower one of them"
        )


def check_window(height: int, window_size: int, width: int) -> None:
    """Refuse a window of so many events, each with `width` numbers, that no memory holds it.

    Raises:
        ValueError: says what it may be.
    """
    if height > _SHORT and window_size * width > _MOST_KEPT:
        raise ValueError(
            f"window_size={window_size} times {width} trees or features: trees higher than "
            f"{_SHORT} keep a window's events, which are at most {_MOST_KEPT} numbers"
        )


def check_names(names: Sequence[Any]) -> None:
    """Refuse names of features that have no order, or of which one comes twice.

    Raises:
        ValueError: says which.
    """
    if len(set(names)) != len(names):
        raise ValueError(f"a feature is named twice among {list(names)[:20]}")
    try:
        sorted(names)
    except TypeError as error:
        raise ValueError(f"features are named in one kind of word: {error}") from error


def draw_over(
    features: Sequence[Any],
    limits: Mapping[Any, tuple[float, float]],
    rng: random.Random,
    n_trees: int,
    height: int,
) -> Trees:
    """River's trees over these features, told by their place in `features`, not in sorted order.

    Raises:
        ValueError: the features or their limits allow no trees, or a name comes twice.
    """
    check_names(features)
    names = sorted(features)
    trees = draw_trees(rng, [limits.get(name, (0.0, 1.0)) for name in names], n_trees, height)
    places = {name: place for place, name in enumerate(features)}
    columns = np.array([places[name] for name in names], np.uint16)
    return Trees(columns[trees.features], trees.thresholds)
