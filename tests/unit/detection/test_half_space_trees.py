"""The compiled half-space trees as a detector: its interface, its states, its refusals."""

import copy
import math
import pickle
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import pytest
from river import anomaly, checks, datasets

from demo import streams
from floodline.detection import HalfSpaceTrees
from floodline.detection.kernels import compiled, descent, leaf_table, live_masses, pruned_profile
from floodline.detection.kernels.preparation import prepare
from floodline.errors import StateRefused

RiverTrees: Any = anomaly.HalfSpaceTrees  # River publishes no types


class Shipped:
    """A shipped stream where River's checks ask for one that they would download."""

    def take(self, count: int) -> Iterator[tuple[dict[str, float], int]]:
        stream = streams.read("shuttle")
        scaled = [{name: value / 200 for name, value in row.items()} for row in stream.rows]
        return islice(zip(scaled, map(int, stream.truth), strict=True), count)


with pytest.MonkeyPatch.context() as offline:
    offline.setattr(datasets, "CreditCard", Shipped)
    CHECKS = list(checks.yield_checks(HalfSpaceTrees(seed=42)))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_rivers_estimator_checks_pass(check: Any) -> None:
    """Every check that River has for an anomaly detector, on a stream of ours."""
    check(HalfSpaceTrees(seed=42))


def rows(count: int, columns: int = 10, seed: int = 4) -> Any:
    """Seeded events in [0, 1]."""
    return np.random.default_rng(seed).beta(2, 5, (count, columns))


def test_rows_and_dicts_are_the_same_events() -> None:
    """A matrix is scored and learnt as its rows would be one by one."""
    many, one = HalfSpaceTrees(seed=1, window_size=40), HalfSpaceTrees(seed=1, window_size=40)
    events = rows(200, 3)
    expected = []
    for row in events.tolist():
        expected.append(one.score_one(dict(enumerate(row))))
        one.learn_one(dict(enumerate(row)))
    assert many.score_learn_many(events).tolist() == expected
    assert many.features == one.features == (0, 1, 2)
    assert many.score_many(events[:3]).tolist() == [
        one.score_one(dict(enumerate(row))) for row in events[:3].tolist()
    ]
    many.learn_many(events[:3])
    assert many.counter == 3


def test_columns_may_come_in_any_order() -> None:
    """`feature_names` says which column is which; the trees are drawn over the sorted names."""
    sorted_columns = HalfSpaceTrees(seed=1, window_size=40, feature_names=["a", "b"])
    swapped = HalfSpaceTrees(seed=1, window_size=40, feature_names=["b", "a"])
    events = rows(200, 2)
    expected = sorted_columns.score_learn_many(events).tolist()
    assert swapped.score_learn_many(np.ascontiguousarray(events[:, ::-1])).tolist() == expected


def test_scores_go_where_they_are_wanted() -> None:
    """A given array is filled and returned; lists, other types and orders are taken as well."""
    detector, out = HalfSpaceTrees(seed=1, window_size=5), np.empty(20)
    events = rows(20, 3)
    assert detector.score_learn_many(events, out) is out
    other = HalfSpaceTrees(seed=1, window_size=5)
    events.flags.writeable = False
    assert other.score_learn_many(np.asfortranarray(events)).tolist() == out.tolist()
    assert other.score_many(events.tolist()).tolist() == detector.score_many(events).tolist()


@pytest.mark.parametrize(
    ("events", "out"),
    [
        (np.zeros((4, 2)), None),
        (np.zeros(3), None),
        (np.zeros((4, 3)), np.zeros(5)),
        (np.zeros((4, 3)), np.zeros(4, np.float32)),
        (np.zeros((4, 3)), np.zeros(8)[::2]),
    ],
)
def test_arrays_that_do_not_fit_are_refused(events: Any, out: Any) -> None:
    """Other columns, no matrix, or scores that have no room: a ValueError, and nothing changes."""
    detector = HalfSpaceTrees(seed=1, window_size=5)
    detector.learn_many(rows(7, 3))
    before = detector.to_state()
    with pytest.raises(ValueError, match="shape"):
        detector.score_learn_many(events, out)
    assert detector.to_state() == before


def test_a_first_event_without_features_is_refused_and_later_ones_are_learnt() -> None:
    """River stops at such a first event with an IndexError; later ones follow the heavier side."""
    ours, river = HalfSpaceTrees(seed=1, window_size=3), RiverTrees(seed=1, window_size=3)
    with pytest.raises(ValueError, match="must have features"):
        ours.learn_one({})
    assert ours.score_one({}) == 0.0
    for event in ({"x": 0.2}, {}, {"x": 0.9}, {}, {"y": 1.0}, {"x": 0.1}, {"x": None}):
        if event.get("x", 0) is None:
            with pytest.raises(TypeError):
                ours.score_one(event)
            continue
        assert ours.score_one(event) == river.score_one(event)
        ours.learn_one(event)
        river.learn_one(event)
    assert not ours.warming_up


