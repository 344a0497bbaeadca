"""Thresholds by rarity while too few scores are kept to count one that is so rare."""

import math
from bisect import bisect_right
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection import peaks

Floats = NDArray[np.float64]

ENOUGH = 1.0
"""Scores as rare as asked that are expected among those kept: from so many on, they are counted.

Counting alerts no more often than asked, as long as the order of the scores means nothing.
"""

FARTHEST = 0.2
"""With fewer expected than this the tail is not asked: so far out it says little."""

FIRST = peaks.FEWEST * peaks.SHARE
"""Kept scores from which on there is a fit."""

_GROWTH = 20  # the next fit is due when a twentieth more scores are kept
_SURELY = 1.1 * ENOUGH  # the last fit looked at more than 1 / 1.1 of the scores
_TURN = 10  # with a full window, when a tenth of it has come


class Stretch(NamedTuple):
    """So many of the next scores have this threshold at least; None: it is counted for each.

    A length of None is all that come.
    """

    length: int | None
    threshold: float | None


_COUNTED = Stretch(None, None)


class ShortSample:
    """When a window's tail is fitted, and what threshold it gives until the next fit.

    A fit is due when certain numbers of scores are kept and, with a full window, at every so many
    events of the stream. It looks only at scores that the window still holds at the next one. So
    the threshold at an event follows from the ring and the event's position alone: no cut, restart
    or replay changes it, and it is no state.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._turn = max(1, size // _TURN)
        self._due = _counts(size)
        self._known: tuple[float, int, bool] | None = None
        self._threshold: float | None = None

    def forget(self) -> None:
        """What was fitted does not follow from ring and position any more."""
        self._known = None

    def is_over(self, count: int, rarity: float) -> bool:
        """True where so many kept scores surely suffice to count this rarity, now and later."""
        return rarity * count >= _SURELY or self._size < FIRST

    def stretch(self, ring: Floats, head: int, count: int, position: int, rarity: float) -> Stretch:
        """The threshold of the next event that is kept, and for how many such events it holds.

        Args:
            ring: (size,) the kept scores.
            head: where the oldest lies in a full ring.
            count: so many at the ring's beginning are in use.
            position: of the event in its stream.
            rarity: of the rule.
        """
        if self._size < FIRST:
            return _COUNTED
        full, gone = count == self._size, position % self._turn
        if full:
            enough, fit, left = count, position - gone, self._turn - gone
        else:
            at = bisect_right(self._due, count)
            enough = fit = self._due[at - 1]
            left = self._due[at] - count
        if rarity * enough >= ENOUGH:  # and the number of kept scores only grows
            return _COUNTED
        if rarity * enough < FARTHEST:
            return Stretch(left, None)
        if self._known != (rarity, fit, full):
            self._known = rarity, fit, full
            scores = ring[:fit]
            if full:
                scores = np.roll(ring, -head)[self._turn - gone : count - gone]
            self._threshold = peaks.rare_score(scores, rarity)
        return Stretch(left, self._threshold)


def soonest(size: int, rarity: float) -> int:
    """With fewer kept scores than this, none is rare enough for this rarity, whatever they are."""
    told = [due for due in _counts(size) if due >= FIRST and rarity * due >= FARTHEST]
    return min([*told[:1], math.ceil(1 / rarity) - 1])


def _counts(size: int) -> list[int]:
    """Numbers of kept scores at which a fit is due, from 0 to the window's size."""
    due, count = [0], FIRST
    while count < size:
        due.append(count)
        count += max(1, count // _GROWTH)
    return [*due, size]
