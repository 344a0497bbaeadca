"""Score and learn in one pass: the kernels of the remembering forest.

Between two window ends nothing that a score depends on changes, so the events of a window are
independent of each other: however they are cut into batches, each score has the same bits.
Masses are whole numbers of eighths of an event, so that forgetting rounds alike everywhere.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, compiled
from floodline.detection.kernels.guard import (
    LEFT,
    SEEN,
    TOTAL,
    Settings,
    acquitted,
    hold_back,
    move_guard,
)
from floodline.detection.kernels.level_walk import fullest_leaf, leaves_of_tree
from floodline.detection.kernels.logarithm import exp2, log2
from floodline.detection.kernels.robust_scale import (
    DEVIATION,
    EMPTY,
    FARTHEST,
    KNOWN,
    MEAN,
    YOUNG,
    know,
    move,
    observe,
    take_in,
)
from floodline.detection.kernels.tail import add_tail

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


@compiled
def _walk(
    memory: Memory,
    columns: NDArray[np.float64],
    odd: NDArray[np.uint8],
    any_odd: bool,
    count: int,
    leaves: NDArray[np.uint32],
    totals: NDArray[np.float64],
    learn: bool,
) -> None:
    """Each event's mean bits over the trees into `totals`; learn it where `learn` is set."""
    for e in range(count):
        totals[e] = 0.0
    trees = memory.levels.shape[0]
    for t in range(trees):
        shared = memory.shared[t]
        leaves_of_tree(columns, t, memory.levels, shared, memory.thresholds, count, leaves)
        if any_odd:
            _amend(memory, t, columns, odd, count, leaves)
        if learn:
            _count(t, leaves, count, memory.counts)
            if any_odd:
                _uncount_empty(t, odd, leaves, count, memory.counts)
        _sum(t, leaves, count, memory.bits, totals)
    for e in range(count):
        totals[e] /= trees


@borrowing
def _count(tree: int, leaves: NDArray[np.uint32], count: int, counts: NDArray[np.int32]) -> None:
    for e in range(count):
        counts[tree, leaves[e]] += np.int32(1)


@compiled
def _uncount_empty(
    tree: int,
    odd: NDArray[np.uint8],
    leaves: NDArray[np.uint32],
    count: int,
    counts: NDArray[np.int32],
) -> None:
    """Take back what events without features have taught: silence says nothing of any place."""
    for e in range(count):
        if odd[e] == EMPTY:
            counts[tree, leaves[e]] -= np.int32(1)


@borrowing
def _sum(
    tree: int,
    leaves: NDArray[np.uint32],
    count: int,
    bits: NDArray[np.float64],
    totals: NDArray[np.float64],
) -> None:
    for e in range(count):
        totals[e] += bits[tree, leaves[e]]


@compiled
def _amend(
    memory: Memory,
    tree: int,
    columns: NDArray[np.float64],
    odd: NDArray[np.uint8],
    count: int,
    leaves: NDArray[np.uint32],
) -> None:
    """Walk again, with the rule for missing features, the events that miss one."""
    bits = memory.bits[tree]
    row, reached = np.empty(columns.shape[0]), np.empty(bits.shape[0], dtype=np.uint32)
    levels, thresholds = memory.levels[tree], memory.thresholds[tree]
    for e in range(count):
        if odd[e]:
            for j in range(columns.shape[0]):
                row[j] = columns[j, e]
            leaves[e] = fullest_leaf(row, levels, thresholds, bits, -1, reached)


@compiled
def _learn_kept(
    memory: Memory,
    columns: NDArray[np.float64],
    odd: NDArray[np.uint8],
    count: int,
    held: NDArray[np.uint8],
) -> None:
    """Learn the events that the guard does not hold back."""
    kept = np.empty((columns.shape[0], count))
    kept_odd = np.empty(count, dtype=np.uint8)
    size = 0
    any_odd = False
    for e in range(count):
        if not held[e]:
            for j in range(columns.shape[0]):
                kept[j, size] = columns[j, e]
            kept_odd[size] = odd[e]
            any_odd |= odd[e] != 0
            size += 1
    leaves = np.empty(count, dtype=np.uint32)
    totals = np.empty(count)
    _walk(memory, kept, kept_odd, any_odd, size, leaves, totals, True)


@compiled
def _learn_late(memory: Memory, rows: NDArray[np.float64]) -> None:
    """Learn events that the guard held back for a while."""
    count, features = rows.shape
    columns, odd = np.empty((features, count)), np.empty(count, dtype=np.uint8)
    leaves, totals = np.empty(count, dtype=np.uint32), np.empty(count)
    any_odd = take_in(rows, memory.scale, columns, odd)
    _walk(memory, columns, odd, any_odd, count, leaves, totals, True)
    observe(rows, memory.scale, memory.young, np.zeros(count, dtype=np.uint8))


@compiled
def _spread(memory: Memory, feature: int) -> None:
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
def _remember(memory: Memory, remembered: int) -> None:
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


