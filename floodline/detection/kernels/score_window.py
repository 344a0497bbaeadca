"""A sliding window of scores that is always sorted: blocks of up to 128, in order of size.

A score comes in or goes out of one short block, and what lies below a score is counted by one
pass over the blocks' tops and one over a block, both without branches. So the cost is the same
for every order of arrival, and a result depends on the kept scores alone, never on how they came
to lie in blocks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

BLOCK = 128
"""Scores that a block holds at most."""

_FILL = BLOCK // 2
_STRIDE = 16  # tops are passed in strides of this many, so that no pass ends in single steps
_HEAD, _COUNT, _BLOCKS = 0, 1, 2


class Window(NamedTuple):
    """The arrays of one window.

    `arrival` is a ring; `places` says its head (the oldest), the count of kept scores and the
    number of blocks in use. In `tops` (greatest score), `counts` and `starts` (in `scores`) the
    blocks in use come first, in order of size. What is not in use holds infinity in `tops` and
    `scores`: it is below no score, so that a pass may run over it.
    """

    arrival: Floats
    places: Integers
    tops: Floats
    counts: Integers
    starts: Integers
    scores: Floats


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
    )


def prepare() -> None:
    """Compile or load every kernel here."""
    window, one = new_window(1), np.ones(1)
    fill(window, one)
    step_many(window, one, 0.5, 0, one.copy(), one.copy())
    threshold(window, at_most(0.5, below(window, 1.0)))


@compiled
def fill(window: Window, arrived: Floats) -> None:
    """Make the empty window hold these, the oldest first; at most its size."""
    arrival, places, tops, counts, starts, scores = window
    arrival[: arrived.size] = arrived
    places[_COUNT] = arrived.size
    _pack(places, tops, counts, starts, scores, np.sort(arrived))


@compiled
def below(window: Window, score: float) -> int:
    """How many kept scores are smaller."""
    _, places, tops, counts, starts, scores = window
    return int(_locate(places[_BLOCKS], tops, counts, starts, scores, score)[0])


@compiled
def at_most(rarity: float, count: int) -> int:
    """The greatest whole number m with m / (count + 1) <= rarity, as that division rounds."""
    number = int(np.floor(rarity * (count + 1)))
    # The product may round over a whole number; rarity is a division, and its word counts.
    while (number + 1) / (count + 1) <= rarity:
        number += 1
    while number > 0 and number / (count + 1) > rarity:
        number -= 1
    return number


@compiled
def threshold(window: Window, number: int) -> float:
    """The lowest score whose rarity is at most `number` in count + 1."""
    _, places, _, counts, starts, scores = window
    if number < 1:
        return np.inf
    if number > places[_COUNT]:
        return 0.0
    return _after_kth_largest(places[_BLOCKS], counts, starts, scores, number)


@compiled
def step_many(
    window: Window, arrived: Floats, rule: float, learn_from: int, rarities: Floats, limits: Floats
) -> None:
    """Each score's rarity, and its threshold at rarity `rule` (NaN: none); then keep it."""
    arrival, places, tops, counts, starts, scores = window
    counted, number = -1, 0
    for event in range(np.uint64(arrived.size)):
        count, score = places[_COUNT], arrived[event]
        smaller, block, at = _locate(places[_BLOCKS], tops, counts, starts, scores, score)
        rarities[event] = (1 + count - smaller) / (count + 1)
        if not np.isnan(rule):
            if count != counted:
                counted, number = count, at_most(rule, count)
            if 1 <= number <= count:
                limits[event] = _after_kth_largest(places[_BLOCKS], counts, starts, scores, number)
            else:
                limits[event] = np.inf if number < 1 else 0.0
        if event >= learn_from:
            if count == arrival.size:
                block, at = _let_go(arrival, places, tops, counts, starts, scores, block, at, score)
            else:
                arrival[count] = score
                places[_COUNT] = count + 1
            _put_in(places, tops, counts, starts, scores, block, at, score)


