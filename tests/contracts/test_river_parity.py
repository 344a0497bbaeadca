"""Every score equals River's, to the bit."""

import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from river import anomaly, preprocessing

from demo import streams
from floodline.detection.half_space_trees import HalfSpaceTrees

RiverTrees: Any = anomaly.HalfSpaceTrees  # River publishes no types
Event = dict[str, Any]
EXTREMES = (math.inf, -math.inf, math.nan, 5e-324, -0.0, 1.7976931348623157e308, 0.5, 1, 10**400)
CONFIGURATIONS = 1_000
QUICK = settings(
    max_examples=CONFIGURATIONS // 2,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("name", streams.names())
def test_every_score_of_a_shipped_stream_is_rivers(name: str) -> None:
    """Min-max scaled, River's default forest and ours give the same bits, event by event."""
    stream = streams.read(name)
    scaler: Any = preprocessing.MinMaxScaler()
    river, ours = RiverTrees(seed=7), HalfSpaceTrees(seed=7, feature_names=stream.features)
    expected, rows = [], []
    for features in stream.rows:
        scaler.learn_one(features)
        scaled = scaler.transform_one(features)
        expected.append(river.score_one(scaled))
        river.learn_one(scaled)
        rows.append([scaled[feature] for feature in stream.features])
    assert ours.score_learn_many(rows).tolist() == expected


def forests(draw: random.Random, heights: tuple[int, int]) -> tuple[Any, HalfSpaceTrees]:
    """River's forest and ours of the same random size."""
    size = draw.randint(1, 8), draw.randint(*heights), draw.randint(1, 40)
    seed = draw.randrange(2**32)
    return RiverTrees(*size, seed=seed), HalfSpaceTrees(*size, seed=seed)


def events(draw: random.Random, thresholds: list[tuple[str, float]]) -> list[Event]:
    """A stream with missing and new features, extreme values, and ties with thresholds."""
    names = [f"f{number}" for number in range(draw.randint(1, 6))]
    missing, hostile = draw.choice([0, 0, 0.02, 0.4]), draw.choice([0, 0.05, 0.5])
    stream: list[Event] = [{name: draw.random() for name in names}]
    for _ in range(draw.randint(1, 90)):
        event: Event = {name: draw.random() for name in names if draw.random() >= missing}
        for name in event:
            if draw.random() < hostile:
                event[name] = draw.choice(EXTREMES)
        if draw.random() < 0.05:
            event["new"] = draw.random()
        stream.append(event)
    for event in stream[1:]:
        if thresholds and draw.random() < 0.2:
            name, threshold = draw.choice(thresholds)
            event[name] = threshold
    return stream


def thresholds_of(river: Any) -> list[tuple[str, float]]:
    """Some of the values at which River's trees split."""
    nodes = [node for nodes in river._tree_nodes for node in nodes[:40]]
    return [(node.feature, node.threshold) for node in nodes if hasattr(node, "threshold")]


@QUICK
@given(seed=st.integers(0, 2**32))
def test_every_score_of_a_random_forest_is_rivers(seed: int) -> None:
    """Any size to height 10, any stream: score by score the same, also after an exchange."""
    draw = random.Random(seed)
    river, ours = forests(draw, (1, 10) if draw.random() < 0.3 else (1, 6))
    for number, event in enumerate(events(draw, [])):
        assert ours.score_one(event) == river.score_one(event)
        river.learn_one(event)
        ours.learn_one(event)
        if number and draw.random() < 0.02:
            ours = draw.choice([HalfSpaceTrees.from_river(river), revived(ours)])
        if number and draw.random() < 0.01:
            river = ours.to_river()


@QUICK
@given(seed=st.integers(0, 2**32))
def test_rivers_score_at_a_threshold_itself(seed: int) -> None:
    """Values equal to thresholds go right on both sides, learnt before they are scored."""
    draw = random.Random(seed)
    river, ours = forests(draw, (1, 6))
    first = {f"f{number}": 0.5 for number in range(3)}
    river.learn_one(first)
    ours.learn_one(first)
    for event in events(draw, thresholds_of(river)):
        river.learn_one(event)
        ours.learn_one(event)
        assert ours.score_one(event) == river.score_one(event)


def revived(ours: HalfSpaceTrees) -> HalfSpaceTrees:
    """It, by way of its bytes."""
    return HalfSpaceTrees.from_state(ours.to_state())


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("missing", [0.0, 0.003])
def test_every_score_of_tall_trees_is_rivers(seed: int, missing: float) -> None:
    """Height 15 as well, when the layout changes for missing features too."""
    draw = random.Random(seed)
    river, ours = RiverTrees(2, 15, 60, seed=seed), HalfSpaceTrees(2, 15, 60, seed=seed)
    for number in range(1_500):
        event = {
            f"f{feature}": draw.gauss(0.5, 0.1)
            for feature in range(4)
            if not number or draw.random() >= missing
        }
        assert ours.score_one(event) == river.score_one(event)
        river.learn_one(event)
        ours.learn_one(event)


@pytest.mark.parametrize(("height", "trees"), [(4, 8), (8, 10), (12, 3)])
@pytest.mark.parametrize("missing", [0.0, 0.0005, 0.1])
def test_no_score_depends_on_the_size_of_a_batch(height: int, trees: int, missing: float) -> None:
    """Batches of 1, 7, 100 and 5,000 give the same bits, and the same state, as River's events."""
    draw = np.random.default_rng(5)
    rows = np.abs(np.cumsum(draw.normal(0, 0.02, (5_000, 3)), axis=0)) % 1.0
    rows[1:][draw.random((4_999, 3)) < missing] = np.nan
    outcomes = []
    for size in (1, 7, 100, 5_000):
        ours = HalfSpaceTrees(trees, height, 250, seed=3)
        scores = [ours.score_learn_many(rows[at : at + size]) for at in range(0, 5_000, size)]
        outcomes.append((np.concatenate(scores).tolist(), ours.to_state()))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    river = RiverTrees(trees, height, 250, seed=3)
    for row, score in zip(rows[:2_000].tolist(), outcomes[0][0], strict=False):
        event = {column: value for column, value in enumerate(row) if not math.isnan(value)}
        assert river.score_one(event) == score
        river.learn_one(event)
