"""Explanations: the guilty feature first, usual ranges, and the leaves that the event reaches."""

from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from floodline.detection.explanation import Explanation, FeatureContribution, largest
from floodline.detection.half_space_trees import HalfSpaceTrees
from floodline.detection.models import new_detector
from floodline.detection.parameters import DefaultProfile, RiverProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.river_profile import RiverProfileForest
from tests.unit.detection.plain_forest import PlainForest

NAMES = tuple("abcdef")


def usual(count: int, seed: int = 3) -> NDArray[np.float64]:
    """Normal values, each feature with a scale of its own."""
    drawn = np.random.default_rng(seed).normal(size=(count, len(NAMES)))
    scales = np.array([1.0, 10.0, 0.1, 1e6, 1e-6, 3.0])
    found: NDArray[np.float64] = drawn * scales + 5.0
    return found


def learnt(parameters: DefaultProfile | RiverProfile) -> Any:
    """A detector that has learnt 1,130 usual events: it stands within a window."""
    detector = new_detector(parameters, NAMES)
    detector.score_learn_many(usual(1_130))
    return detector


def by_feature(found: Explanation) -> dict[str, FeatureContribution]:
    """The contributions by name."""
    return {each.feature: each for each in found.contributions}


@pytest.mark.parametrize("parameters", [DefaultProfile(), RiverProfile(trees=50)])
@pytest.mark.parametrize("guilty", range(len(NAMES)))
def test_the_guilty_feature_comes_first(
    parameters: DefaultProfile | RiverProfile, guilty: int
) -> None:
    """A value eight deviations out, in an event that is usual else, comes first."""
    detector = learnt(parameters)
    scale = usual(1_000).std(axis=0)
    first = []
    for event in np.split(usual(20, seed=4), 20):
        event[0, guilty] = 5.0 + 8.0 * scale[guilty]
        first.append(detector.explain(event).contributions[0].feature)
    assert first.count(NAMES[guilty]) >= (20 if isinstance(parameters, DefaultProfile) else 14)


def test_a_usual_range_holds_nineteen_of_twenty() -> None:
    """Of normal values 95 % lie in the default profile's range, up to 3 % more or less."""
    detector = learnt(DefaultProfile())
    events = usual(2_000, seed=5)
    for name, each in by_feature(detector.explain(events[:1])).items():
        column = events[:, NAMES.index(name)]
        assert each.low is not None
        assert each.high is not None
        assert 0.92 < ((column >= each.low) & (column <= each.high)).mean() < 0.98


def test_rivers_range_is_all_that_it_saw() -> None:
    """In River's profile a range is from the lowest value to the highest so far."""
    detector, seen = learnt(RiverProfile()), usual(1_130)
    for name, each in by_feature(detector.explain(usual(1, seed=6))).items():
        column = seen[:, NAMES.index(name)]
        assert (each.low, each.high) == (column.min(), column.max())


@pytest.mark.parametrize("parameters", [DefaultProfile(), RiverProfile()])
def test_what_is_missing_adds_nothing(parameters: DefaultProfile | RiverProfile) -> None:
    """A missing feature has no value and a contribution of 0."""
    event = usual(1, seed=7)
    event[0, 2] = np.nan
    found = by_feature(learnt(parameters).explain(event))["c"]
    assert (found.value, found.contribution) == (None, 0.0)


@pytest.mark.parametrize("parameters", [DefaultProfile(), RiverProfile()])
def test_a_feature_that_was_never_seen_has_no_range(
    parameters: DefaultProfile | RiverProfile,
) -> None:
    """A feature's first value is shown without a usual range."""
    detector, seen = new_detector(parameters, NAMES), usual(1_130)
    assert isinstance(detector, RememberingForest | RiverProfileForest)
    seen[:, 1] = np.nan
    detector.score_learn_many(seen)
    found = by_feature(detector.explain(usual(1, seed=8)))["b"]
    assert found.value is not None
    assert (found.low, found.high) == (None, None)


def test_the_largest_contributions_are_kept_whatever_their_sign() -> None:
    """Cut to two, an explanation keeps the two largest, in their order, and all else."""
    found = learnt(DefaultProfile()).explain(usual(1, seed=11))
    sizes = (0.5, 0.2, 0.1, 0.0, -0.1, -0.3)
    parts = [
        msgspec.structs.replace(part, contribution=size)
        for part, size in zip(found.contributions, sizes, strict=True)
    ]
    whole = msgspec.structs.replace(found, contributions=tuple(parts))
    cut = largest(whole, 2)
    assert cut == msgspec.structs.replace(whole, contributions=(parts[0], parts[5]))
    assert largest(whole, 6) is whole
    assert len(largest(whole, 4).contributions) == 4


