"""A remembering forest's state: what is refused, and that nothing accepted breaks a kernel."""

import math
import random
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from floodline.detection.kernels import robust_scale
from floodline.detection.kernels.guard import FLAGGED, LEFT, SEEN, STANCE, TOTAL, WAITING
from floodline.detection.kernels.lessons import COUNT, SUM, USUAL
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.errors import StateRefused

NAMES = ("depth", "flow", "rain")
State = dict[str, Any]


def rows(count: int) -> Any:
    """Seeded events, one feature late, values missing."""
    events = np.random.default_rng(6).normal(size=(count, 3))
    events[::7, 1] = math.nan
    events[: count - 30, 2] = math.nan
    return events


def learnt(count: int = 210) -> bytes:
    """The state of a guarded forest."""
    parameters = DefaultProfile(trees=5, height=4, window=50, memory=90, guard=0.1)
    forest = RememberingForest(parameters, NAMES)
    forest.score_learn_many(rows(count))
    return forest.to_state()


def changed(change: Callable[[State], Any]) -> bytes:
    """The state with one part made another."""
    state = msgspec.msgpack.decode(learnt())
    change(state)
    return msgspec.msgpack.encode(state)


def array(name: str, place: int, value: float, kind: str = "<f8") -> Callable[[State], None]:
    """Put `value` in an array of the state."""

    def change(state: State) -> None:
        values = np.frombuffer(state["arrays"][name], kind).copy()
        values[place] = value
        state["arrays"][name] = values.tobytes()

    return change


def scale(row: int, value: float, column: int = 0) -> Callable[[State], None]:
    """Put `value` in a row of the scale."""
    return array("scale", 3 * row + column, value)


def number(place: int, value: int) -> Callable[[State], None]:
    """Make a counter another."""
    return lambda state: state["numbers"].__setitem__(place, value)


def parameter(name: str, value: Any) -> Callable[[State], None]:
    """Make a parameter another."""
    return lambda state: state["parameters"].__setitem__(name, value)


IMPOSSIBLE: dict[str, Callable[[State], Any]] = {
    "negative mass": array("mass", 3, -8, "<i4"),
    "more mass than events": array("mass", 3, 2**30, "<i4"),
    "counts that differ between trees": array("counts", 3, 60_000, "<u2"),
    "mean without end": scale(robust_scale.MEAN, math.inf),
    "mean beyond all values": scale(robust_scale.MEAN, 1e300),
    "negative variance": scale(robust_scale.VARIANCE, -1.0),
    "variance that overflows": scale(robust_scale.VARIANCE, 1e305),
    "deviation of another variance": scale(robust_scale.DEVIATION, 0.5),
    "limit of another variance": scale(robust_scale.LIMIT, 1e9),
    "sum beyond its values": scale(robust_scale.SUM, 1e300),
    "squares beyond their values": scale(robust_scale.SQUARES, 1e300),
    "half a value": scale(robust_scale.PRESENT, 1.5),
    "more values than a window": scale(robust_scale.PRESENT, 51.0),
    "distance without end": scale(robust_scale.FAR, 1e200),
    "negative age": scale(robust_scale.AGE, -5.0),
    "part of a young value": scale(robust_scale.YOUNG, 0.5, 2),
    "too many young values": scale(robust_scale.YOUNG, 17.0, 2),
    "young values that are none": array("young", 2, math.nan),
    "negative counter": number(LEFT, -1),
    "window longer than itself": number(LEFT, 51),
    "window that is over": number(LEFT, 0),
    "events beyond counting": number(SEEN, 2**63),
    "events that would overflow": number(SEEN, 2**63 - 1),
    "masses beyond the memory": number(TOTAL, 2**40),
    "more flagged events than events": number(FLAGGED, 51),
    "more waiting events than there is room": number(WAITING, 27),
    "unknown stance": number(STANCE, 3),
    "a counter too few": lambda state: state["numbers"].pop(),
    "guard without end": lambda state: state.update(guard=-math.inf),
    "guard that is no number": lambda state: state.update(guard=math.nan),
    "bits without end": array("window_bits", 3, math.inf),
    "ordinary bits without end": array("usual", USUAL, math.inf),
    "no ordinary bits after a window": array("usual", USUAL, math.nan),
    "sum of bits without end": array("usual", SUM, math.inf),
    "more scored events than a window has": array("usual", COUNT, 51.0),
    "half a scored event": array("usual", COUNT, 1.5),
    "array that is missing": lambda state: state["arrays"].pop("mass"),
    "array that is short": lambda state: state["arrays"].update(mass=b"\0" * 8),
    "unknown array": lambda state: state["arrays"].update(more=b""),
    "feature named twice": lambda state: state.update(features=["a", "b", "a"]),
    "feature too many": lambda state: state["features"].append("more"),
    "unknown format": lambda state: state.update(format="trees"),
    "unknown version": lambda state: state.update(version=99),
    "unknown field": lambda state: state.update(more=1),
    "taller trees": parameter("height", 15),
    "trees taller than any": parameter("height", 60),
    "a million trees": parameter("trees", 10**6),
    "no window": parameter("window", 0),
    "no widths": parameter("widths", []),
    "width without end": parameter("widths", [math.inf]),
    "another guard": parameter("guard", 0.0),
}


@pytest.mark.parametrize("fault", IMPOSSIBLE)
def test_impossible_states_are_refused(fault: str) -> None:
    """Each value that learning cannot lead to is refused before a kernel reads it."""
    with pytest.raises(StateRefused):
        RememberingForest.from_state(changed(IMPOSSIBLE[fault]))


def test_damaged_bytes_are_refused_or_harmless() -> None:
    """Of states cut short or with flipped bytes, those accepted go on with finite scores."""
    whole, chance = learnt(), random.Random(4)
    accepted = 0
    for _ in range(1_500):
        damaged = bytearray(whole)
        if chance.random() < 0.2:
            del damaged[chance.randrange(len(damaged)) :]
        for _ in range(chance.choice((1, 1, 2, 8))):
            if damaged:
                damaged[chance.randrange(len(damaged))] = chance.choice((0, 1, 127, 128, 255))
        try:
            forest = RememberingForest.from_state(bytes(damaged))
        except StateRefused:
            continue
        accepted += 1
        events = np.resize(rows(160), (160, len(forest.features)))
        assert np.isfinite(forest.score_learn_many(events)).all()
        RememberingForest.from_state(forest.to_state())
    assert accepted > 50


def test_every_moment_has_a_state_that_is_accepted() -> None:
    """After each event, hostile ones among them, the state loads again and is the same."""
    events = rows(400)
    events[::11, 0] = 1.7e308
    events[::13] = -math.inf
    events[200:320] += 9.0
    parameters = DefaultProfile(
        trees=3, height=3, window=20, memory=70, guard=0.05, guard_patience=30
    )
    forest = RememberingForest(parameters, NAMES)
    for event in events:
        forest.score_learn_many(event[np.newaxis])
        state = forest.to_state()
        assert RememberingForest.from_state(state).to_state() == state
