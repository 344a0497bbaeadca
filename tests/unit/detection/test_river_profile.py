"""RiverProfileForest against River's own pipeline, and its state as data."""

import random
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from river.anomaly import HalfSpaceTrees
from river.compose import Pipeline
from river.datasets import Shuttle
from river.preprocessing import MinMaxScaler

from floodline.detection.parameters import RiverProfile
from floodline.detection.river_profile import RiverProfileForest
from floodline.errors import StateRefused

SMALL = RiverProfile(trees=3, height=3, window=10, seed=1)

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
streams = st.lists(st.fixed_dictionaries({"b": finite, "a": finite}), min_size=1, max_size=60)


def names(stream: list[dict[str, float]]) -> tuple[str, ...]:
    """The features of a stream."""
    return tuple(stream[0])


def river(parameters: RiverProfile) -> Pipeline:
    """River's own pipeline with these parameters."""
    forest = HalfSpaceTrees(
        n_trees=parameters.trees,
        height=parameters.height,
        window_size=parameters.window,
        seed=parameters.seed,
    )
    return MinMaxScaler() | forest


def scores(forest: RiverProfileForest, stream: list[dict[str, float]]) -> list[float]:
    """Score, then learn, each event."""
    found = []
    for features in stream:
        found.append(forest.score_one(features))
        forest.learn_one(features)
    return found


def river_scores(pipeline: Pipeline, stream: list[dict[str, float]]) -> list[float]:
    """The same by River."""
    found = []
    for features in stream:
        found.append(float(pipeline.score_one(features)))
        pipeline.learn_one(features)
    return found


def shuttle(count: int) -> list[dict[str, float]]:
    """The first events of a real stream."""
    rows: Iterator[tuple[dict[str, float], int]] = iter(Shuttle())
    return [{name: float(value) for name, value in x.items()} for x, _ in islice(rows, count)]


def test_every_score_is_rivers_on_a_real_stream() -> None:
    """Over 3,000 events of the shuttle stream each score equals River's to the bit."""
    stream = shuttle(3_000)
    parameters = RiverProfile()
    found = scores(RiverProfileForest(parameters, names(stream)), stream)
    assert found == river_scores(river(parameters), stream)
    assert len(set(found)) > 500


@settings(max_examples=60, deadline=None)
@given(
    stream=streams,
    seed=st.integers(0, 2**32),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 20)),
)
def test_every_score_is_rivers_on_any_stream(
    stream: list[dict[str, float]], seed: int, shape: tuple[int, int, int]
) -> None:
    """On any finite stream, the largest floats included, each score equals River's to the bit."""
    trees, height, window = shape
    parameters = RiverProfile(trees=trees, height=height, window=window, seed=seed)
    assert scores(RiverProfileForest(parameters, names(stream)), stream) == river_scores(
        river(parameters), stream
    )


@settings(max_examples=60, deadline=None)
@given(stream=streams, more=streams, window=st.integers(1, 20))
def test_a_state_has_the_same_future(
    stream: list[dict[str, float]], more: list[dict[str, float]], window: int
) -> None:
    """A forest loaded from its state at any event scores and learns on as the first does."""
    forest = RiverProfileForest(msgspec.structs.replace(SMALL, window=window), ("b", "a"))
    scores(forest, stream)
    state = forest.to_state()
    again = RiverProfileForest.from_state(state)
    assert again.to_state() == state
    assert again.features == forest.features == ("b", "a")
    assert again.warm_up_left == forest.warm_up_left
    assert scores(again, more) == scores(forest, more)
    assert again.to_state() == forest.to_state()


def test_a_state_on_the_real_stream_has_the_same_future() -> None:
    """In the middle of a window of a real stream the state carries everything."""
    stream = shuttle(1_500)
    forest = RiverProfileForest(RiverProfile(), names(stream))
    scores(forest, stream[:871])
    again = RiverProfileForest.from_state(forest.to_state())
    assert scores(again, stream[871:]) == scores(forest, stream[871:])


def test_an_unlearnt_forest_has_a_state() -> None:
    """A forest that saw nothing can be kept and loaded."""
    stream = shuttle(50)
    forest = RiverProfileForest(SMALL, names(stream))
    forest = RiverProfileForest.from_state(forest.to_state())
    assert forest.warm_up_left == SMALL.window
    assert scores(forest, stream) == river_scores(river(SMALL), stream)


def learnt() -> bytes:
    """A state after 25 events."""
    draw = random.Random(3)
    forest = RiverProfileForest(SMALL, ("a", "b"))
    scores(forest, [{"a": draw.random(), "b": draw.random()} for _ in range(25)])
    return forest.to_state()


def edited(change: Callable[[dict[str, object]], object]) -> bytes:
    """That state with something else in it."""
    content = msgspec.msgpack.decode(learnt())
    change(content)
    return msgspec.msgpack.encode(content)


FAULTS: dict[str, tuple[Callable[[dict[str, object]], object], str]] = {
    "other version": (lambda s: s.update(version=2), "this release reads .* version 1"),
    "other format": (lambda s: s.update(format="isolation-forest"), "isolation-forest"),
    "unknown field": (lambda s: s.update(code="x"), "no forest state"),
    "missing field": (lambda s: s.pop("events"), "no forest state"),
    "short ranges": (lambda s: s.update(low=b"1234"), "do not fit"),
    "no number": (lambda s: s.update(high=b"\xff" * 16), "no values have"),
    "turned ranges": (lambda s: s.update(low=s["high"], high=s["low"]), "no values have"),
    "repeated names": (lambda s: s.update(features=["a", "a"]), "not those of its parameters"),
    "negative count": (lambda s: s.update(events=-1), "have not learnt"),
    "other count": (lambda s: s.update(events=26), "have not learnt"),
    "endless count": (lambda s: s.update(events=2**64 - 1), "have not learnt"),
    "damaged trees": (lambda s: s.update(trees=b"123"), "no half-space trees|bytes"),
    "giant trees": (
        lambda s: s.update(
            parameters={"profile": "river", "trees": 3, "height": 60, "window": 10, "seed": 1}
        ),
        "none of ours",
    ),
    "no trees": (
        lambda s: s.update(
            parameters={"profile": "river", "trees": 0, "height": 3, "window": 10, "seed": 1}
        ),
        "none of ours",
    ),
    "more trees": (
        lambda s: s.update(
            parameters={"profile": "river", "trees": 10**4, "height": 3, "window": 10, "seed": 1}
        ),
        "not those of its parameters",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_state_that_no_forest_wrote_is_refused(fault: str) -> None:
    """A state of another version, or whose parts do not fit together, is refused with why."""
    change, said = FAULTS[fault]
    with pytest.raises(StateRefused, match=said):
        RiverProfileForest.from_state(edited(change))


def test_every_truncation_is_refused() -> None:
    """No beginning of a state is taken for a state."""
    whole = learnt()
    for length in range(len(whole)):
        with pytest.raises(StateRefused):
            RiverProfileForest.from_state(whole[:length])


@given(st.binary(max_size=500))
def test_random_bytes_are_refused(data: bytes) -> None:
    """Any bytes that are no state raise StateRefused and nothing else."""
    with pytest.raises(StateRefused):
        RiverProfileForest.from_state(data)


def test_a_state_is_data() -> None:
    """A pickle is refused without being run."""
    import pickle

    with pytest.raises(StateRefused):
        RiverProfileForest.from_state(
            pickle.dumps(RiverProfileForest(SMALL, ("a", "b")).parameters)
        )