@compiled
def _locate(
    blocks: int, tops: Floats, counts: Integers, starts: Integers, scores: Floats, score: float
) -> tuple[int, int, int]:
    """How many kept scores are smaller; the block where the score belongs; its place there."""
    smaller, block = 0, 0
    # Unsigned indices: signed ones could be negative, and Numba would check each.
    for each in range(np.uint64((blocks + _STRIDE - 1) // _STRIDE * _STRIDE)):
        is_below = tops[each] < score
        smaller += counts[each] if is_below else 0
        block += 1 if is_below else 0
    if block == blocks:  # above all: at the end of the last block
        block = max(blocks - 1, 0)
        return smaller, block, counts[block]
    start, at = starts[block], 0
    for each in range(np.uint64(start), np.uint64(start + BLOCK)):
        at += 1 if scores[each] < score else 0
    return smaller + at, block, at


@compiled
def _after_kth_largest(
    blocks: int, counts: Integers, starts: Integers, scores: Floats, k: int
) -> float:
    """The float after the k-th largest kept score."""
    block, left = np.uint64(blocks - 1), k
    while left > counts[block]:
        left -= counts[block]
        block -= np.uint64(1)
    return float(np.nextafter(scores[np.uint64(starts[block] + counts[block] - left)], np.inf))


@compiled
def _let_go(
    arrival: Floats,
    places: Integers,
    tops: Floats,
    counts: Integers,
    starts: Integers,
    scores: Floats,
    block: int,
    at: int,
    score: float,
) -> tuple[int, int]:
    """Put a score in the oldest one's place in the ring; where it now belongs: block and place."""
    head = places[_HEAD]
    _, old, old_at = _locate(places[_BLOCKS], tops, counts, starts, scores, arrival[head])
    arrival[head] = score
    places[_HEAD] = 0 if head + 1 == arrival.size else head + 1
    start, count = starts[old], counts[old] - 1
    for each in range(np.uint64(start + old_at), np.uint64(start + count)):
        scores[each] = scores[each + np.uint64(1)]
    scores[np.uint64(start + count)] = np.inf
    counts[old] = count
    if count == 0:
        _drop(places, tops, counts, starts, old)
        _, block, at = _locate(places[_BLOCKS], tops, counts, starts, scores, score)
        return block, at
    tops[old] = scores[np.uint64(start + count - 1)]
    return block, at - 1 if old == block and old_at < at else at


@compiled
def _put_in(
    places: Integers,
    tops: Floats,
    counts: Integers,
    starts: Integers,
    scores: Floats,
    block: int,
    at: int,
    score: float,
) -> None:
    """Put a score at its place in its block, which splits when it is full."""
    if counts[block] == BLOCK:
        _split(places, tops, counts, starts, scores, block)
        _, block, at = _locate(places[_BLOCKS], tops, counts, starts, scores, score)
    if places[_BLOCKS] == 0:
        places[_BLOCKS] = 1
    start, count = starts[block], counts[block]
    end, one = np.uint64(start + count), np.uint64(1)
    for step in range(np.uint64(count - at)):
        scores[end - step] = scores[end - step - one]
    scores[np.uint64(start + at)] = score
    counts[block] = count + 1
    tops[block] = scores[end]


@compiled
def _drop(places: Integers, tops: Floats, counts: Integers, starts: Integers, block: int) -> None:
    """Set an empty block free."""
    start, last = starts[block], places[_BLOCKS] - 1
    for each in range(block, last):
        tops[each], counts[each], starts[each] = tops[each + 1], counts[each + 1], starts[each + 1]
    tops[last], counts[last], starts[last] = np.inf, 0, start
    places[_BLOCKS] = last


@compiled
def _split(
    places: Integers, tops: Floats, counts: Integers, starts: Integers, scores: Floats, block: int
) -> None:
    """Move the upper half of a full block into a free one; pack all blocks when none is free."""
    blocks = places[_BLOCKS]
    if blocks == tops.size:
        ordered = _in_order(places, counts, starts, scores)
        _pack(places, tops, counts, starts, scores, ordered)
        return
    free = starts[blocks]
    for each in range(blocks, block + 1, -1):
        tops[each], counts[each], starts[each] = tops[each - 1], counts[each - 1], starts[each - 1]
    middle, end = starts[block] + _FILL, starts[block] + BLOCK
    scores[free : free + _FILL] = scores[middle:end]
    scores[middle:end] = np.inf
    tops[block + 1], counts[block + 1], starts[block + 1] = tops[block], _FILL, free
    tops[block], counts[block] = scores[middle - 1], _FILL
    places[_BLOCKS] = blocks + 1


@compiled
def _in_order(places: Integers, counts: Integers, starts: Integers, scores: Floats) -> Floats:
    """Every score that lies in a block, in order of size."""
    ordered, end = np.empty(places[_COUNT]), 0
    for block in range(places[_BLOCKS]):
        start, count = starts[block], counts[block]
        ordered[end : end + count] = scores[start : start + count]
        end += count
    return ordered[:end]


@compiled
def _pack(
    places: Integers,
    tops: Floats,
    counts: Integers,
    starts: Integers,
    scores: Floats,
    ordered: Floats,
) -> None:
    """Lay scores that are in order into half-full blocks."""
    tops[:], scores[:], counts[:] = np.inf, np.inf, 0
    for block in range(tops.size):
        starts[block] = block * BLOCK
    blocks = (ordered.size + _FILL - 1) // _FILL
    for block in range(blocks):
        part = ordered[block * _FILL : (block + 1) * _FILL]
        scores[block * BLOCK : block * BLOCK + part.size] = part
        counts[block] = part.size
        tops[block] = part[part.size - 1]
    places[_BLOCKS] = blocks
