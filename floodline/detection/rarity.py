"""How rare a score is among the recent ones."""

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels import score_window as kernels
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

    `step_many` does the same for a row of scores at the speed of a kernel; how a stream is cut
    into rows changes no bit.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"a score window needs a size of at least 1, not {size}")
        self.size = size
        self._window = kernels.new_window(size)

    def __len__(self) -> int:
        return int(self._window.places[1])

    def learn(self, score: float) -> None:
        """Keep a score, and let the oldest go when the window is full."""
        self.step_many(np.asarray([score], dtype=np.float64), None)

    def rarity(self, score: float) -> float:
        """The share in (0, 1] of recent events, this one included, that scored at least as high."""
        count = len(self)
        return (1 + count - kernels.below(self._window, float(score))) / (count + 1)

    def threshold(self, rarity: float) -> float:
        """The lowest score whose rarity is at most `rarity`; infinity where n is too small."""
        number = kernels.at_most(float(rarity), len(self))
        return kernels.threshold(self._window, number)

    def step_many(
        self, scores: NDArray[np.float64], rarity_rule: float | None, learn_from: int = 0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For each score in order: its rarity, the threshold at `rarity_rule`; then keep it.

        Args:
            scores: (n,) scores; infinities are kept as such, NaN is no score.
            rarity_rule: the rarity of the thresholds, in (0, 1); None: no threshold is asked.
            learn_from: so many scores at the start are not kept (the model was warming up).

        Returns:
            Rarities and thresholds, (n,) each, as `rarity` and `threshold` give them before the
            score is kept; the thresholds are NaN without a rule.

        Raises:
            ValueError: a score is NaN.
        """
        # A copy where needed: the kernel is compiled once, for contiguous, writable rows.
        arrived = np.require(scores, dtype=np.float64, requirements=["C", "W"])
        if np.isnan(arrived).any():
            raise ValueError("a score that is no number has no rarity")
        rarities, thresholds = np.empty(arrived.size), np.full(arrived.size, np.nan)
        rule = math.nan if rarity_rule is None else float(rarity_rule)
        kernels.step_many(self._window, arrived, rule, int(learn_from), rarities, thresholds)
        return rarities, thresholds

    def to_state(self) -> bytes:
        """The kept scores in order of arrival, as little-endian float64."""
        arrival, head = self._window.arrival[: len(self)], int(self._window.places[0])
        return np.concatenate((arrival[head:], arrival[:head])).astype("<f8").tobytes()

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
        kernels.fill(window._window, scores[-size:].astype(np.float64))
        return window
