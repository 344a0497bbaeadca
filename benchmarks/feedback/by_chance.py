"""What to ask: events by chance, where the top of the queue finds next to nothing."""

import numpy as np
from scipy.special import gammaincinv

from floodline.simulation.analysts import Told
from floodline.simulation.forest_steps import Steps
from floodline.simulation.method import Places, Setting
from floodline.simulation.taught_forest import TaughtForest

LEAST = 20
"""Answers on what scored highest without which nothing is said of it."""
NEWEST = 200
"""So many of them are looked at."""
RARE = 1 / 20
"""Share of real ones below which the top finds next to nothing."""
EXPLORED = 2 / 5
"""Part of a window's reviews that goes to chance then."""
_SURE = 0.9


class ByChance(TaughtForest):
    """Lessons as in the product; two of five events are drawn evenly where the top finds little.

    That is, where fewer than `RARE` of the newest answers on it are real, and fewer than chance may
    find: with 90 % confidence and f real ones of n a share of at most u = q(.9; f + 1) / n, q the
    quantile of the gamma distribution (Poisson's exact bound).
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._random = np.random.default_rng([setting.seed, 3])
        self._drawn: set[int] = set()
        self._top: list[bool] = []
        self._chance: list[bool] = []

    def pick(self, found: Steps, count: int) -> Places:
        """The highest q, and others by chance in the last places."""
        order = np.argsort(-found.queue, kind="stable")
        top = count - (round(EXPLORED * count) if self._blind else 0)
        drawn = self._random.permutation(order[top:])[: count - top]
        self._drawn.update((self._start + drawn).tolist())
        return np.concatenate([order[:top], drawn])

    def learn(self, told: Told) -> None:
        """As the product does; and count what the top found, and what chance did."""
        super().learn(told)
        for event, real in zip(told.events.tolist(), told.real.tolist(), strict=True):
            (self._chance if event in self._drawn else self._top).append(real)

    @property
    def _blind(self) -> bool:
        newest = self._top[-NEWEST:]
        if len(newest) < LEAST:
            return False
        most = float(gammaincinv(sum(self._chance) + 1, _SURE)) / max(len(self._chance), 1)
        return sum(newest) / len(newest) < min(RARE, most)