@compiled
def end_window(memory: Memory, logarithms: NDArray[np.float64], settings: Settings) -> None:
    """What an ended window changes: masses, scales, thresholds, bits, guard, the next window."""
    numbers = memory.numbers
    waiting = acquitted(numbers, memory.suspects)
    if waiting > 0:
        _learn_late(memory, memory.suspects[0, :waiting])
    _remember(memory, settings.memory)
    for j in range(memory.scale.shape[1]):
        if memory.scale[YOUNG, j] == KNOWN:
            move(memory.scale, j, settings.memory, settings.winsor)
        elif memory.scale[YOUNG, j] == memory.young.shape[0]:
            know(memory.scale, memory.young, j, settings.winsor)
            _spread(memory, j)
    place(memory)
    weigh(memory, logarithms)
    first = settings.window + max(settings.window, memory.young.shape[0])
    if settings.guard > 0.0 and numbers[SEEN] >= first:  # a whole window has been scored
        move_guard(memory.guard, numbers, memory.window_bits, memory.suspects, settings)
    numbers[LEFT] = min(settings.window, max(1, numbers[SEEN]))


@compiled
def _begin(memory: Memory, logarithms: NDArray[np.float64], settings: Settings) -> None:
    """Set the first scales from the kept first events, then learn these."""
    count, features = memory.young.shape
    rows = memory.young.copy()
    for j in range(features):
        kept = 0
        for e in range(count):
            value = rows[e, j]
            if value == value:
                memory.young[kept, j] = min(max(value, -FARTHEST), FARTHEST)
                kept += 1
        memory.scale[YOUNG, j] = kept
        if 2 * kept >= count:
            know(memory.scale, memory.young, j, settings.winsor)
    place(memory)
    columns, odd = np.empty((features, count)), np.empty(count, dtype=np.uint8)
    any_odd = take_in(rows, memory.scale, columns, odd)
    leaves, totals = np.empty(count, dtype=np.uint32), np.empty(count)
    _walk(memory, columns, odd, any_odd, count, leaves, totals, True)
    end_window(memory, logarithms, settings)


@compiled
def scores_of(bits: NDArray[np.float64]) -> None:
    """Turn bits into scores in [0, 1], in place: 1 / (1 + 2^-bits)."""
    for e in range(bits.shape[0]):
        bits[e] = 1.0 / (1.0 + exp2(-bits[e]))


@compiled
def advance(
    rows: NDArray[np.float64],
    scores: NDArray[np.float64],
    memory: Memory,
    logarithms: NDArray[np.float64],
    settings: Settings,
    ends: bool,
) -> None:
    """Score each event into `scores`, then learn it, in order.

    Where `ends` is not set, the rows reach no further than this window's last event, and its end is
    left to the caller: till then all scores are what they were.
    """
    numbers = memory.numbers
    size = min(rows.shape[0], settings.window)
    columns, odd = np.empty((rows.shape[1], size)), np.empty(size, dtype=np.uint8)
    leaves, totals = np.empty(size, dtype=np.uint32), np.empty(size)
    held = np.zeros(size, dtype=np.uint8)
    done, total = 0, rows.shape[0]
    while done < total:
        if numbers[SEEN] < memory.young.shape[0]:
            memory.young[numbers[SEEN]] = rows[done]
            scores[done] = 0.0
            numbers[SEEN] += 1
            done += 1
            if numbers[SEEN] == memory.young.shape[0]:
                _begin(memory, logarithms, settings)
            continue
        count = min(total - done, numbers[LEFT])
        now = rows[done : done + count]
        any_odd = take_in(now, memory.scale, columns, odd)
        guarded = settings.guard > 0.0
        _walk(memory, columns, odd, any_odd, count, leaves, totals, not guarded)
        add_tail(columns, memory.scale, settings, count, totals)
        for e in range(count):
            scores[done + e] = totals[e]
        scores_of(scores[done : done + count])
        if guarded:
            hold_back(memory.guard, numbers, memory.window_bits, memory.suspects, now, totals, held)
            _learn_kept(memory, columns, odd, count, held)
        observe(now, memory.scale, memory.young, held)
        numbers[SEEN] += count
        numbers[LEFT] -= count
        done += count
        if ends and numbers[LEFT] == 0:
            end_window(memory, logarithms, settings)


@compiled
def advance_window(
    rows: NDArray[np.float64],
    scores: NDArray[np.float64],
    done: int,
    memory: Memory,
    logarithms: NDArray[np.float64],
    settings: Settings,
) -> int:
    """From row `done` on, as `advance` within one window; how far it came is returned.

    A window that is over ends first; the end of the one that goes on now is left to the next call.
    """
    if memory.numbers[LEFT] == 0:
        end_window(memory, logarithms, settings)
    end = min(rows.shape[0], done + memory.numbers[LEFT])
    advance(rows[done:end], scores[done:end], memory, logarithms, settings, False)
    return int(end)


@compiled
def bits_of(
    rows: NDArray[np.float64], memory: Memory, settings: Settings, bits: NDArray[np.float64]
) -> None:
    """The mean bits of each event into `bits`; learns nothing. Meaningless before the start."""
    count = rows.shape[0]
    columns, odd = np.empty((rows.shape[1], count)), np.empty(count, dtype=np.uint8)
    leaves = np.empty(count, dtype=np.uint32)
    any_odd = take_in(rows, memory.scale, columns, odd)
    _walk(memory, columns, odd, any_odd, count, leaves, bits, False)
    add_tail(columns, memory.scale, settings, count, bits)
