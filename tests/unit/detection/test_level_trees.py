"""Level trees: what `draw` promises of their shape, and the walks against plain ones."""

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from floodline.detection.level_trees import draw

SHAPES: dict[str, Any] = {
    "height": st.integers(1, 9),
    "features": st.integers(1, 12),
    "seed": st.integers(0, 2**70),
}


@settings(max_examples=150, deadline=None, derandomize=True)
@given(**SHAPES)
def test_each_node_halves_its_box_within_the_middle(height: int, features: int, seed: int) -> None:
    """A threshold lies in the middle 70 % of the side that its box has, so no leaf is empty."""
    trees = draw(2, height, features, seed)
    for levels, thresholds in zip(trees.levels.tolist(), trees.thresholds.tolist(), strict=True):
        boxes = [[(0.0, 1.0)] * features]
        for depth, feature in enumerate(levels):
            below = []
            for place, box in enumerate(boxes):
                low, high = box[feature]
                threshold = thresholds[2**depth - 1 + place]
                assert 0.15 - 1e-9 <= (threshold - low) / (high - low) <= 0.85 + 1e-9
                halves = ((low, threshold), (threshold, high))
                below += [[*box[:feature], half, *box[feature + 1 :]] for half in halves]
            boxes = below


@settings(max_examples=150, deadline=None, derandomize=True)
@given(**SHAPES)
def test_first_levels_share_their_thresholds(height: int, features: int, seed: int) -> None:
    """`shared` levels ask for a feature each, with one threshold; later ones ask for it again."""
    trees = draw(3, height, features, seed)
    for tree in range(3):
        levels, shared = trees.levels[tree].tolist(), int(trees.shared[tree])
        assert 1 <= shared == len(set(levels)) == len(set(levels[:shared]))
        assert max(levels) < features
        for depth in range(shared):
            assert len(set(trees.thresholds[tree, 2**depth - 1 : 2 ** (depth + 1) - 1])) == 1


def test_same_seed_same_trees() -> None:
    """A seed fixes the trees, another seed draws others, and fewer trees are the first ones."""
    one, same, other = draw(20, 6, 5, 7), draw(20, 6, 5, 7), draw(20, 6, 5, 8)
    for field in one._fields:
        assert np.array_equal(getattr(one, field), getattr(same, field))
    assert not np.array_equal(one.thresholds, other.thresholds)
    assert np.array_equal(draw(5, 6, 5, 7).thresholds, one.thresholds[:5])


def test_no_feature_is_forgotten() -> None:
    """Over a forest each feature is asked for about as often as any other."""
    levels = draw(100, 8, 10, 42).levels
    asked = np.bincount(levels.ravel(), minlength=10)
    assert asked.min() > 0.7 * levels.size / 10
    assert asked.max() < 1.3 * levels.size / 10
    assert math.isclose(asked.sum(), levels.size)
