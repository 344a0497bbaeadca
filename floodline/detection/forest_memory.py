"""A remembering forest's arrays: made anew, as data, and from data."""

import math
from functools import cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels import robust_scale
from floodline.detection.kernels.guard import HELD, LEFT, SEEN, TOTAL
from floodline.detection.kernels.logarithm import log2
from floodline.detection.kernels.remembering import Memory, place, weigh
from floodline.detection.level_trees import draw
from floodline.detection.parameters import DefaultProfile
from floodline.errors import StateRefused

FORMAT = "remembering-forest"
VERSION = 1
_TALLEST = 15
_LOGARITHMS = 4096
_NUMBERS = 6


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    version: int
    parameters: DefaultProfile
    features: list[str]
    mass: bytes
    counts: bytes
    scale: bytes
    young: bytes
    window_bits: bytes
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
    _check(parameters, features)
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
        numbers=np.zeros(_NUMBERS, dtype=np.int64),
    )


def _empty_scale(features: int) -> NDArray[np.float64]:
    scale = np.zeros((robust_scale.ROWS, features), dtype=np.float64)
    scale[robust_scale.DEVIATION] = 1.0
    return scale


def _check(parameters: DefaultProfile, features: int) -> None:
    """Refuse parameters that no kernel can work with."""
    bounds = {
        "trees": (parameters.trees, 1, 1_000),
        "height": (parameters.height, 1, _TALLEST),
        "window": (parameters.window, 2, 100_000),
        "memory": (parameters.memory, 1, 10_000_000),
        "start": (parameters.start, 2, 10_000),
        "warm_up": (parameters.warm_up, 0, 10_000_000),
        "winsor": (parameters.winsor, 1, 1e6),
        "tail": (parameters.tail, 0, 1e6),
        "tail_clip": (parameters.tail_clip, 1, 1e6),
        "guard": (parameters.guard, 0, 0.5),
        "guard_patience": (parameters.guard_patience, 1, 10_000_000),
        "the number of features": (features, 1, 10_000),
    }
    for name, (value, low, high) in bounds.items():
        if not low <= value <= high:
            raise ValueError(f"{name} lies in [{low:,}, {high:,}], not {value}")
    if not parameters.widths or not all(0 < width <= 1e6 for width in parameters.widths):
        raise ValueError(f"widths are numbers between 0 and 1,000,000, not {parameters.widths}")


def write(parameters: DefaultProfile, features: tuple[str, ...], memory: Memory) -> bytes:
    """Masses, scales and counters as msgpack; the trees follow from the seed."""
    guard = float(memory.guard[0])
    return msgspec.msgpack.encode(
        _State(
            format=FORMAT,
            version=VERSION,
            parameters=parameters,
            features=list(features),
            mass=memory.mass.astype("<i4").tobytes(),
            counts=memory.counts.astype(_kind_of_counts(parameters)).tobytes(),
            scale=memory.scale.astype("<f8").tobytes(),
            young=memory.young.astype("<f8").tobytes(),
            window_bits=memory.window_bits.astype("<f8").tobytes(),
            guard=guard if math.isfinite(guard) else None,
            numbers=memory.numbers.tolist(),
        )
    )


def read(data: bytes) -> tuple[DefaultProfile, tuple[str, ...], Memory]:
    """What `write` described, with bits that mean what they meant.

    Raises:
        StateRefused: the bytes are no state of this forest, or of another version.
    """
    try:
        state = msgspec.msgpack.decode(data, type=_State)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StateRefused(f"these {len(data)} bytes are no forest state: {error}") from error
    if (state.format, state.version) != (FORMAT, VERSION):
        raise StateRefused(
            f"a state of format {state.format!r} version {state.version} cannot be read here; "
            f"this release reads {FORMAT!r} version {VERSION}"
        )
    try:
        memory = new_memory(state.parameters, len(state.features))
    except ValueError as error:
        raise StateRefused(f"a forest that none of ours can be: {error}") from error
    _fill(memory, state)
    return state.parameters, tuple(state.features), memory


def _fill(memory: Memory, state: _State) -> None:
    names = state.features
    if len(set(names)) < len(names) or len(state.numbers) != _NUMBERS:
        raise StateRefused("a forest's features are named once each, and it has six counters")
    _load(memory.mass, state.mass, "<i4", "mass")
    _load(memory.counts, state.counts, _kind_of_counts(state.parameters), "counts")
    _load(memory.scale, state.scale, "<f8", "scale")
    _load(memory.young, state.young, "<f8", "young")
    _load(memory.window_bits, state.window_bits, "<f8", "window_bits")
    memory.numbers[:] = state.numbers
    memory.guard[0] = math.inf if state.guard is None else state.guard
    if not _sound(memory, state.parameters):
        raise StateRefused("masses, scales or counters are none that this forest can reach")
    if memory.numbers[SEEN] >= state.parameters.start:
        place(memory)
        weigh(memory, logarithms())


def _load(into: NDArray[np.generic], data: bytes, kind: str, name: str) -> None:
    found = np.frombuffer(data, dtype=np.uint8)
    if found.size != into.size * np.dtype(kind).itemsize:
        raise StateRefused(f"{name} has {found.size} bytes, which does not fit the forest")
    into[...] = np.frombuffer(data, dtype=kind).reshape(into.shape)


def _kind_of_counts(parameters: DefaultProfile) -> str:
    return "<u2" if max(parameters.window, parameters.start) < 2**16 else "<i4"


def _sound(memory: Memory, parameters: DefaultProfile) -> bool:
    """True where every number lies within what learning can give."""
    numbers, scale = memory.numbers, memory.scale
    events = memory.counts.sum(axis=1)
    fits = (
        int(memory.mass.min()) >= 0
        and int(memory.counts.min()) >= 0
        and bool((events == events[0]).all())
        and bool((memory.mass.sum(axis=1, dtype=np.int64) <= max(1, numbers[TOTAL])).all())
        and bool(np.isfinite(scale).all())
        and bool((scale[robust_scale.VARIANCE] >= 0).all())
        and bool((scale[robust_scale.DEVIATION] > 0).all())
        and bool((scale[robust_scale.YOUNG] <= parameters.start).all())
        and bool((scale[robust_scale.YOUNG] >= robust_scale.KNOWN).all())
        and int(numbers.min()) >= 0
        and 0 <= numbers[TOTAL] <= 9 * parameters.memory
        and 0 <= numbers[LEFT] <= parameters.window
        and 0 <= numbers[HELD] <= numbers[SEEN]
        and not math.isnan(memory.guard[0])
    )
    started = bool(numbers[SEEN] >= parameters.start)
    return fits and started == bool(numbers[LEFT] > 0) and started == bool(numbers[TOTAL] > 0)
