"""Kept states of every detector under damage: refused, or a detector that goes on."""

import random
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from floodline.detection.half_space_trees import HalfSpaceTrees
from floodline.detection.parameters import (
    DefaultProfile,
    ModelParameters,
    NamedDetector,
    RiverProfile,
)
from floodline.detection.remembering_forest import RememberingForest
from floodline.detection.river_profile import RiverProfileForest
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused

NAMES = ("depth", "flow", "rain")
RULE = ThresholdRule(rarity=0.05)
NUMBERS = (
    *(0, 1, -1, 2, 7, 49, 50, 51, 255, 2**15, 2**16, 2**26, 2**31 - 1, 2**31, 2**53, 2**62),
    *(2**63 - 1, -(2**63), 2**64 - 1, 0.5, -0.5, 1e150, 1e300, float("inf"), float("nan")),
)
KINDS: dict[str, ModelParameters] = {
    "default": DefaultProfile(trees=5, height=4, window=50, memory=90),
    "guarded": DefaultProfile(trees=5, height=4, window=50, memory=90, guard=0.1),
    "river": RiverProfile(trees=3, height=3, window=50),
    "river_tall": RiverProfile(trees=2, height=11, window=50),
    "trees_by_name": NamedDetector(
        steps=("river.preprocessing.MinMaxScaler", "river.anomaly.HalfSpaceTrees"),
        parameters=({}, {"n_trees": 3, "height": 3, "window_size": 50}),
    ),
    "lof": NamedDetector(
        steps=("river.anomaly.LocalOutlierFactor",),
        parameters=(
            {
                "n_neighbors": 3,
                "engine": {
                    "name": "river.neighbors.LazySearch",
                    "parameters": {"window_size": 20},
                },
            },
        ),
    ),
    "loda": NamedDetector(
        steps=("river.preprocessing.StandardScaler", "river.anomaly.LODA"),
        parameters=({}, {"n_random_cuts": 5}),
    ),
    "svm": NamedDetector(
        steps=("river.feature_extraction.RBFSampler", "river.anomaly.OneClassSVM"),
        parameters=({"n_components": 10},),
    ),
}


def rows(count: int) -> Any:
    """Seeded events."""
    return np.random.default_rng(6).normal(size=(count, 3))


def kept(kind: str, count: int) -> bytes:
    """The state of a scorer of that kind after so many events."""
    scorer = Scorer.new(KINDS[kind], NAMES)
    scorer.step_many(rows(count), RULE)
    return scorer.to_state()


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The bytes with some cut off, turned over, or written over each other."""
    changed = bytearray(data)
    if not changed or chance.random() < 0.1:
        del changed[chance.randrange(len(changed) + 1) :]
        return bytes(changed)
    for _ in range(chance.choice((1, 1, 2, 8))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    if chance.random() < 0.1:
        start, end = chance.randrange(len(changed)), chance.randrange(len(changed))
        changed[start : start + 8] = changed[end : end + 8]
    return bytes(changed)


def changed(value: Any, chance: random.Random) -> Any:
    """A value with one part of it, however deep, made another; bytes that hold values as well."""
    if isinstance(value, bytes):
        try:
            inner = msgspec.msgpack.decode(value)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return damaged(value, chance)
        whole = isinstance(inner, dict | list)
        return msgspec.msgpack.encode(changed(inner, chance)) if whole else damaged(value, chance)
    if isinstance(value, dict | list) and value and chance.random() < 0.95:
        places = list(value) if isinstance(value, dict) else range(len(value))
        one, other = chance.choice(places), chance.choice(places)
        turned = value.copy()
        if chance.random() < 0.1:
            turned[one], turned[other] = value[other], value[one]
        else:
            turned[one] = changed(value[one], chance)
        return turned
    return chance.choice((*NUMBERS, None, "", "x", b"", [], {}, [0], True))


def refuses_or_goes_on(data: bytes) -> bool:
    """Load: False where it is refused; True where it scores, learns and keeps its state."""
    try:
        scorer = Scorer.from_state(data)
    except StateRefused:
        return False
    events = np.resize(rows(60), (60, len(scorer.features)))
    for piece in (events[:3], events[3:]):
        scored = scorer.step_many(piece, RULE)
        assert ((scored.score >= 0.0) & (scored.score <= 1.0)).all()
        state = scorer.to_state()
        assert Scorer.from_state(state).to_state() == state
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_any_damage_is_refused_or_harmless(kind: str) -> None:
    """Bytes turned, cut, swapped, numbers without bound: StateRefused, or all goes on."""
    chance = random.Random(5)
    states = [kept(kind, count) for count in (0, 7, 130)]
    named = isinstance(KINDS[kind], NamedDetector)
    for turn in range(30 if named else 250):
        whole = states[turn % 3]
        if chance.random() < 0.2:
            data = damaged(whole, chance)
        else:
            data = msgspec.msgpack.encode(changed(msgspec.msgpack.decode(whole), chance))
        refuses_or_goes_on(data)
    assert all(refuses_or_goes_on(whole) for whole in states)


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.update(n_trees=2**26, height=1),
        lambda s: s.update(n_trees=2**23, height=1),
        lambda s: s.update(n_trees=1, height=24),
        lambda s: s.update(n_trees=2**40, height=11, window_size=1),
        lambda s: s.update(n_trees=2**12, height=11, window_size=2**20),
        lambda s: s.update(height=12, window_size=2**30),
        lambda s: s.update(seed=b"\0" * 5, drawing_seed=b"\0" * 5),
        lambda s: s.update(feature_names=["a", 1], features=[]),
    ],
)
def test_a_small_state_of_a_huge_forest_is_refused_at_once(change: Change) -> None:
    """A few bytes never make a forest that fills the memory: the refusal comes within seconds."""
    detector = HalfSpaceTrees(2, 3, 50, seed=1)
    detector.learn_many(rows(25))
    state = msgspec.msgpack.decode(detector.to_state())
    change(state)
    started = time.monotonic()
    with pytest.raises(StateRefused):
        HalfSpaceTrees.from_state(msgspec.msgpack.encode(state))
    assert time.monotonic() - started < 2.0


@pytest.mark.parametrize("seed", [2**64 - 1, 2**64, 2**200 + 1, -(2**63), -(2**63) - 1, -(2**90)])
def test_a_seed_of_any_length_is_kept(seed: int) -> None:
    """The state of a forest with a long seed loads with this seed, and goes on to the bit."""
    detector = HalfSpaceTrees(3, 4, 20, seed=seed)
    detector.learn_many(rows(30))
    again = HalfSpaceTrees.from_state(detector.to_state())
    assert again.seed == seed
    assert again.score_learn_many(rows(60)).tolist() == detector.score_learn_many(rows(60)).tolist()
    assert again.to_state() == detector.to_state()


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_a_profile_says_which_seeds_it_takes(seed: int) -> None:
    """A profile's seed beyond 64 bits is refused when the detector is made, not when it is kept."""
    with pytest.raises(ValueError, match="seed lies in"):
        RiverProfileForest(RiverProfile(seed=seed), NAMES)
    with pytest.raises(ValueError, match="seed lies in"):
        RememberingForest(DefaultProfile(seed=seed), NAMES)
