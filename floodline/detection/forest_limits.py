"""What a remembering forest can be: bounds of its parameters, sizes and values of its arrays.

Kernels index without asking. So all that they read is checked here when it comes from outside: no
state that passes leads to an index out of bounds, a negative mass or a number that is not finite.
"""

import math

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels import robust_scale as rows
from floodline.detection.kernels.guard import (
    FLAGGED,
    LEFT,
    OPEN,
    PRESSURE,
    SEEN,
    STANCE,
    TOTAL,
    WAITING,
)
from floodline.detection.kernels.leaf_masses import Memory
from floodline.detection.kernels.lessons import COUNT, SUM, USUAL
from floodline.detection.parameters import DefaultProfile
from floodline.detection.state_data import MOST_EVENTS

_TALLEST = 15
_LARGEST_VARIANCE = 5.0 * rows.FARTHEST**2
_ROUNDED = 1.0 + 1e-9
_FARTHEST_MEAN = rows.FARTHEST * (1.0 + 1e-6)
_MOST_BITS = 1e15  # far more than any parameters can give


def check_parameters(parameters: DefaultProfile, features: int) -> None:
    """Refuse parameters that no kernel can work with.

    Raises:
        ValueError: a parameter lies outside its bounds; the message names it and them.
    """
    bounds = {
        "trees": (parameters.trees, 1, 1_000),
        "height": (parameters.height, 1, _TALLEST),
        "window": (parameters.window, 2, 100_000),
        "memory": (parameters.memory, 10, 10_000_000),
        "start": (parameters.start, 2, 10_000),
        "warm_up": (parameters.warm_up, 0, 10_000_000),
        "winsor": (parameters.winsor, 1, 1e6),
        "tail": (parameters.tail, 0, 1e6),
        "tail_clip": (parameters.tail_clip, 1, 1e6),
        "guard": (parameters.guard, 0, 0.1),
        "guard_patience": (parameters.guard_patience, 1, 10_000_000),
        "seed": (parameters.seed, -(2**63), 2**64 - 1),
        "the number of features": (features, 1, 10_000),
    }
    for name, (value, low, high) in bounds.items():
        if not low <= value <= high:
            raise ValueError(f"{name} lies in [{low:,}, {high:,}], not {value}")
    if not 1 <= len(parameters.widths) <= 1_000:
        raise ValueError(f"widths are 1 to 1,000 numbers, not {len(parameters.widths)}")
    if not all(0 < width <= 1e6 for width in parameters.widths):
        raise ValueError(f"widths are numbers between 0 and 1,000,000, not {parameters.widths}")


def most_flagged(parameters: DefaultProfile) -> int:
    """Flagged events of a usual window at most: five times the guard's share, and one."""
    return 1 + int(5.0 * parameters.guard * parameters.window) if parameters.guard else 0


def sizes(parameters: DefaultProfile, features: int) -> dict[str, int]:
    """How many numbers each array has that a state keeps."""
    leaves = parameters.trees * 2**parameters.height
    return {
        "mass": leaves,
        "counts": leaves,
        "scale": rows.ROWS * features,
        "young": parameters.start * features,
        "window_bits": parameters.window if parameters.guard else 0,
        "suspects": 2 * most_flagged(parameters) * features,
        "usual": 3,
    }


def sound(memory: Memory, parameters: DefaultProfile, empty_scale: NDArray[np.float64]) -> bool:
    """True where every number lies within what learning can give."""
    if not (_counters_fit(memory, parameters) and _masses_fit(memory, parameters)):
        return False
    if memory.numbers[SEEN] < parameters.start:
        new = not memory.numbers[1:].any() and memory.guard[0] == math.inf and _no_usual(memory)
        return new and np.array_equal(memory.scale, empty_scale) and not memory.window_bits.any()
    with np.errstate(all="ignore"):  # what overflows does not fit
        return (
            _scale_fits(memory, parameters, empty_scale)
            and _guard_fits(memory, parameters)
            and _usual_fits(memory, parameters)
        )


def _counters_fit(memory: Memory, parameters: DefaultProfile) -> bool:
    numbers = memory.numbers
    started = bool(numbers[SEEN] >= parameters.start)
    guarded = parameters.guard > 0.0
    return (
        bool(0 <= numbers.min() <= numbers.max() <= MOST_EVENTS)
        and numbers[LEFT] <= parameters.window
        and numbers[TOTAL] <= 9 * parameters.memory
        and started == bool(numbers[LEFT] > 0) >= bool(numbers[TOTAL] > 0)
        and numbers[PRESSURE] + numbers[FLAGGED] <= numbers[SEEN]
        and numbers[PRESSURE] <= 2 * parameters.guard_patience
        and numbers[FLAGGED] <= parameters.window - numbers[LEFT]
        and numbers[WAITING] <= most_flagged(parameters)
        and numbers[STANCE] <= OPEN
        and (guarded or not numbers[PRESSURE:].any())
    )


