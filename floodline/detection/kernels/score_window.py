"""A sliding window of scores that is always sorted: blocks of up to 128, in order of size.

A score comes in or goes out of one short block, and what lies below a score is counted by one
pass over the blocks' tops and one over a block, both without branches. So the cost is the same
for every order of arrival, and a result depends on the kept scores alone, never on how they came
to lie in blocks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, inlined

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 128
"""Scores that a block holds at most."""

_FILL = BLOCK // 2
_STRIDE = 16  # tops are passed in strides of this many, so that no pass ends in single steps
HEAD, COUNT, _BLOCKS = 0, 1, 2
"""Places in a window's `places`."""


class Window(NamedTuple):
    """The arrays of one window.

    `arrival` is a ring; `places` says its head (the oldest), the count of kept scores and the
    number of blocks in use. In `tops` (greatest score), `counts` and `starts` (in `scores`) the
    blocks in use come first, in order of size. What is not in use holds infinity in `tops` and
    `scores`: it is below no score, so that a pass may run over it. `spare` is for packing.
    """

    arrival: Floats
    places: Integers
    tops: Floats
    counts: Integers
    starts: Integers
    scores: Floats
    spare: Floats


def new_window(size: int) -> Window:
    """An empty window of at most `size` scores."""
    # Twice the half-full blocks: from one packing to the next come at least `size` scores.
    blocks = -(2 * (size // _FILL + 1) // -_STRIDE) * _STRIDE
    return Window(
        arrival=np.zeros(size),
        places=np.zeros(3, dtype=np.int64),
        tops=np.full(blocks, np.inf),
        counts=np.zeros(blocks, dtype=np.int64),
        starts=np.arange(blocks, dtype=np.int64) * BLOCK,
        scores=np.full(blocks * BLOCK, np.inf),
        spare=np.zeros(size),
    )


def prepare() -> None:
    """Compile or load every kernel here."""
    window, one = new_window(1), np.ones(1)
    order(window)
    step_many(window, one, 0.5, 0, one.copy(), one.copy())


def fill(window: Window, arrived: Floats) -> None:
    """Make the empty ring hold these, the oldest first; at most its size."""
    window.arrival[: arrived.size] = arrived
    window.places[COUNT] = arrived.size


def order(window: Window) -> None:
    """Lay what the ring holds into the blocks."""
    count = int(window.places[COUNT])
    window.spare[:count] = np.sort(window.arrival[:count])
    _pack(window, count)


@borrowing
def at_most(rarity: float, count: int) -> int:
    """The greatest whole number m with m / (count + 1) <= rarity, as that division rounds."""
    number = int(np.floor(rarity * (count + 1)))
    # The product may round over a whole number; rarity is a division, and its word counts.
    while (number + 1) / (count + 1) <= rarity:
        number += 1
    while number > 0 and number / (count + 1) > rarity:
        number -= 1
    return number


@borrowing
def step_many(
    window: Window, arrived: Floats, rule: float, learn_from: int, rarities: Floats, limits: Floats
) -> None:
    """Each score's rarity, and its threshold at rarity `rule` (NaN: none); then keep it."""
    counted, number = -1, 0
    for event in range(np.uint64(arrived.size)):
        count, score = window.places[COUNT], arrived[event]
        smaller, block, at = _locate(window, score)
        rarities[event] = (1 + count - smaller) / (count + 1)
        if not np.isnan(rule):
            if count != counted:
                counted, number = count, at_most(rule, count)
            limits[event] = _threshold(window, number)
        if event >= learn_from:
            if count == window.arrival.size:
                block, at = _let_go(window, score, block, at)
            else:
                window.arrival[count] = score
                window.places[COUNT] = count + 1
            _put_in(window, score, block, at)


@inlined
def _locate(window: Window, score: float) -> tuple[int, int, int]:
    """How many kept scores are smaller; the block where the score belongs; its place there."""
    blocks, tops, counts, scores = window.places[_BLOCKS], window.tops, window.counts, window.scores
    smaller, block = 0, 0
    # Unsigned indices: signed ones could be negative, and Numba would check each.
    for each in range(np.uint64((blocks + _STRIDE - 1) // _STRIDE * _STRIDE)):
        is_below = tops[each] < score
        smaller += counts[each] if is_below else 0
        block += 1 if is_below else 0
    if block == blocks:  # above all: at the end of the last block
        block = max(blocks - 1, 0)
        return smaller, block, counts[block]
    start, at = window.starts[block], 0
    for each in range(np.uint64(start), np.uint64(start + BLOCK)):
        at += 1 if scores[each] < score else 0
    return smaller + at, block, at


@inlined
def _threshold(window: Window, number: int) -> float:
    """The lowest score whose rarity is at most `number` in count + 1.

    Found from the top down: the rarer, the sooner.
    """
    if number < 1:
        return np.inf
    if number > window.places[COUNT]:
        return 0.0
    block, left = np.uint64(window.places[_BLOCKS] - 1), number
    while left > window.counts[block]:
        left -= window.counts[block]
        block -= np.uint64(1)
    reached = np.uint64(window.starts[block] + window.counts[block] - left)
    return float(np.nextafter(window.scores[reached], np.inf))


@inlined
def _let_go(window: Window, score: float, block: int, at: int) -> tuple[int, int]:
    """Put a score in the oldest one's place in the ring; where it now belongs: block and place."""
    head, scores = window.places[HEAD], window.scores
    _, old, old_at = _locate(window, window.arrival[head])
    window.arrival[head] = score
    window.places[HEAD] = 0 if head + 1 == window.arrival.size else head + 1
    start, count = window.starts[old], window.counts[old] - 1
    for each in range(np.uint64(start + old_at), np.uint64(start + count)):
        scores[each] = scores[each + np.uint64(1)]
    scores[np.uint64(start + count)] = np.inf
    window.counts[old] = count
    if count == 0:
        _drop(window, old)
        _, block, at = _locate(window, score)
        return block, at
    window.tops[old] = scores[np.uint64(start + count - 1)]
    return block, at - 1 if old == block and old_at < at else at


@inlined
def _put_in(window: Window, score: float, block: int, at: int) -> None:
    """Put a score at its place in its block, which splits when it is full."""
    if window.counts[block] == BLOCK:
        _split(window, block)
        _, block, at = _locate(window, score)
    if window.places[_BLOCKS] == 0:
        window.places[_BLOCKS] = 1
    scores, start, count = window.scores, window.starts[block], window.counts[block]
    end, one = np.uint64(start + count), np.uint64(1)
    for step in range(np.uint64(count - at)):
        scores[end - step] = scores[end - step - one]
    scores[np.uint64(start + at)] = score
    window.counts[block] = count + 1
    window.tops[block] = scores[end]


@borrowing
def _drop(window: Window, block: int) -> None:
    """Set an empty block free."""
    tops, counts, starts = window.tops, window.counts, window.starts
    start, last = starts[block], window.places[_BLOCKS] - 1
    for each in range(block, last):
        tops[each], counts[each], starts[each] = tops[each + 1], counts[each + 1], starts[each + 1]
    tops[last], counts[last], starts[last] = np.inf, 0, start
    window.places[_BLOCKS] = last


@borrowing
def _split(window: Window, block: int) -> None:
    """Move the upper half of a full block into a free one; pack all blocks when none is free."""
    blocks = window.places[_BLOCKS]
    tops, counts, starts, scores = window.tops, window.counts, window.starts, window.scores
    if blocks == tops.size:
        _pack(window, _put_in_order(window))
        return
    free = starts[blocks]
    for each in range(blocks, block + 1, -1):
        tops[each], counts[each], starts[each] = tops[each - 1], counts[each - 1], starts[each - 1]
    middle = starts[block] + _FILL
    for each in range(_FILL):
        scores[free + each], scores[middle + each] = scores[middle + each], np.inf
    tops[block + 1], counts[block + 1], starts[block + 1] = tops[block], _FILL, free
    tops[block], counts[block] = scores[middle - 1], _FILL
    window.places[_BLOCKS] = blocks + 1


@borrowing
def _put_in_order(window: Window) -> int:
    """Put every score of every block into `spare`, in order of size; how many they are."""
    end = 0
    for block in range(window.places[_BLOCKS]):
        start = window.starts[block]
        for each in range(window.counts[block]):
            window.spare[end] = window.scores[start + each]
            end += 1
    return end


@borrowing
def _pack(window: Window, count: int) -> None:
    """Lay the first scores of `spare`, which are in order, into half-full blocks."""
    window.places[_BLOCKS] = (count + _FILL - 1) // _FILL
    for each in range(window.scores.size):
        window.scores[each] = np.inf
    for block in range(window.tops.size):
        first, start = block * _FILL, block * BLOCK
        held = min(max(count - first, 0), _FILL)
        for each in range(held):
            window.scores[start + each] = window.spare[first + each]
        window.starts[block], window.counts[block] = start, held
        window.tops[block] = window.scores[start + held - 1] if held else np.inf
