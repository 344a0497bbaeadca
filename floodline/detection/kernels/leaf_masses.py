"""A remembering forest's arrays, and what an ended window makes of its leaves' masses.

Masses are whole numbers of eighths of an event, so that forgetting rounds alike everywhere.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled
from floodline.detection.kernels.guard import TOTAL
from floodline.detection.kernels.logarithm import log2
from floodline.detection.kernels.robust_scale import DEVIATION, MEAN

UNIT = 8
"""One event in units of mass."""


class Memory(NamedTuple):
    """Trees and everything that moves; shapes with T trees, height h, d features.

    Attributes:
        levels: (T, h), as in `LevelTrees`.
        shared: (T,), as in `LevelTrees`.
        offsets: (T, 2^h - 1), each threshold in standard deviations from the mean.
        thresholds: (T, 2^h - 1), the same in the units of the features, by the scale in force.
        mass: (T, 2^h), remembered units of each leaf, as of the last window's end.
        counts: (T, 2^h), events of this window.
        bits: (T, 2^h), what each leaf adds to a score, as of the last window's end.
        scale: (ROWS, d), see `robust_scale`.
        young: (start, d), the first values of features that have no scale yet.
        window_bits: (window,), the bits of this window's events.
        guard: (1,), the bits from which the guard holds back.
        suspects: (2, most, d), the few events of two windows that the guard holds back.
        numbers: (NUMBERS,), see `guard`.
        usual: (3,), the bits of an ordinary event, see `lessons`.
        weights: (T, 2^h), what each leaf adds to an event's lesson; (0, 2^h) without lessons.
    """

    levels: NDArray[np.uint32]
    shared: NDArray[np.int64]
    offsets: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    mass: NDArray[np.int32]
    counts: NDArray[np.int32]
    bits: NDArray[np.float64]
    scale: NDArray[np.float64]
    young: NDArray[np.float64]
    window_bits: NDArray[np.float64]
    guard: NDArray[np.float64]
    suspects: NDArray[np.float64]
    numbers: NDArray[np.int64]
    usual: NDArray[np.float64]
    weights: NDArray[np.float64]


@compiled
def spread(memory: Memory, feature: int) -> None:
    """Share the mass of a feature that was never seen evenly over both sides of its levels."""
    trees, height = memory.levels.shape
    for t in range(trees):
        mass = memory.mass[t]
        for depth in range(height):
            if memory.levels[t, depth] != feature:
                continue
            step = 1 << (height - 1 - depth)
            for leaf in range(mass.shape[0]):
                if not leaf & step:
                    both = mass[leaf] + mass[leaf + step]
                    mass[leaf] = both >> 1
                    mass[leaf + step] = both - (both >> 1)


@compiled
def place(memory: Memory) -> None:
    """Thresholds in the units of the features, from the scale."""
    trees, height = memory.levels.shape
    for t in range(trees):
        for depth in range(height):
            j = memory.levels[t, depth]
            mean, one = memory.scale[MEAN, j], memory.scale[DEVIATION, j]
            for node in range((1 << depth) - 1, (2 << depth) - 1):
                memory.thresholds[t, node] = mean + one * memory.offsets[t, node]


@compiled
def weigh(memory: Memory, logarithms: NDArray[np.float64]) -> None:
    """The bits of each leaf from its mass, to 12 significant bits of the mass."""
    trees, height = memory.levels.shape
    top = log2(max(1, memory.numbers[TOTAL]) / UNIT) - height
    for t in range(trees):
        for leaf in range(memory.mass.shape[1]):
            units = memory.mass[t, leaf] + UNIT // 2
            octaves = 3.0
            while units >= logarithms.shape[0]:
                units >>= 1
                octaves -= 1.0
            memory.bits[t, leaf] = top + (octaves - logarithms[units])


@compiled
def remember(memory: Memory, remembered: int) -> None:
    """Add this window's counts; let eighths go while over 9/8 of `remembered` events are kept."""
    numbers = memory.numbers
    numbers[TOTAL] += UNIT * int(memory.counts[0].sum())
    for t in range(memory.mass.shape[0]):
        for leaf in range(memory.mass.shape[1]):
            memory.mass[t, leaf] += UNIT * memory.counts[t, leaf]
            memory.counts[t, leaf] = 0
    while numbers[TOTAL] > 9 * remembered:
        numbers[TOTAL] -= (numbers[TOTAL] + 7) >> 3
        for t in range(memory.mass.shape[0]):
            for leaf in range(memory.mass.shape[1]):
                memory.mass[t, leaf] -= (memory.mass[t, leaf] + 7) >> 3