def _masses_fit(memory: Memory, parameters: DefaultProfile) -> bool:
    numbers = memory.numbers
    events = memory.counts.sum(axis=1, dtype=np.int64)
    done = parameters.window - numbers[LEFT] if numbers[LEFT] else 0
    masses = memory.mass.sum(axis=1, dtype=np.int64)
    return (
        int(memory.mass.min()) >= 0
        and int(memory.counts.min()) >= 0
        and bool((events == events[0]).all())
        and bool(events[0] <= done)
        and bool((masses <= numbers[TOTAL]).all())
    )


def _scale_fits(
    memory: Memory, parameters: DefaultProfile, empty_scale: NDArray[np.float64]
) -> bool:
    """Bounds that hold at the next event too: what this window still adds is within them."""
    scale, start = memory.scale, parameters.start
    kept = scale[rows.YOUNG]
    known = kept == rows.KNOWN
    root = np.sqrt(np.maximum(scale[rows.VARIANCE], 0.0))
    least = np.maximum(1e-12 * np.abs(scale[rows.MEAN]), 1e-300)
    cut = np.minimum(scale[rows.LIMIT], 2.0 * rows.FARTHEST)
    present = scale[rows.PRESENT]
    shift = scale[rows.SUM] / np.maximum(present, 1.0)
    left, seen = memory.numbers[LEFT], memory.numbers[SEEN] - _held(memory)
    still = [row for row in range(rows.ROWS) if row not in (rows.YOUNG, rows.PRESENT)]
    fits = (
        np.isfinite(scale).all(axis=0)
        & (known | ((kept >= 0) & (kept <= start) & (kept == np.floor(kept))))
        & (np.abs(scale[rows.MEAN]) <= _FARTHEST_MEAN)
        & (np.abs(scale[rows.MEAN] + shift) <= rows.FARTHEST * _ROUNDED)
        & (scale[rows.VARIANCE] >= 0)
        & (scale[rows.VARIANCE] <= _LARGEST_VARIANCE)
        & (scale[rows.DEVIATION] == np.where(known, np.maximum(root, least), 1.0))
        & (scale[rows.LIMIT] == np.where(known, parameters.winsor * root, 0.0))
        & (present >= 0)
        & (present == np.floor(present))
        & (present <= np.where(known, parameters.window - left, seen))
        & (np.abs(scale[rows.SUM]) <= present * cut * _ROUNDED)
        & (scale[rows.SQUARES] >= 0)
        & (scale[rows.SQUARES] <= present * (cut * cut) * _ROUNDED)
        & (scale[rows.NEXT_FAR] >= 0)
        & (scale[rows.FAR] >= scale[rows.NEXT_FAR])
        & (scale[rows.FAR] <= rows.FARTHEST)
        & (scale[rows.AGE] >= np.where(known, 1.0, 0.0))
        & (scale[rows.AGE] + present <= seen)
        & (known | (scale[still] == empty_scale[still]).all(axis=0))
    )
    young = np.arange(start)[:, np.newaxis] < kept
    usable = np.abs(memory.young) <= rows.FARTHEST
    return bool(fits.all()) and bool((usable | ~young).all())


def _held(memory: Memory) -> int:
    """Events that were seen and are not learnt yet."""
    numbers = memory.numbers
    return int(numbers[WAITING] + (numbers[FLAGGED] if numbers[STANCE] != OPEN else 0))


def _guard_fits(memory: Memory, parameters: DefaultProfile) -> bool:
    """The guard has no level, and so flags nothing, until a whole window has been scored."""
    level, numbers = float(memory.guard[0]), memory.numbers
    if level == math.inf:
        fits = not numbers[PRESSURE:].any()
    else:
        first = parameters.window + max(parameters.window, parameters.start)
        fits = parameters.guard > 0.0 and abs(level) <= _MOST_BITS and bool(numbers[SEEN] >= first)
    return fits and bool((np.abs(memory.window_bits) <= _MOST_BITS).all())


def _no_usual(memory: Memory) -> bool:
    usual = memory.usual
    return math.isnan(usual[USUAL]) and usual[SUM] == usual[COUNT] == 0.0


def _usual_fits(memory: Memory, parameters: DefaultProfile) -> bool:
    """Every event that was scored counts; the mean is known once a window of them has ended."""
    usual, scored = memory.usual, memory.numbers[SEEN] - parameters.start
    count = usual[COUNT]
    known = math.isfinite(usual[USUAL]) and abs(usual[USUAL]) <= _MOST_BITS
    return bool(
        count == math.floor(count)
        and 0 <= count <= min(scored, parameters.window - memory.numbers[LEFT])
        and abs(usual[SUM]) <= count * _MOST_BITS
        and (known if scored > count else math.isnan(usual[USUAL]))
    )
