"""River's detectors by name: River's scores, state as data, and nothing else let in."""

import hashlib
import math
import os
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river import anomaly, compose, feature_extraction, neighbors, optim, preprocessing

from floodline.detection.named_detector import RiverDetector
from floodline.detection.parameters import NamedDetector
from floodline.detection.score_maps import as_it_is, bounded, share, signed, signed_from_normal
from floodline.errors import ConfigurationError, InvalidEvent, StateRefused

FEATURES = ("depth", "flow", "rain")
SCALER = "river.preprocessing.StandardScaler"
HST = "river.anomaly.HalfSpaceTrees"
LOF = "river.anomaly.LocalOutlierFactor"
SVM = "river.anomaly.OneClassSVM"
SMALL_TREES: dict[str, Any] = {"n_trees": 4, "height": 4, "window_size": 50}


def named(*steps: str, parameters: tuple[dict[str, Any], ...] = ()) -> NamedDetector:
    """Parameters with a short warm-up."""
    return NamedDetector(steps=steps, parameters=parameters, warm_up=50)


KEPT: dict[str, tuple[NamedDetector, Any, Any]] = {
    "trees": (
        named("river.preprocessing.MinMaxScaler", HST, parameters=({}, SMALL_TREES)),
        lambda: preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(**SMALL_TREES, seed=42),
        as_it_is,
    ),
    "lof": (
        named(
            LOF,
            parameters=(
                {
                    "n_neighbors": 5,
                    "engine": {
                        "name": "river.neighbors.LazySearch",
                        "parameters": {"window_size": 60},
                    },
                },
            ),
        ),
        lambda: anomaly.LocalOutlierFactor(5, neighbors.LazySearch(window_size=60)),
        share,
    ),
    "loda": (
        named(SCALER, "river.anomaly.LODA", parameters=({}, {"n_random_cuts": 10, "seed": 7})),
        lambda: preprocessing.StandardScaler() | anomaly.LODA(n_random_cuts=10, seed=7),
        signed,
    ),
    "svm": (
        named(
            SCALER,
            "river.feature_extraction.RBFSampler",
            SVM,
            parameters=(
                {},
                {"gamma": 0.3, "n_components": 50},
                {"optimizer": {"name": "river.optim.Adam"}},
            ),
        ),
        lambda: (
            preprocessing.StandardScaler()
            | feature_extraction.RBFSampler(gamma=0.3, n_components=50, seed=42)
            | anomaly.OneClassSVM(optimizer=optim.Adam())
        ),
        signed_from_normal,
    ),
    "filter": (
        named(
            "river.anomaly.ThresholdFilter",
            parameters=(
                {
                    "anomaly_detector": {"name": HST, "parameters": SMALL_TREES},
                    "threshold": 0.9,
                },
            ),
        ),
        lambda: anomaly.ThresholdFilter(anomaly.HalfSpaceTrees(**SMALL_TREES, seed=42), 0.9),
        as_it_is,
    ),
}


def stream(seed: int, count: int, missing: float = 0.0) -> list[dict[str, float]]:
    """Seeded events of three features; a share of the values is missing."""
    draw = random.Random(seed)
    return [
        {name: draw.gauss(0, 1) for name in FEATURES if draw.random() >= missing}
        for _ in range(count)
    ]


def learnt(parameters: NamedDetector, count: int) -> RiverDetector:
    """A detector that has learnt."""
    detector = RiverDetector(parameters, FEATURES)
    for event in stream(1, count, 0.05):
        detector.learn_one(event)
    return detector


@pytest.mark.parametrize("case", KEPT)
def test_scores_are_rivers(case: str) -> None:
    """Every score is the map of the score of River's own pipeline, missing features included."""
    parameters, make, scale = KEPT[case]
    detector, river = RiverDetector(parameters, FEATURES), make()
    if isinstance(river, compose.Pipeline):
        river.score_one(dict.fromkeys(FEATURES, 0.0))  # draws what it draws for a new feature
    for event in stream(2, 200, 0.05):
        assert detector.score_one(event) == bounded(river.score_one(dict(event)), scale)
        detector.learn_one(event)
        river.learn_one(dict(event))


