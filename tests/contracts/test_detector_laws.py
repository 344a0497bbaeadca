"""The laws of every detector, crossed with every detector; each case is `detector:law`."""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from floodline.detection.detector import Detector, row
from floodline.detection.named_detector import RiverDetector
from floodline.detection.parameters import DefaultProfile, NamedDetector, RiverProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.river_profile import RiverProfileForest
from floodline.errors import StateRefused

NAMES = ("depth", "flow", "rain")


class Kind(NamedTuple):
    """A detector under the laws: how it is made, and how a state is loaded."""

    make: Callable[[], Detector]
    load: Callable[[bytes], Detector]


DETECTORS: dict[str, Kind] = {
    "default": Kind(
        lambda: RememberingForest(DefaultProfile(trees=20, window=50, warm_up=50, seed=9), NAMES),
        RememberingForest.from_state,
    ),
    "guarded": Kind(
        lambda: RememberingForest(
            DefaultProfile(
                trees=20, window=50, memory=300, guard=0.05, guard_patience=40, warm_up=50
            ),
            NAMES,
        ),
        RememberingForest.from_state,
    ),
    "river": Kind(
        lambda: RiverProfileForest(RiverProfile(trees=5, height=5, window=50, seed=9), NAMES),
        RiverProfileForest.from_state,
    ),
    "river_tall": Kind(
        lambda: RiverProfileForest(RiverProfile(trees=3, height=12, window=50, seed=9), NAMES),
        RiverProfileForest.from_state,
    ),
}


def by_name(*steps: tuple[str, dict[str, Any]]) -> Kind:
    """River's estimators by name, with their parameters."""
    names, parameters = zip(*steps, strict=True)
    named = NamedDetector(steps=names, parameters=parameters, warm_up=50)
    return Kind(lambda: RiverDetector(named, NAMES), RiverDetector.from_state)


SCALER: tuple[str, dict[str, Any]] = ("river.preprocessing.StandardScaler", {})
SEARCH = {"name": "river.neighbors.LazySearch", "parameters": {"window_size": 60}}

DETECTORS |= {
    "lof": by_name(("river.anomaly.LocalOutlierFactor", {"n_neighbors": 5, "engine": SEARCH})),
    "loda": by_name(("river.anomaly.LODA", {"n_random_cuts": 10})),
    "svm": by_name(
        SCALER,
        ("river.feature_extraction.RBFSampler", {"gamma": 0.3, "n_components": 30}),
        ("river.anomaly.OneClassSVM", {}),
    ),
    "trees_by_name": by_name(
        ("river.preprocessing.MinMaxScaler", {}),
        ("river.anomaly.HalfSpaceTrees", {"n_trees": 4, "height": 4, "window_size": 50}),
    ),
}


def stream(seed: int, count: int) -> list[dict[str, float]]:
    """Seeded events: three features, now and then a hostile value or a missing one."""
    draw = random.Random(seed)
    hostile = (1.7e308, -1.7e308, 5e-324, 0.0, -0.0)
    return [
        {
            name: draw.choice(hostile) if draw.random() < 0.01 else draw.gauss(0, 1)
            for name in NAMES
            if draw.random() < 0.99
        }
        for _ in range(count)
    ]


def rows(events: list[dict[str, float]]) -> NDArray[np.float64]:
    """The same events as a matrix."""
    return np.concatenate([row(features, NAMES) for features in events])


def warm(kind: Kind, count: int = 330) -> Detector:
    """A detector that has learnt."""
    detector = kind.make()
    for features in stream(1, count):
        detector.learn_one(features)
    return detector


def scoring_changes_nothing(kind: Kind) -> None:
    """However often an event is scored, the state stays as it was, to the bit."""
    detector = warm(kind)
    before = detector.to_state()
    first = [detector.score_one(features) for features in stream(2, 50)]
    assert [detector.score_one(features) for features in stream(2, 50)] == first
    assert detector.to_state() == before


def same_events_same_scores(kind: Kind) -> None:
    """The same parameters and events give the same scores and state to the bit."""
    one, two = warm(kind), warm(kind)
    assert [one.score_one(x) for x in stream(3, 50)] == [two.score_one(x) for x in stream(3, 50)]
    assert one.to_state() == two.to_state()


def a_state_has_the_same_future(kind: Kind) -> None:
    """A state taken at any event and loaded again goes on to the bit."""
    for count in (0, 1, 49, 50, 51, 237):
        detector = warm(kind, count)
        again = kind.load(detector.to_state())
        for features in stream(4, 120):
            assert again.score_one(features) == detector.score_one(features)
            again.learn_one(features)
            detector.learn_one(features)
        assert again.to_state() == detector.to_state()