@pytest.mark.parametrize(
    "sizes", [(0, 8, 250), (10, 0, 250), (10, 8, 0), (10, 25, 250), (2**20, 20, 2**20)]
)
def test_sizes_that_have_no_exact_scores_are_refused(sizes: tuple[int, int, int]) -> None:
    """Nothing below 1, no sum of 2^53 or more, no forest that fills the machine."""
    with pytest.raises(ValueError, match=r"at least|at most|must be below"):
        HalfSpaceTrees(*sizes)


def test_without_a_seed_each_detector_draws_its_own_trees() -> None:
    """Two differ; a copy, a pickle and a state of one go on as it does."""
    first, second = HalfSpaceTrees(), HalfSpaceTrees()
    scores = [detector.score_learn_many(rows(600)).tolist() for detector in (first, second)]
    assert scores[0] != scores[1]
    others = [copy.deepcopy(first), pickle.loads(pickle.dumps(first))]
    others.append(HalfSpaceTrees.from_state(first.to_state()))
    others.append(HalfSpaceTrees.from_river(first.to_river()))
    expected = first.score_learn_many(rows(600, seed=9)).tolist()
    for other in others:
        assert other.score_learn_many(rows(600, seed=9)).tolist() == expected


@pytest.mark.parametrize("height", [3, 12])
@pytest.mark.parametrize("at", [0, 1, 57, 250, 251, 333, 500, 780])
def test_a_copy_at_any_event_has_the_same_future(height: int, at: int) -> None:
    """State, River, pickle: each goes on with the same bits, through missing features as well."""
    events = rows(1_500, 3)
    events[900:910, 1] = np.nan
    detector = HalfSpaceTrees(3, height, 250, seed=8, limits={"a": (0.0, 0.8)})
    detector.feature_names = ["a", "b", "c"]
    detector.score_learn_many(events[:at])
    state = detector.to_state()
    copies = [
        HalfSpaceTrees.from_state(state),
        HalfSpaceTrees.from_river(detector.to_river()),
        pickle.loads(pickle.dumps(detector)),
    ]
    assert copies[0].to_state() == state
    expected = detector.score_learn_many(events[at:]).tolist()
    for other in copies:
        other.feature_names = ["a", "b", "c"]
        assert other.score_learn_many(events[at:]).tolist() == expected
        assert other.to_state() == detector.to_state()


@pytest.mark.parametrize("at", [0, 100, 250, 600, 749])
def test_a_tall_forests_state_is_small(at: int) -> None:
    """At most 200 kB at 25 trees of height 15, window 250, 10 features."""
    detector = HalfSpaceTrees(25, 15, 250, seed=8)
    detector.learn_many(rows(at)) if at else None
    assert len(detector.to_state()) <= 200_000


def test_trees_that_no_seed_gives_are_kept() -> None:
    """River's trees of an unseeded generator go with the state."""
    river = RiverTrees(3, 4, 20)
    for row in rows(50, 2).tolist():
        river.learn_one(dict(enumerate(row)))
    ours = HalfSpaceTrees.from_state(HalfSpaceTrees.from_river(river).to_state())
    for row in rows(50, 2, seed=1).tolist():
        event = dict(enumerate(row))
        assert ours.score_one(event) == river.score_one(event)
        river.learn_one(event)
        ours.learn_one(event)
    with pytest.raises(ValueError, match="once it has learnt"):
        HalfSpaceTrees.from_river(RiverTrees()).to_state()


def spoilt(**changes: Any) -> bytes:
    """A sound state with some fields changed."""
    detector = HalfSpaceTrees(2, 3, 10, seed=1)
    detector.learn_many(rows(25, 2))
    state = msgspec.msgpack.decode(detector.to_state())
    return msgspec.msgpack.encode(state | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"format": "other"},
        {"height": 24},
        {"height": 10**6},
        {"n_trees": 2**40},
        {"window_size": -1},
        {"counter": 10},
        {"counter": 4},
        {"counter": -1},
        {"windows": -1},
        {"windows": 0},
        {"features": []},
        {"features": ["a", "a"]},
        {"features": ["a"] * 70_000},
        {"features": [1, "a"]},
        {"limits": [["a", 1.0, 0.0]], "features": ["a"]},
        {"drawing_seed": None},
        {"latest": None},
        {"latest": {"size": 1, "counts": b"", "places": None}},
        {"latest": {"size": 1, "counts": b"\5", "places": None}},
        {"latest": {"size": 1, "counts": b"\5\5", "places": b"\xff" * 8}},
        {"latest": {"size": 2, "counts": b"\5\5\5", "places": b"\0" * 8}},
        {"unknown": 1},
    ],
    ids=str,
)
def test_states_that_no_forest_wrote_are_refused(changes: dict[str, Any]) -> None:
    """Wrong sizes, counts or names end in StateRefused, before anything is built."""
    assert HalfSpaceTrees.from_state(spoilt()).counter == 5
    with pytest.raises(StateRefused):
        HalfSpaceTrees.from_state(spoilt(**changes))