@pytest.mark.parametrize("case", KEPT)
def test_a_state_has_the_same_future(case: str) -> None:
    """A state taken at any event and loaded again goes on to the bit."""
    for count in (0, 1, 49, 51, 230):
        detector = learnt(KEPT[case][0], count)
        again = RiverDetector.from_state(detector.to_state())
        assert again.to_state() == detector.to_state()
        for event in stream(3, 70, 0.05):
            assert again.score_one(event) == detector.score_one(event)
            again.learn_one(event)
            detector.learn_one(event)
        assert again.to_state() == detector.to_state()
        assert again.warm_up_left == detector.warm_up_left == max(0, 50 - count - 70)


@pytest.mark.parametrize("case", KEPT)
def test_rows_are_stepped_as_single_events(case: str) -> None:
    """A batch gives the scores and the state of its events one by one; NaN is missing."""
    events = stream(4, 120, 0.05)
    rows = np.array([[event.get(name, math.nan) for name in FEATURES] for event in events])
    one, many = RiverDetector(KEPT[case][0], FEATURES), RiverDetector(KEPT[case][0], FEATURES)
    scores = []
    for event in events:
        scores.append(one.score_one(event))
        one.learn_one(event)
    parts = [many.score_learn_many(rows[:1]), many.score_learn_many(rows[1:70])]
    before = many.to_state()
    asked = many.score_many(rows[70:71])
    assert many.to_state() == before
    parts.append(many.score_learn_many(rows[70:]))
    assert np.concatenate(parts).tolist() == scores
    assert asked[0] == scores[70]
    assert many.to_state() == one.to_state()


@pytest.mark.parametrize("case", KEPT)
def test_the_far_is_more_anomalous(case: str) -> None:
    """An event far from all that was learnt scores above one from the middle."""
    detector = RiverDetector(KEPT[case][0], FEATURES)
    draw = random.Random(5)
    for _ in range(300):
        detector.learn_one({name: min(max(draw.gauss(0.5, 0.1), 0), 1) for name in FEATURES})
    middle = detector.score_one(dict.fromkeys(FEATURES, 0.5))
    assert detector.score_one(dict.fromkeys(FEATURES, 2.0)) > middle


def test_a_state_is_the_same_in_each_process() -> None:
    """No state depends on the order that a process gives to hashes."""
    code = (
        "import test_named_detector as t, hashlib; print(*("
        "hashlib.sha256(t.learnt(t.KEPT[c][0], 120).to_state()).hexdigest() for c in t.KEPT))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    folder = os.path.dirname(__file__)  # noqa: PTH120
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    here = [
        hashlib.sha256(learnt(parameters, 120).to_state()).hexdigest()
        for parameters, _, _ in KEPT.values()
    ]
    assert done.stdout.split() == here


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (named("os.system"), "no estimator of River's"),
        (named("river.anomaly.base"), "no estimator of River's"),
        (named("river.anomaly.hst.random"), "no estimator of River's"),
        (named("river.datasets.CreditCard"), "no estimator of River's"),
        (named("anomaly.HalfSpaceTrees"), "no estimator of River's"),
        (named(), "at least one step"),
        (named(LOF, parameters=({}, {})), "2 tables of parameters for 1 steps"),
        (named(LOF, parameters=({"neighbours": 3},)), "no parameter 'neighbours'; it has n_n"),
        (named(LOF, parameters=({"engine": {"name": "os.system"}},)), "no estimator of River's"),
        (named(LOF, parameters=({"engine": 3},)), "cannot be made"),
        (named(SCALER), "no anomaly detector"),
        (named(LOF, HST), "no transformer of features alone"),
        (named("river.anomaly.GaussianScorer"), "scores a target value"),
        (named("river.anomaly.StandardAbsoluteDeviation"), "scores a target value"),
        (named("river.anomaly.PredictiveAnomalyDetection"), "scores a target value"),
        (named("river.preprocessing.OneHotEncoder", LOF), "grow for as long as events come"),
        (named("river.preprocessing.Normalizer", LOF), "fails on events of numbers alone"),
        (
            named("river.preprocessing.RobustScaler", LOF),
            r"`RobustScaler.median\['depth'\]._quantile` is a .*RsQuantile, whose state is not",
        ),
        (
            named(
                "river.anomaly.QuantileFilter",
                parameters=({"anomaly_detector": {"name": LOF}, "q": 0.9},),
            ),
            r"`QuantileFilter.quantile._quantile` is a .*RsQuantile, whose state is not data",
        ),
    ],
)
def test_what_cannot_serve_is_refused(parameters: NamedDetector, said: str) -> None:
    """A name that is none of River's, or an estimator that breaks a law, is refused at once."""
    with pytest.raises(ConfigurationError, match=said):
        RiverDetector(parameters, FEATURES)


