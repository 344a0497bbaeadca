"""The highest scores of a sliding window, sorted: all that a threshold at a small rarity needs.

Of the scores that come and go nearly all lie below the floor of what is kept, and cost a compare
each. When too many go, the caller gathers the highest anew from the ring.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.compiled import borrowing, inlined
from floodline.detection.kernels.score_window import COUNT, HEAD, at_most

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

NOBODY: Booleans = np.zeros(0, np.bool_)
"""No event of a row is asked for."""

DEEPEST = 2_048
"""Scores that are gathered at most; twice as many have room."""

_HELD, _EQUAL, _DEPTH = 0, 1, 2


class HighScores(NamedTuple):
    """The arrays of one window's highest scores.

    `arrival` and `places` are its ring, as in `Window`. `kept` has every score of the ring above
    `floor` (one number), ascending. `sizes` says how many these are, how many of the ring equal
    the floor, and to how many the kept are cut when there are twice as many.
    """

    arrival: Floats
    places: Integers
    kept: Floats
    floor: Floats
    sizes: Integers


def new_high_scores(arrival: Floats, places: Integers) -> HighScores:
    """Room for the highest of a ring; nothing is gathered yet."""
    room = np.zeros(2 * DEEPEST)
    return HighScores(arrival, places, room, np.zeros(1), np.zeros(3, dtype=np.int64))


def prepare() -> None:
    """Compile or load every kernel here."""
    high, one = new_high_scores(np.zeros(1), np.zeros(3, dtype=np.int64)), np.ones(1)
    gather(high, 1)
    step_high(high, one, NOBODY, 0, 0.5, np.inf, 0, one.copy(), one.copy())


def gather(high: HighScores, depth: int) -> None:
    """Keep the `depth` highest of the ring, without those that equal the lowest of them."""
    ring = high.arrival[: int(high.places[COUNT])]
    above, floor = ring, -np.inf
    if ring.size > depth:
        above = np.partition(ring, ring.size - depth)[-depth:]
        floor = above[0]
    above = np.sort(above[above > floor])
    high.kept[: above.size], high.floor[0] = above, floor
    high.sizes[:] = above.size, np.count_nonzero(ring == floor), depth


@borrowing
def step_high(
    high: HighScores,
    arrived: Floats,
    asked: Booleans,
    done: int,
    rule: float,
    fixed: float,
    learn_from: int,
    rarities: Floats,
    limits: Floats,
) -> int:
    """Step from event `done` on: its threshold, its rarity if it reaches that (else NaN); keep it.

    The threshold is at rarity `rule` or, if that is NaN, `fixed`. Those that are `asked` for, (n,)
    or none, have a rarity in any case. How far it came is returned: short of the end, too few are
    kept, and are to be gathered anew; -1: a score is NaN.
    """
    if done == 0 and _any_nan(arrived):
        return -1
    places, counted, number = high.places, -1, 0
    ruled, reached, limit = not np.isnan(rule), np.nan, fixed
    changed, floor, some = ruled, high.floor[0], asked.size > 0
    for event in range(np.uint64(done), np.uint64(arrived.size)):
        if changed:
            if places[COUNT] != counted:
                counted = places[COUNT]
                number = at_most(rule, counted)
            last, reached = reached, _highest_but(high, number)
            if np.isnan(reached):
                return int(event)
            limit = limit if reached == last else np.nextafter(reached, np.inf)
            changed = False
        score = arrived[event]
        limits[event], rarities[event] = limit, np.nan
        if score >= limit or (some and asked[event]):
            rarities[event] = (1 + _as_high(high, score)) / (places[COUNT] + 1)
        if event >= np.uint64(learn_from):
            gone = _turn(high, score)
            if not gone < floor or score >= floor:  # NaN: one more is kept
                floor = _exchange(high, gone, score)
                changed = ruled
    return arrived.size


@inlined
def _any_nan(scores: Floats) -> bool:
    found = 0
    for each in range(np.uint64(scores.size)):
        found += 1 if np.isnan(scores[each]) else 0
    return found > 0


@inlined
def _turn(high: HighScores, score: float) -> float:
    """Put a score in the ring; the one that it drives out, NaN while there is room."""
    arrival, places = high.arrival, high.places
    count, size = places[COUNT], arrival.size
    if count < size:
        arrival[np.uint64(count)] = score
        places[COUNT] = count + 1
        return np.nan
    head = places[HEAD]
    gone = arrival[np.uint64(head)]
    arrival[np.uint64(head)] = score
    places[HEAD] = 0 if head + 1 == size else head + 1
    return float(gone)


@inlined
def _highest_but(high: HighScores, number: int) -> float:
    """The score that `number` of the ring reach, infinity for none; NaN where too few are kept."""
    held = high.sizes[_HELD]
    if number < 1:
        return np.inf
    if number <= held:
        return float(high.kept[np.uint64(held - number)])
    return float(high.floor[0]) if number <= held + high.sizes[_EQUAL] else np.nan


@inlined
def _exchange(high: HighScores, gone: float, score: float) -> float:
    """Let one go and keep one, each if it is at least the floor; the floor, which may rise."""
    kept, sizes, floor, one = high.kept, high.sizes, high.floor[0], np.uint64(1)
    if gone == floor:
        sizes[_EQUAL] -= 1
    elif gone > floor:
        at = _below(high, gone)
        sizes[_HELD] -= 1
        for each in range(np.uint64(at), np.uint64(sizes[_HELD])):
            kept[each] = kept[each + one]
    if score == floor:
        sizes[_EQUAL] += 1
    elif score > floor:
        at, end = _below(high, score), np.uint64(sizes[_HELD])
        for step in range(np.uint64(sizes[_HELD] - at)):
            kept[end - step] = kept[end - step - one]
        kept[np.uint64(at)] = score
        sizes[_HELD] += 1
        if sizes[_HELD] == 2 * sizes[_DEPTH]:
            _raise_floor(high)
    return float(high.floor[0])


@inlined
def _below(high: HighScores, score: float) -> int:
    """How many of the kept are smaller. Drifts come and go at the upper end: it is asked first."""
    kept, low, many = high.kept, 0, high.sizes[_HELD]
    if many == 0 or kept[np.uint64(many - 1)] < score:
        return int(many)
    if many > 1 and kept[np.uint64(many - 2)] < score:
        return int(many - 1)
    while many > 0:
        half = many >> 1
        smaller = kept[np.uint64(low + half)] < score
        low = low + half + 1 if smaller else low
        many = many - half - 1 if smaller else half
    return low


@inlined
def _as_high(high: HighScores, score: float) -> int:
    """How many scores of the ring are at least as high."""
    if score > high.floor[0]:
        return int(high.sizes[_HELD]) - _below(high, score)
    if score == high.floor[0]:
        return int(high.sizes[_HELD] + high.sizes[_EQUAL])
    reached = 0
    for each in range(np.uint64(high.places[COUNT])):
        reached += 1 if high.arrival[each] >= score else 0
    return reached


@borrowing
def _raise_floor(high: HighScores) -> None:
    """Cut the kept to the upper half, without those that equal its lowest."""
    kept, sizes = high.kept, high.sizes
    floor = kept[sizes[_DEPTH]]
    above, equal, held = 0, 0, sizes[_HELD]
    for each in range(held):
        if kept[each] > floor:
            kept[above] = kept[each]
            above += 1
        elif kept[each] == floor:
            equal += 1
    high.floor[0], sizes[_HELD], sizes[_EQUAL] = floor, above, equal
