"""River's trees, drawn fast."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river.tree import padded

from floodline.detection.tree_drawing import draw_trees

RIVERS_TREE: Any = padded.make_padded_tree  # River publishes no types
END = st.floats(-1e12, 1e12) | st.integers(-1000, 1000)
BOX = st.tuples(END, END).filter(lambda ends: ends[1] - ends[0] > 1e-3)


def heap(tree: Any, height: int) -> list[Any]:
    """The inner nodes of River's tree, level by level."""
    nodes: list[Any] = []
    level = [tree]
    for _ in range(height):
        nodes += level
        level = [child for node in level for child in node.children]
    return nodes


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    seed=st.integers(0, 2**70),
    limits=st.lists(BOX, min_size=1, max_size=6),
    n_trees=st.integers(1, 3),
    height=st.integers(1, 7),
)
def test_trees_are_rivers(
    seed: int, limits: list[tuple[float, float]], n_trees: int, height: int
) -> None:
    """Each feature and each threshold is River's to the bit, and so is the generator's end."""
    ours, theirs = random.Random(seed), random.Random(seed)
    trees = draw_trees(ours, limits, n_trees, height)
    for tree in range(n_trees):
        root = RIVERS_TREE(
            limits=dict(enumerate(limits)),
            height=height,
            padding=0.15,
            rng=theirs,
            l_mass=0,
            r_mass=0,
        )
        nodes = heap(root, height)
        assert trees.features[tree, 1:].tolist() == [node.feature for node in nodes]
        assert trees.thresholds[tree, 1:].tolist() == [node.threshold for node in nodes]
    assert ours.getstate() == theirs.getstate()


def test_tall_trees_come_at_once() -> None:
    """25 trees of height 15, for which River takes seconds, have all their thresholds."""
    trees = draw_trees(random.Random(1), [(0.0, 1.0)] * 10, 25, 15)
    assert trees.thresholds.shape == (25, 2**15)
    assert (trees.thresholds[:, 1:] > 0).all()


@pytest.mark.parametrize(
    "limits",
    [
        [],
        [(1.0, 1.0)],
        [(2.0, 1.0)],
        [(0.0, float("inf"))],
        [(float("nan"), 1.0)],
        [(0.0, 5e-324)],
    ],
)
def test_boxes_that_cannot_be_cut_are_refused(limits: list[tuple[float, float]]) -> None:
    """No features, no width, no finite width: a ValueError, as in River's generator."""
    with pytest.raises(ValueError, match=r"drawn"):
        draw_trees(random.Random(1), limits, 1, 3)