def test_missing_features_are_refused_where_they_must() -> None:
    """A detector that cannot do without a feature refuses the batch before it learns of it."""
    detector = learnt(KEPT["lof"][0], 60)
    assert detector.takes_missing
    detector.takes_missing = False
    again = RiverDetector.from_state(detector.to_state())
    rows = np.array([[1.0, 1.0, 1.0], [1.0, math.nan, 1.0]])
    with pytest.raises(InvalidEvent, match="'flow' is missing") as raised:
        again.score_learn_many(rows)
    assert (raised.value.reason, raised.value.field) == ("missing_feature", "flow")
    assert again.to_state() == detector.to_state()


@pytest.mark.parametrize("scale", [as_it_is, share, signed])
@given(one=st.floats(-1e300, 1e300), two=st.floats(-1e300, 1e300))
def test_maps_keep_the_order(scale: Any, one: float, two: float) -> None:
    """Each map is monotone and ends in [0, 1]."""
    low, high = scale(min(one, two)), scale(max(one, two))
    assert 0.0 <= low <= high <= 1.0
    assert signed_from_normal(one) == signed(-one)


def test_no_number_is_most_anomalous() -> None:
    """NaN and infinity end at 1: a model that has lost its numbers is not silent."""
    assert bounded(math.nan, share) == bounded(math.inf, share) == bounded(math.inf, signed) == 1.0


def state_with(steps: bytes) -> bytes:
    """A state of the local outlier factor with other estimators."""
    state = msgspec.msgpack.decode(RiverDetector(named(LOF), FEATURES).to_state())
    return msgspec.msgpack.encode(state | {"steps": steps})


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [["list", None, [[0]]]],
        [["tuple", None, [[0]]]],
        [["list", None, [[7]]]],
        [["list", None, [[-1]]]],
        [["list", None, [[1]]], ["object", "os:_Environ", []]],
        [["list", None, [[1]]], ["object", "subprocess:Popen", []]],
        [["list", None, [[1]]], ["object", "river.anomaly.lof:math.inf", []]],
        [["list", None, [[1]]], ["object", "river.anomaly.hst:collections.OrderedDict", []]],
        [["list", None, [[1]]], ["object", "river.datasets.base:RemoteDataset", []]],
        [["list", None, [[1]]], ["object", "dict", []]],
        [["list", None, [[1]]], ["object", "river.stats.quantile:Quantile", []]],
        [["list", None, [[1]]], ["object", "river.anomaly.lof:LocalOutlierFactor", []]],
        [["list", None, [[1]]], ["object", "river.anomaly.lof:LocalOutlierFactor", ["engine"]]],
        [["list", None, [[1]]], ["method", "append", [[0]]]],
        [["list", None, [[1]]], ["function", "eval", []]],
        [["list", None, [[1]]], ["class", "river.anomaly.lof:typing.Any", []]],
        [["list", None, [[1]]], ["partial", None, [[2], [3], None]], ["function", "exec", []]],
        [["list", None, [[1]]], ["array", "|O", [b"12345678", 1]]],
        [["list", None, [[1]]], ["array", "<f8", [b"12345678", 2]]],
        [["list", None, [[1]]], ["random", 3, [b"1234", None]]],
        [["list", None, [[1]]], ["mersenne", 10**6, [b"1234" * 624, 0, 0.0]]],
        [["list", None, [[1]]], ["deque", -1, []]],
        [["list", None, [[1]]], ["int", "one", []]],
        [["list", None, [[1]]], ["vector", [None, None], ["a", "b"]]],
        [["list", None, [[1]]], ["pickle", b"cos\nsystem\n", []]],
    ],
)
def test_a_hostile_state_is_refused(parts: list[Any]) -> None:
    """A state that names anything else, or is no state at all, is refused; nothing of it runs."""
    with pytest.raises(StateRefused):
        RiverDetector.from_state(state_with(msgspec.msgpack.encode(parts)))