@pytest.mark.parametrize("data", [b"", b"\xc1", b"nonsense", b"\x80"])
def test_bytes_that_are_no_state_are_refused(data: bytes) -> None:
    """Damaged bytes end in StateRefused."""
    with pytest.raises(StateRefused):
        HalfSpaceTrees.from_state(data)


def test_masses_that_river_cannot_have_are_refused() -> None:
    """A node that weighs other than its leaves is found at the exchange."""
    river = RiverTrees(2, 3, 10, seed=1)
    river.learn_one({"x": 0.5})
    river.trees[0].l_mass = 7
    with pytest.raises(ValueError, match="not the sum"):
        HalfSpaceTrees.from_river(river)


def test_whole_numbers_compare_as_they_are() -> None:
    """A number that float64 cannot hold is still below, or not below, the threshold it was."""
    limits = {"x": (0.0, 2.0**55)}
    ours, river = (kind(5, 6, 4, limits, seed=2) for kind in (HalfSpaceTrees, RiverTrees))
    for event in ({"x": 2**54 + 1}, {"x": np.float64(3.0)}, {"x": True}, {"x": 10**400}) * 3:
        assert ours.score_one(event) == river.score_one(event)
        ours.learn_one(event)
        river.learn_one(event)
    ours.learn_one({"x": -(10**400)})
    river.learn_one({"x": -(10**400)})
    assert ours.score_one({"x": math.nan}) == river.score_one({"x": math.nan})


@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_short_floats_compare_as_in_river(kind: Any) -> None:
    """NumPy's short floats meet thresholds rounded to their own type, at and beside each one."""
    ours, river = HalfSpaceTrees(5, 6, 4, seed=2), RiverTrees(5, 6, 4, seed=2)
    ours.learn_one({"x": 0.5})
    river.learn_one({"x": 0.5})
    thresholds = [node.threshold for node in river.trees[0].iter_branches()]
    values = [kind(value) for value in thresholds]
    values += [np.nextafter(value, kind(end)) for value in values for end in (-1, 1)]
    values += [kind(each) for each in (0.0, -0.0, np.inf, -np.inf, np.nan)]
    values += [np.finfo(kind).max, np.finfo(kind).smallest_subnormal]
    for value in values:
        assert ours.score_one({"x": value}) == river.score_one({"x": value})
        ours.learn_one({"x": value})
        river.learn_one({"x": value})


def test_a_counter_has_nothing_missing() -> None:
    """What a Counter or a defaultdict lacks is what it gives, as in River; a dict misses it."""
    ours, river = (cls(5, 4, 3, seed=2) for cls in (HalfSpaceTrees, RiverTrees))
    lacking = (Counter({"x": 1}), defaultdict(lambda: 0.9, x=0.2), {"x": 0.4}, {"y": 0.1})
    for event in ({"x": 0.5, "y": 0.7}, *lacking * 4):
        assert ours.score_one(event.copy()) == river.score_one(event.copy())
        ours.learn_one(event.copy())
        river.learn_one(event.copy())


def test_what_no_tree_asks_for_may_hold_anything() -> None:
    """A feature that no tree asks for is not looked at; None where one asks is a TypeError."""
    ours, river = HalfSpaceTrees(1, 1, 3, seed=2), RiverTrees(1, 1, 3, seed=2)
    first = {"x": 0.5, "y": 0.5}
    ours.learn_one(first)
    river.learn_one(first)
    asked = river.trees[0].feature
    (other,) = first.keys() - {asked}
    for value in (None, "text", [1]):
        event = {asked: 0.3, other: value}
        assert ours.score_one(event) == river.score_one(event)
        ours.learn_one(event)
        river.learn_one(event)
    for detector in (ours, river):
        with pytest.raises(TypeError):
            detector.learn_one({asked: None, other: 0.5})


def test_no_event_waits_for_a_compiler() -> None:
    """After `prepare`, no use of the detector adds a signature to any kernel."""
    ticks = iter([1.0, 3.5])
    assert prepare(lambda: next(ticks)) == 2.5
    kernels: list[Any] = [
        kernel
        for module in (descent, leaf_table, live_masses, pruned_profile, compiled)
        for kernel in vars(module).values()
        if hasattr(kernel, "signatures")
    ]
    before = [len(kernel.signatures) for kernel in kernels]
    assert len(kernels) > 5
    for height in (4, 12):
        detector = HalfSpaceTrees(3, height, 20, seed=1)
        events = rows(300, 3)
        events[150, 2] = np.nan
        detector.learn_one(dict(enumerate(events[0].tolist())))
        detector.score_learn_many(events)
        detector.score_many(events[::2])
        other = HalfSpaceTrees.from_river(HalfSpaceTrees.from_state(detector.to_state()).to_river())
        other.score_learn_many(events)
    assert [len(kernel.signatures) for kernel in kernels] == before
