"""Score and learn in one pass: the kernels of the remembering forest.

Between two window ends nothing that a score depends on changes, so the events of a window are
independent of each other: however they are cut into batches, each score has the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, compiled
from floodline.detection.kernels.guard import (
    LEFT,
    SEEN,
    Settings,
    acquitted,
    hold_back,
    move_guard,
)
from floodline.detection.kernels.leaf_masses import Memory, place, remember, spread, weigh
from floodline.detection.kernels.lessons import COUNT, SUM, USUAL, move_usual, publish
from floodline.detection.kernels.level_walk import fullest_leaf, leaves_of_tree
from floodline.detection.kernels.logarithm import exp2
from floodline.detection.kernels.robust_scale import (
    EMPTY,
    FARTHEST,
    KNOWN,
    YOUNG,
    know,
    move,
    observe,
    take_in,
)
from floodline.detection.kernels.tail import add_tail


@compiled
def _walk(
    memory: Memory,
    columns: NDArray[np.float64],
    odd: NDArray[np.uint8],
    any_odd: bool,
    count: int,
    leaves: NDArray[np.uint32],
    totals: NDArray[np.float64],
    lessons: NDArray[np.float64],
    learn: bool,
) -> None:
    """Each event's mean bits over the trees into `totals`; learn it where `learn` is set.

    Where the forest was taught, the sum of its leaves' weights goes into `lessons`, if that has
    room.
    """
    taught = memory.weights.shape[0] > 0 and lessons.shape[0] > 0
    for e in range(count):
        totals[e] = 0.0
    for e in range(min(count, lessons.shape[0])):
        lessons[e] = 0.0
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
        if taught:
            _sum(t, leaves, count, memory.weights, lessons)
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
    totals, nothing = np.empty(count), np.empty(0)
    _walk(memory, kept, kept_odd, any_odd, size, leaves, totals, nothing, True)


@compiled
def _learn_late(memory: Memory, rows: NDArray[np.float64]) -> None:
    """Learn events that the guard held back for a while."""
    count, features = rows.shape
    columns, odd = np.empty((features, count)), np.empty(count, dtype=np.uint8)
    leaves, totals = np.empty(count, dtype=np.uint32), np.empty(count)
    any_odd = take_in(rows, memory.scale, columns, odd)
    _walk(memory, columns, odd, any_odd, count, leaves, totals, np.empty(0), True)
    observe(rows, memory.scale, memory.young, np.zeros(count, dtype=np.uint8))


@compiled
def end_window(memory: Memory, logarithms: NDArray[np.float64], settings: Settings) -> None:
    """What an ended window changes: masses, scales, thresholds, bits, guard, the next window."""
    numbers = memory.numbers
    waiting = acquitted(numbers, memory.suspects)
    if waiting > 0:
        _learn_late(memory, memory.suspects[0, :waiting])
    remember(memory, settings.memory)
    for j in range(memory.scale.shape[1]):
        if memory.scale[YOUNG, j] == KNOWN:
            move(memory.scale, j, settings.memory, settings.winsor)
        elif memory.scale[YOUNG, j] == memory.young.shape[0]:
            know(memory.scale, memory.young, j, settings.winsor)
            spread(memory, j)
    place(memory)
    weigh(memory, logarithms)
    first = settings.window + max(settings.window, memory.young.shape[0])
    if settings.guard > 0.0 and numbers[SEEN] >= first:  # a whole window has been scored
        move_guard(memory.guard, numbers, memory.window_bits, memory.suspects, settings)
    move_usual(memory.usual, numbers[SEEN] - memory.young.shape[0], settings.memory)
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
    _walk(memory, columns, odd, any_odd, count, leaves, totals, np.empty(0), True)
    end_window(memory, logarithms, settings)


@compiled
def scores_of(bits: NDArray[np.float64]) -> None:
    """Turn bits into scores in [0, 1], in place: 1 / (1 + 2^-bits)."""
    for e in range(bits.shape[0]):
        bits[e] = 1.0 / (1.0 + exp2(-bits[e]))


@compiled
def _tell(
    memory: Memory,
    totals: NDArray[np.float64],
    lessons: NDArray[np.float64],
    count: int,
    scores: NDArray[np.float64],
    queue: NDArray[np.float64],
) -> None:
    """The scores of events from plain bits and lessons; what labels call usual in `totals`, too.

    The guard hears of the lower of both bits, so that what was called usual is learnt.
    """
    published = scores[:count]
    for e in range(count):
        memory.usual[SUM] += totals[e]
        published[e] = totals[e]
    memory.usual[COUNT] += count
    for e in range(min(count, queue.shape[0])):
        queue[e] = (totals[e] - memory.usual[USUAL]) + lessons[e]
    if memory.weights.shape[0] > 0:
        publish(published, lessons, memory.usual[USUAL])
        for e in range(count):
            totals[e] = min(totals[e], published[e])
    scores_of(published)


@compiled
def advance(
    rows: NDArray[np.float64],
    scores: NDArray[np.float64],
    memory: Memory,
    logarithms: NDArray[np.float64],
    settings: Settings,
    queue: NDArray[np.float64],
    ends: bool,
) -> None:
    """Score each event into `scores`, then learn it, in order.

    `queue` gets what the labels make of each event, in bits, if it has room.

    Where `ends` is not set, the rows reach no further than this window's last event, and its end is
    left to the caller: till then all scores are what they were.
    """
    numbers = memory.numbers
    size = min(rows.shape[0], settings.window)
    columns, odd = np.empty((rows.shape[1], size)), np.empty(size, dtype=np.uint8)
    leaves, totals = np.empty(size, dtype=np.uint32), np.empty(size)
    lessons, held = np.empty(size), np.zeros(size, dtype=np.uint8)
    done, total = 0, rows.shape[0]
    while done < total:
        if numbers[SEEN] < memory.young.shape[0]:
            memory.young[numbers[SEEN]] = rows[done]
            scores[done] = 0.0
            if queue.shape[0] > 0:
                queue[done] = 0.0
            numbers[SEEN] += 1
            done += 1
            if numbers[SEEN] == memory.young.shape[0]:
                _begin(memory, logarithms, settings)
            continue
        count = min(total - done, numbers[LEFT])
        now = rows[done : done + count]
        any_odd = take_in(now, memory.scale, columns, odd)
        guarded = settings.guard > 0.0
        _walk(memory, columns, odd, any_odd, count, leaves, totals, lessons, not guarded)
        add_tail(columns, memory.scale, settings, count, totals)
        _tell(memory, totals, lessons, count, scores[done:], queue[done:])
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
    nothing = np.empty(0)
    advance(rows[done:end], scores[done:end], memory, logarithms, settings, nothing, False)
    return int(end)


@compiled
def bits_of(
    rows: NDArray[np.float64],
    memory: Memory,
    settings: Settings,
    bits: NDArray[np.float64],
    lessons: NDArray[np.float64],
) -> None:
    """The plain bits of each event into `bits`, its lesson into `lessons`; learns nothing.

    Meaningless before the start.
    """
    count = rows.shape[0]
    columns, odd = np.empty((rows.shape[1], count)), np.empty(count, dtype=np.uint8)
    leaves = np.empty(count, dtype=np.uint32)
    any_odd = take_in(rows, memory.scale, columns, odd)
    _walk(memory, columns, odd, any_odd, count, leaves, bits, lessons, False)
    add_tail(columns, memory.scale, settings, count, bits)


@compiled
def leaves_of(rows: NDArray[np.float64], memory: Memory, reached: NDArray[np.uint16]) -> None:
    """The leaf that each event reaches in each tree into `reached`, (n, T); learns nothing."""
    count = rows.shape[0]
    columns, odd = np.empty((rows.shape[1], count)), np.empty(count, dtype=np.uint8)
    leaves = np.empty(count, dtype=np.uint32)
    any_odd = take_in(rows, memory.scale, columns, odd)
    for t in range(memory.levels.shape[0]):
        shared = memory.shared[t]
        leaves_of_tree(columns, t, memory.levels, shared, memory.thresholds, count, leaves)
        if any_odd:
            _amend(memory, t, columns, odd, count, leaves)
        for e in range(count):
            reached[e, t] = leaves[e]