STATES = {case: learnt(parameters, 60).to_state() for case, (parameters, _, _) in KEPT.items()}


def remade(case: str, change: Callable[[list[Any]], Any]) -> bytes:
    """A state with something else in its table of parts."""
    state = msgspec.msgpack.decode(STATES[case])
    parts = msgspec.msgpack.decode(state["steps"])
    change(parts)
    return msgspec.msgpack.encode(state | {"steps": msgspec.msgpack.encode(parts)})


def attribute(name: str, value: Any) -> Callable[[list[Any]], None]:
    """Make the first attribute of that name another."""

    def change(parts: list[Any]) -> None:
        for kind, _, values in parts:
            if kind == "object" and name in values:
                values[values.index(name) + 1] = value
                return
        raise AssertionError(name)

    return change


@pytest.mark.parametrize(
    ("case", "change"),
    [
        ("trees", attribute("n_trees", 2**60)),
        ("trees", attribute("height", 2**40)),
        ("trees", attribute("window_size", 1)),
        ("trees", attribute("children", [0])),
        ("trees", attribute("trees", None)),
        ("filter", attribute("anomaly_detector", [1])),
        ("loda", attribute("n_random_cuts", 2**60)),
        ("lof", attribute("n_neighbors", 10**9)),
        ("svm", attribute("optimizer", None)),
        ("svm", lambda parts: parts.append(["list", None, []])),
    ],
)
def test_a_state_of_other_estimators_is_refused(
    case: str, change: Callable[[list[Any]], Any]
) -> None:
    """Other sizes, circles, parts that are missing or too many are refused at once."""
    RiverDetector.from_state(STATES[case])
    with pytest.raises(StateRefused):
        RiverDetector.from_state(remade(case, change))


@pytest.mark.parametrize(
    ("steps", "given"),
    [
        (HST, {"n_trees": 2**20, "height": 1}),
        (HST, {"height": 30}),
        (HST, {"window_size": 2**40}),
        ("river.anomaly.LODA", {"n_random_cuts": 10**6, "n_bins": 10**6}),
        ("river.feature_extraction.PolynomialExtender", {"degree": 12}),
        (LOF, {"engine": {"name": "river.neighbors.LazySearch", "parameters": {"n": 2**60}}}),
        (LOF, {"engine": {"name": "river.neighbors.LazySearch", "parameters": 5}}),
    ],
)
def test_sizes_without_bound_are_refused(steps: str, given: dict[str, Any]) -> None:
    """Parameters that River would work on for hours are refused, also those of a state."""
    parameters = named(steps, HST, parameters=(given,))
    with pytest.raises(ConfigurationError):
        RiverDetector(parameters, FEATURES)
    state = msgspec.msgpack.decode(STATES["trees"]) | {"parameters": parameters}
    with pytest.raises(StateRefused):
        RiverDetector.from_state(msgspec.msgpack.encode(state))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), case=st.sampled_from(sorted(KEPT)))
def test_a_damaged_state_is_refused_or_is_one(data: st.DataObject, case: str) -> None:
    """A state with changed bytes loads or is refused; nothing else is raised."""
    state = bytearray(STATES[case])
    for _ in range(data.draw(st.integers(1, 3))):
        state[data.draw(st.integers(0, len(state) - 1))] = data.draw(st.integers(0, 255))
    try:
        detector = RiverDetector.from_state(bytes(state))
    except StateRefused:
        return
    for event in stream(8, 5):
        assert 0.0 <= detector.score_one(event) <= 1.0
        detector.learn_one(event)
    assert detector.from_state(detector.to_state()).to_state() == detector.to_state()


@pytest.mark.parametrize("change", [{"version": 2}, {"format": "x"}, {"events": -1}, {"more": 1}])
def test_a_state_of_another_kind_is_refused(change: dict[str, Any]) -> None:
    """A state of another format, version or shape is refused."""
    state = msgspec.msgpack.decode(STATES["lof"]) | change
    with pytest.raises(StateRefused):
        RiverDetector.from_state(msgspec.msgpack.encode(state))
