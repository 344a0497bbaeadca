"""RiverForest against River's own pipeline, and its state as data."""

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

from floodline.detection.parameters import ForestParameters
from floodline.detection.river_forest import RiverForest
from floodline.errors import StateRefused

SMALL = ForestParameters(trees=3, height=3, window=10, seed=1)

finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
streams = st.lists(st.fixed_dictionaries({"b": finite, "a": finite}), min_size=1, max_size=60)


def river(parameters: ForestParameters) -> Pipeline:
    """River's own pipeline with these parameters."""
    forest = HalfSpaceTrees(
        n_trees=parameters.trees,
        height=parameters.height,
        window_size=parameters.window,
        seed=parameters.seed,
    )
    return MinMaxScaler() | forest


def scores(forest: RiverForest, stream: list[dict[str, float]]) -> list[float]:
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
    parameters = ForestParameters()
    found = scores(RiverForest(parameters), stream)
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
    parameters = ForestParameters(trees=trees, height=height, window=window, seed=seed)
    assert scores(RiverForest(parameters), stream) == river_scores(river(parameters), stream)


@settings(max_examples=60, deadline=None)
@given(stream=streams, more=streams, window=st.integers(1, 20))
def test_a_state_has_the_same_future(
    stream: list[dict[str, float]], more: list[dict[str, float]], window: int
) -> None:
    """A forest loaded from its state at any event scores and learns on as the first does."""
    forest = RiverForest(msgspec.structs.replace(SMALL, window=window))
    scores(forest, stream)
    state = forest.to_state()
    again = RiverForest.from_state(state)
    assert again.to_state() == state
    assert again.features == forest.features == ("a", "b")
    assert again.warming_up == forest.warming_up
    assert scores(again, more) == scores(forest, more)
    assert again.to_state() == forest.to_state()


def test_a_state_on_the_real_stream_has_the_same_future() -> None:
    """In the middle of a window of a real stream the state carries everything."""
    stream = shuttle(1_500)
    forest = RiverForest(ForestParameters())
    scores(forest, stream[:871])
    again = RiverForest.from_state(forest.to_state())
    assert scores(again, stream[871:]) == scores(forest, stream[871:])


def test_an_unlearnt_forest_has_a_state() -> None:
    """A forest that saw nothing can be kept and loaded; the names come with the first event."""
    forest = RiverForest.from_state(RiverForest(SMALL).to_state())
    assert forest.features == ()
    assert forest.warming_up
    assert scores(forest, shuttle(50)) == river_scores(river(SMALL), shuttle(50))


def learnt() -> bytes:
    """A state after 25 events."""
    draw = random.Random(3)
    forest = RiverForest(SMALL)
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
    "missing field": (lambda s: s.pop("counter"), "no forest state"),
    "short masses": (lambda s: s.update(latest=b"1234"), "does not have these"),
    "odd masses": (lambda s: s.update(reference=b"123"), "does not have these"),
    "short ranges": (lambda s: s.update(low=[0.0]), "does not have these"),
    "repeated names": (lambda s: s.update(features=["a", "a"]), "does not have these"),
    "endless range": (lambda s: s.update(high=[1.0, float("inf")]), "does not have these"),
    "counter past window": (lambda s: s.update(counter=10), "does not have these"),
    "negative counter": (lambda s: s.update(counter=-1), "does not have these"),
    "giant trees": (
        lambda s: s.update(parameters={"trees": 3, "height": 60, "window": 10, "seed": 1}),
        "none of ours",
    ),
    "no trees": (
        lambda s: s.update(parameters={"trees": 0, "height": 3, "window": 10, "seed": 1}),
        "none of ours",
    ),
    "more trees": (
        lambda s: s.update(parameters={"trees": 10**9, "height": 3, "window": 10, "seed": 1}),
        "does not have these",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_state_that_no_forest_wrote_is_refused(fault: str) -> None:
    """A state of another version, or whose parts do not fit together, is refused with why."""
    change, said = FAULTS[fault]
    with pytest.raises(StateRefused, match=said):
        RiverForest.from_state(edited(change))


def test_every_truncation_is_refused() -> None:
    """No beginning of a state is taken for a state."""
    whole = learnt()
    for length in range(len(whole)):
        with pytest.raises(StateRefused):
            RiverForest.from_state(whole[:length])


@given(st.binary(max_size=500))
def test_random_bytes_are_refused(data: bytes) -> None:
    """Any bytes that are no state raise StateRefused and nothing else."""
    with pytest.raises(StateRefused):
        RiverForest.from_state(data)


def test_a_state_is_data() -> None:
    """A pickle is refused without being run."""
    import pickle

    with pytest.raises(StateRefused):
        RiverForest.from_state(pickle.dumps(RiverForest(SMALL).parameters))
