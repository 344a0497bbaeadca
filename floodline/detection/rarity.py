"""How rare a score is among the recent ones."""

import math
from bisect import bisect_left, insort
from collections import deque
from typing import Self

import numpy as np

from floodline.errors import StateRefused


class ScoreWindow:
    """The last `size` scores, in order of arrival and in order of size.

    The rarity of a score s among n kept scores is (1 + #{kept >= s}) / (n + 1): the share of recent
    events that scored at least as high, with the event itself counted, so that it is never 0.
    It says little while n is small: no rarity below 1 / (n + 1) can be seen.

    >>> window = ScoreWindow(4)
    >>> for score in (0.1, 0.2, 0.3, 0.9):
    ...     window.learn(score)
    >>> window.rarity(0.5)
    0.4
    >>> window.threshold(0.4) > 0.3
    True
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"a score window needs a size of at least 1, not {size}")
        self.size = size
        self._arrival: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._arrival)

    def learn(self, score: float) -> None:
        """Keep a score, and let the oldest go when the window is full."""
        if len(self._arrival) == self.size:
            oldest = self._arrival.popleft()
            del self._sorted[bisect_left(self._sorted, oldest)]
        self._arrival.append(score)
        insort(self._sorted, score)

    def rarity(self, score: float) -> float:
        """The share in (0, 1] of recent events, this one included, that scored at least as high."""
        at_least = len(self._sorted) - bisect_left(self._sorted, score)
        return (1 + at_least) / (len(self._sorted) + 1)

    def threshold(self, rarity: float) -> float:
        """The lowest score whose rarity is at most `rarity`; infinity where n is too small."""
        count = len(self._sorted)
        at_most = math.floor(rarity * (count + 1))
        # The product may round over a whole number; `rarity()` divides, and its word counts.
        while (at_most + 1) / (count + 1) <= rarity:
            at_most += 1
        while at_most > 0 and at_most / (count + 1) > rarity:
            at_most -= 1
        above = at_most - 1
        if above < 0 or above >= count:
            return math.inf if above < 0 else 0.0
        return math.nextafter(self._sorted[count - above - 1], math.inf)

    def to_state(self) -> bytes:
        """The kept scores in order of arrival, as little-endian float64."""
        return np.asarray(self._arrival, dtype="<f8").tobytes()

    @classmethod
    def from_state(cls, size: int, data: bytes) -> Self:
        """The window that `to_state` described; scores beyond `size` are the oldest and go.

        Raises:
            StateRefused: the bytes are no finite float64 numbers.
        """
        if len(data) % 8:
            raise StateRefused(f"{len(data)} bytes are no row of float64 scores")
        scores = np.frombuffer(data, dtype="<f8")
        if not np.isfinite(scores).all():
            raise StateRefused("a kept score is not a finite number")
        window = cls(size)
        window._arrival.extend(scores.tolist()[-size:])
        window._sorted = sorted(window._arrival)
        return window
