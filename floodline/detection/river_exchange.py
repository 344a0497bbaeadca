"""River's half-space trees to contents and back, exact at any event."""

import random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from river.anomaly import HalfSpaceTrees as RiverTrees
from river.tree.padded import PaddedBranch, PaddedLeaf

from floodline.detection.forest_contents import ForestContents, check_sizes, draw_over
from floodline.detection.tree_drawing import Trees

Masses = NDArray[np.int32]
_BRANCH: Any = PaddedBranch  # River publishes no types for them
_LEAF: Any = PaddedLeaf


def read_river(river: Any) -> ForestContents:
    """What River's detector knows now.

    Raises:
        ValueError: its sizes are none of ours, or its masses are not the sums of its leaves'.
    """
    check_sizes(river.n_trees, river.height, river.window_size)
    limits = {name: (float(low), float(high)) for name, (low, high) in river.limits.items()}
    seed = river.seed if isinstance(river.seed, int) else None
    trees = reference = latest = None
    features: list[Any] = []
    if river.trees:
        features, trees = _read_trees(river)
        drawn = None if seed is None else _drawn(seed, limits, river)
        if drawn is not None and _same(drawn, sorted(limits), trees, features):
            features, trees = sorted(limits), drawn
        else:
            seed = None
        reference, latest = _read_masses(river, "r_mass"), _read_masses(river, "l_mass")
    elif seed is not None and river.rng.getstate() != _generator(seed).getstate():
        seed = None
    return ForestContents(
        n_trees=river.n_trees, height=river.height, window_size=river.window_size, limits=limits,
        seed=river.seed, drawing_seed=seed, feature_names=None, features=features, trees=trees,
        reference=reference, latest=latest, counter=river.counter,
        windows=0 if river._first_window else 1,  # noqa: SLF001  # River has no public name for it
    )  # fmt: skip


def write_river(contents: ForestContents, rng: random.Random) -> Any:
    """River's detector with these contents and a generator in the state of `rng`."""
    river: Any = RiverTrees(
        n_trees=contents.n_trees,
        height=contents.height,
        window_size=contents.window_size,
        limits=contents.limits,
        seed=contents.seed,
    )
    river.rng.setstate(rng.getstate())
    if contents.trees is not None:
        reference, latest = _node_masses(contents.reference), _node_masses(contents.latest)
        river.trees = [
            _node(1, contents, tree, reference, latest) for tree in range(contents.n_trees)
        ]
        river._tree_nodes = [list(tree.iter_dfs()) for tree in river.trees]  # noqa: SLF001
        for name in contents.features:
            river.limits[name]  # River's dict notes each feature it is asked for
    river.counter = contents.counter
    river._first_window = contents.windows == 0  # noqa: SLF001
    return river


def _node(node: int, contents: ForestContents, tree: int, reference: Masses, latest: Masses) -> Any:
    """River's node with all that is under it."""
    masses = {"r_mass": int(reference[tree, node]), "l_mass": int(latest[tree, node])}
    if node >> contents.height or contents.trees is None:
        return _LEAF(**masses)
    return _BRANCH(
        _node(2 * node, contents, tree, reference, latest),
        _node(2 * node + 1, contents, tree, reference, latest),
        feature=contents.features[contents.trees.features[tree, node]],
        threshold=float(contents.trees.thresholds[tree, node]),
        **masses,
    )


def _node_masses(leaves: Masses | None) -> Masses:
    """The masses of all nodes, (trees, 2^(h + 1)), from the leaves'."""
    levels = [np.zeros((0, 0), np.int32) if leaves is None else leaves]
    while levels[-1].shape[1] > 1:
        levels.append(levels[-1][:, ::2] + levels[-1][:, 1::2])
    return np.concatenate([np.zeros_like(levels[-1]), *levels[::-1]], axis=1)


def _heap(river: Any) -> list[list[Any]]:
    """River's nodes, tree by tree, in heap order from the root."""
    forest = []
    for root in river.trees:
        nodes = level = [root]
        for _ in range(river.height):
            level = [child for node in level for child in node.children]
            nodes = nodes + level
        forest.append(nodes)
    return forest


def _read_trees(river: Any) -> tuple[list[Any], Trees]:
    """The features that River's trees ask for, sorted, and the trees over them."""
    width = 2**river.height
    inner = [nodes[: width - 1] for nodes in _heap(river)]
    features = sorted({node.feature for nodes in inner for node in nodes})
    column = {name: place for place, name in enumerate(features)}
    trees = Trees(np.zeros((len(inner), width), np.uint16), np.zeros((len(inner), width)))
    for tree, nodes in enumerate(inner):
        trees.features[tree, 1:] = [column[node.feature] for node in nodes]
        trees.thresholds[tree, 1:] = [node.threshold for node in nodes]
    return features, trees


def _read_masses(river: Any, kind: str) -> Masses:
    """The leaves' masses; refused where the nodes above them are not their sums."""
    masses = np.array([[getattr(node, kind) for node in nodes] for nodes in _heap(river)], np.int32)
    leaves = np.ascontiguousarray(masses[:, 2**river.height - 1 :])
    if not np.array_equal(_node_masses(leaves)[:, 1:], masses):
        raise ValueError(f"River's {kind} of a node is not the sum of those under it")
    return leaves


def _drawn(seed: int, limits: dict[Any, tuple[float, float]], river: Any) -> Trees | None:
    """The trees that this seed gives over all features that River has limits for."""
    try:
        return draw_over(sorted(limits), limits, _generator(seed), river.n_trees, river.height)
    except ValueError:
        return None  # they were drawn some other way; they are kept as they are


def _same(drawn: Trees, drawn_features: list[Any], trees: Trees, features: list[Any]) -> bool:
    """Whether both ask for the same features at the same thresholds."""
    names = [drawn_features.index(name) for name in features if name in drawn_features]
    if len(names) != len(features):
        return False
    asked = np.array(names, np.uint16)[trees.features[:, 1:]]
    return np.array_equal(asked, drawn.features[:, 1:]) and np.array_equal(
        drawn.thresholds, trees.thresholds
    )


def _generator(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # River's generator