def test_before_the_start_nothing_adds() -> None:
    """A forest that knows no scale yet explains a score of 0 by zeros, without ranges."""
    found = RememberingForest(DefaultProfile(), NAMES).explain(usual(1))
    assert found.total == 0.0
    assert {(each.contribution, each.low) for each in found.contributions} == {(0.0, None)}


def test_it_tells_how_rare_each_tree_found_the_event() -> None:
    """Sixteenths of a bit above the usual, as the plainly written forest has them."""
    parameters = DefaultProfile(trees=12)
    forest, plain = RememberingForest(parameters, NAMES), PlainForest(parameters, len(NAMES))
    rows = usual(1_130)
    forest.score_learn_many(rows)
    for event in rows.tolist():
        plain.score_learn_one(event)
    events = usual(20, seed=12)
    events[::2, 1] += 60.0
    for event in events:
        leaves = [plain._leaf(tree, event.tolist()) for tree in range(12)]
        bits = [plain.table[tree][leaf] - plain.usual for tree, leaf in enumerate(leaves)]
        told = forest.explain(event[np.newaxis, :]).excess
        assert list(told) == [min(max(round(16 * above), 0), 255) for above in bits]
        assert max(told) > 0
    assert set(RememberingForest(parameters, NAMES).explain(events[:1]).excess) == {0}
    assert learnt(RiverProfile()).explain(events[:1]).excess == b""


def test_the_leaves_are_those_that_learn_the_event() -> None:
    """The path names the leaves whose counts grow by one, for events that miss a feature too."""
    forest = learnt(DefaultProfile(trees=30))
    for at, event in enumerate(np.split(usual(40, seed=9), 40)):
        if at % 2:
            event[0, at % len(NAMES)] = np.nan
        leaves = np.frombuffer(forest.explain(event).leaves, dtype="<u2")
        before = forest.memory.counts.copy()
        forest.score_learn_many(event)
        grown = forest.memory.counts - before
        assert grown.sum() == leaves.size == 30
        assert (grown[np.arange(30), leaves] == 1).all()


@pytest.mark.parametrize("height", [6, 12])
def test_leaves_of_rivers_trees_are_rivers(height: int) -> None:
    """The leaf is the last node of the way that River's own tree takes, features missing or not."""
    trees = HalfSpaceTrees(
        n_trees=4, height=height, window_size=60, seed=1, feature_names=("x", "y")
    )
    draw = np.random.default_rng(2)
    events = draw.random((150, 2))
    events[draw.random((150, 2)) < 0.1] = np.nan
    assert trees.leaves_of(events).shape == (150, 0)
    trees.learn_many(events[:100])
    river, found = trees.to_river(), trees.leaves_of(events[100:])
    for event, leaves in zip(events[100:], found, strict=True):
        values = {name: value for name, value in zip("xy", event, strict=True) if value == value}
        assert [_leaf(tree, values) for tree in river.trees] == leaves.tolist()


def _leaf(tree: Any, values: dict[str, float]) -> int:
    """The number of River's leaf: a 0 for each left turn, a 1 for each right one."""
    leaf, above = 0, None
    for node in tree.walk(values, until_leaf=True):
        if above is not None:
            leaf = 2 * leaf + (node is above.children[1])
        above = node
    return leaf


def test_a_high_tree_takes_wider_numbers() -> None:
    """Trees higher than 16 have leaves of four bytes each in a path."""
    detector = RiverProfileForest(RiverProfile(trees=2, height=17, window=20), ("x",))
    detector.score_learn_many(np.linspace(0.0, 1.0, 30).reshape(-1, 1))
    leaves = detector.explain(np.array([[2.0]])).leaves
    assert np.frombuffer(leaves, dtype="<u4").tolist() == [2**17 - 1] * 2


@pytest.mark.parametrize("parameters", [DefaultProfile(), RiverProfile()])
def test_an_explanation_survives_json(parameters: DefaultProfile | RiverProfile) -> None:
    """As JSON and back it is the same; a value that is no finite number is none."""
    event = usual(1, seed=10)
    event[0, 0], event[0, 1] = np.nan, np.inf
    found = learnt(parameters).explain(event)
    assert by_feature(found)["b"].value is None
    assert msgspec.json.decode(msgspec.json.encode(found), type=Explanation) == found