def scores_are_bounded(kind: Kind) -> None:
    """Every score lies in [0, 1], hostile values included."""
    detector = kind.make()
    for features in stream(5, 600):
        assert 0.0 <= detector.score_one(features) <= 1.0
        detector.learn_one(features)


def feature_order_does_not_matter(kind: Kind) -> None:
    """The order in which an event names its features changes nothing."""
    one, two = kind.make(), kind.make()
    for features in stream(6, 200):
        turned = dict(reversed(features.items()))
        assert one.score_one(features) == two.score_one(turned)
        one.learn_one(features)
        two.learn_one(turned)
    assert one.to_state() == two.to_state()


def events_are_left_alone(kind: Kind) -> None:
    """Neither scoring nor learning changes the event."""
    detector = warm(kind)
    (features,) = stream(7, 1)
    before = dict(features)
    detector.score_one(features)
    detector.learn_one(features)
    assert features == before


def the_far_is_more_anomalous(kind: Kind) -> None:
    """An event far from all that was learnt scores above one from the middle."""
    detector = kind.make()
    draw = random.Random(8)
    for _ in range(500):
        detector.learn_one({name: draw.gauss(0, 1) for name in NAMES})
    middle = detector.score_one(dict.fromkeys(NAMES, 0.0))
    assert detector.score_one({"depth": 9.0, "flow": -9.0, "rain": 9.0}) > middle


def warming_up_ends(kind: Kind) -> None:
    """A new detector says that it warms up, and later that it does not."""
    assert kind.make().warm_up_left > 0
    assert warm(kind, 10).warm_up_left == kind.make().warm_up_left - 10
    assert warm(kind).warm_up_left == 0


def memory_is_bounded(kind: Kind) -> None:
    """The state does not grow with the number of events."""
    early, late = len(warm(kind, 300).to_state()), len(warm(kind, 1_500).to_state())
    assert late <= early * 1.01 + 64  # the same numbers, some of them longer


def batches_change_nothing(kind: Kind) -> None:
    """One by one or in batches of 1, 7, 100 or 5,000: the same scores and state to the bit."""
    events = rows(stream(9, 700))
    single = kind.make()
    expected = []
    for features in stream(9, 700):
        expected.append(single.score_one(features))
        single.learn_one(features)
    for size in (1, 7, 100, 5_000):
        detector = kind.make()
        found = [
            detector.score_learn_many(events[i : i + size].copy()) for i in range(0, 700, size)
        ]
        assert np.concatenate(found).tolist() == expected
        assert detector.to_state() == single.to_state()
    assert single.score_many(events).tolist() == [single.score_one(x) for x in stream(9, 700)]


def events_without_features_are_taken(kind: Kind) -> None:
    """Features vanish and come back, unknown ones are ignored: each event gets a score."""
    detector = warm(kind)
    events: list[dict[str, float]] = [
        {},
        {"flow": 1.0},
        {"wind": 3.0},
        {"depth": 0.0, "flow": 0.0, "rain": 0.0, "wind": 1.0},
    ]
    for features in events * 80:
        assert 0.0 <= detector.score_one(features) <= 1.0
        detector.learn_one(features)


def a_damaged_state_is_refused(kind: Kind) -> None:
    """A state that is cut short is refused, and nothing else is raised."""
    state = warm(kind).to_state()
    for length in range(0, len(state), 97):
        with pytest.raises(StateRefused):
            kind.load(state[:length])


LAWS: list[Callable[[Kind], None]] = [
    scoring_changes_nothing,
    same_events_same_scores,
    a_state_has_the_same_future,
    scores_are_bounded,
    feature_order_does_not_matter,
    events_are_left_alone,
    the_far_is_more_anomalous,
    warming_up_ends,
    memory_is_bounded,
    batches_change_nothing,
    events_without_features_are_taken,
    a_damaged_state_is_refused,
]


def cases() -> list[Any]:
    """Each detector with each law."""
    return [
        pytest.param(kind, law, id=f"{name}:{law.__name__}")
        for name, kind in DETECTORS.items()
        for law in LAWS
    ]


@pytest.mark.parametrize(("kind", "law"), cases())
def test_law(kind: Kind, law: Callable[[Kind], None]) -> None:
    """Every detector keeps every law."""
    law(kind)
