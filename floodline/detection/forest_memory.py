"""A remembering forest's arrays: made anew, as data, and from data."""

import math
from collections.abc import Mapping
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.forest_limits import check_parameters, most_flagged, sizes, sound
from floodline.detection.kernels import robust_scale
from floodline.detection.kernels.guard import NUMBERS, SEEN
from floodline.detection.kernels.leaf_masses import Memory, place, weigh
from floodline.detection.kernels.logarithm import log2
from floodline.detection.level_trees import draw
from floodline.detection.parameters import DefaultProfile
from floodline.detection.state_data import decoded_as
from floodline.errors import StateRefused

FORMAT = "remembering-forest"
VERSION = 2
_LOGARITHMS = 4096
_ARRAYS = ("mass", "counts", "scale", "young", "window_bits", "suspects", "usual")


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    version: int
    parameters: DefaultProfile
    features: list[str]
    arrays: dict[str, bytes]
    guard: float | None
    numbers: list[int]


@cache
def logarithms() -> NDArray[np.float64]:
    """log2 of 1 to 4,095 at its own place (0 at place 0): masses are looked up here."""
    table = np.array([0.0] + [log2(float(n)) for n in range(1, _LOGARITHMS)])
    table.flags.writeable = False
    return table


def new_memory(parameters: DefaultProfile, features: int) -> Memory:
    """The arrays of a forest that has seen nothing.

    Raises:
        ValueError: a parameter lies outside its bounds.
    """
    check_parameters(parameters, features)
    trees = draw(parameters.trees, parameters.height, features, parameters.seed)
    widths = np.resize(np.array(parameters.widths, dtype=np.float64), parameters.trees)
    shape = (parameters.trees, 2**parameters.height)
    return Memory(
        levels=trees.levels,
        shared=trees.shared,
        offsets=(2.0 * trees.thresholds - 1.0) * widths[:, np.newaxis],
        thresholds=np.zeros_like(trees.thresholds),
        mass=np.zeros(shape, dtype=np.int32),
        counts=np.zeros(shape, dtype=np.int32),
        bits=np.zeros(shape, dtype=np.float64),
        scale=_empty_scale(features),
        young=np.full((parameters.start, features), np.nan, dtype=np.float64),
        window_bits=np.zeros(parameters.window if parameters.guard else 0, dtype=np.float64),
        guard=np.array([np.inf]),
        suspects=np.zeros((2, most_flagged(parameters), features)),
        numbers=np.zeros(NUMBERS, dtype=np.int64),
        usual=np.array([np.nan, 0.0, 0.0]),
        weights=np.zeros((0, shape[1])),
    )


def _empty_scale(features: int) -> NDArray[np.float64]:
    scale = np.zeros((robust_scale.ROWS, features), dtype=np.float64)
    scale[robust_scale.DEVIATION] = 1.0
    return scale


def write(parameters: DefaultProfile, features: tuple[str, ...], memory: Memory) -> bytes:
    """Masses, scales and counters as msgpack; the trees follow from the seed."""
    guard = float(memory.guard[0])
    kinds = _kinds(parameters)
    return msgspec.msgpack.encode(
        _State(
            format=FORMAT,
            version=VERSION,
            parameters=parameters,
            features=list(features),
            arrays={
                name: getattr(memory, name).astype(kind).tobytes() for name, kind in kinds.items()
            },
            guard=guard if math.isfinite(guard) else None,
            numbers=memory.numbers.tolist(),
        )
    )


def read(data: bytes) -> tuple[DefaultProfile, tuple[str, ...], Memory]:
    """What `write` described, with bits that mean what they meant.

    Raises:
        StateRefused: the bytes are no state of this forest, or of another version.
    """
    state = decoded_as(data, _State, "forest state", FORMAT, VERSION)
    try:
        memory = _memory(state)
    except (ValueError, OverflowError) as error:
        raise StateRefused(f"no forest can have written this state: {error}") from error
    return state.parameters, tuple(state.features), memory


def _memory(state: _State) -> Memory:
    """The arrays of a state; nothing is made before the bytes are known to be as many."""
    names, kinds = state.features, _kinds(state.parameters)
    check_parameters(state.parameters, len(names))
    if len(set(names)) < len(names) or len(state.numbers) != NUMBERS:
        raise ValueError(f"its features are named once each, and it has {NUMBERS} counters")
    wanted = {
        name: number * np.dtype(kinds[name]).itemsize
        for name, number in sizes(state.parameters, len(names)).items()
    }
    _check_lengths(state.arrays, wanted)
    memory = new_memory(state.parameters, len(names))
    for name, kind in kinds.items():
        array = getattr(memory, name)
        array[...] = np.frombuffer(state.arrays[name], dtype=kind).reshape(array.shape)
    memory.numbers[:] = state.numbers
    memory.guard[0] = math.inf if state.guard is None else state.guard
    if not sound(memory, state.parameters, _empty_scale(len(names))):
        raise ValueError("masses, scales or counters are none that learning leads to")
    if memory.numbers[SEEN] >= state.parameters.start:
        place(memory)
        weigh(memory, logarithms())
    return memory


def _check_lengths(arrays: Mapping[str, bytes], wanted: Mapping[str, int]) -> None:
    found = {name: len(data) for name, data in arrays.items()}
    if found != wanted:
        raise ValueError(f"arrays of {found} bytes, where the parameters make {wanted}")


def _kinds(parameters: DefaultProfile) -> dict[str, str]:
    """How each array is written: few bytes, one order of bytes on every machine."""
    few = max(parameters.window, parameters.start) < 2**16
    counts = "<u2" if few else "<i4"
    return {name: {"mass": "<i4", "counts": counts}.get(name, "<f8") for name in _ARRAYS}
