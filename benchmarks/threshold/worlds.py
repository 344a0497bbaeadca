"""Simulated streams: how scores of real anomalies and of the rest are spread, and how both move."""

from functools import lru_cache
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr

Numbers = NDArray[np.float64]
Kind = Literal["calm", "noisy", "rough"]

EVENTS_AN_HOUR = 5_000.0
HOURS = 240
INITIAL_RARITY = 0.005
_STREAMS: dict[Kind, int] = {"noisy": 0, "calm": 1, "rough": 2}
"""So that no seed gives two kinds the same stream."""
_GRID = np.linspace(-8.0, 20.0, 2_801)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One stream.

    On a scale of x, the published score is 1 / (1 + exp(-x)). What is normal has mean 0 and
    deviation 1: a mixture of a normal distribution with a share `skewed` of a gamma distribution,
    which has a longer tail. Real anomalies lie around `lift`, a share `hidden` of them among the
    rest of the events, where no threshold finds them.

    Attributes:
        prevalence: share of the events that are real anomalies.
        lift, spread: mean and deviation of the real ones' x.
        hidden: share of the real ones that score like the rest.
        skewed: share of the rest in the longer tail.
        taught: how much labels lift the real ones, in x, in the end; half of it after 100 labels.
        drift: how far the rest moves up in x over the whole stream.
        bursts: incidents in the stream, each of some 50 events that score alike.
        noise: share of labels that say the opposite.
        delay: hours from an alert to its label, at least.
    """

    prevalence: float
    lift: float
    spread: float
    hidden: float
    skewed: float
    taught: float
    drift: float
    bursts: int
    noise: float
    delay: int

    def real_tail(self, x: Numbers | float, labels: int) -> Numbers:
        """The share of the real ones at or above x, after so many labels."""
        lift = self.lift + self.taught * labels / (labels + 100)
        seen = ndtr((lift - np.asarray(x)) / self.spread)
        tail: Numbers = (1 - self.hidden) * seen + self.hidden * self.rest_tail(x, 0.0)
        return tail

    def rest_tail(self, x: Numbers | float, moment: float) -> Numbers:
        """The share of the others at or above x, at a moment in [0, 1] of the stream."""
        shift = self.drift * moment
        if x is _GRID and shift == 0.0:
            return _on_grid(self.skewed)
        return _tail(np.asarray(x) - shift, self.skewed)

    def precision(self, x: float, labels: int, moment: float) -> float:
        """The expected share of real ones among the events at or above x; 1 without any."""
        real = self.prevalence * float(self.real_tail(x, labels))
        rest = (1 - self.prevalence) * float(self.rest_tail(x, moment))
        return real / (real + rest) if real + rest > 1e-12 else 1.0

    def recall(self, x: float, labels: int) -> float:
        """The expected share of the real ones at or above x."""
        return float(self.real_tail(x, labels))

    def tail(self, x: Numbers | float, labels: int, moment: float) -> Numbers:
        """The share of all events at or above x."""
        real, rest = self.real_tail(x, labels), self.rest_tail(x, moment)
        return self.prevalence * real + (1 - self.prevalence) * rest

    def initial(self) -> float:
        """The x that the initial rarity stands for at the beginning."""
        tails = self.tail(_GRID, 0, 0.0)
        return float(np.interp(-INITIAL_RARITY, -tails, _GRID))

    def lowest(self, target: float, labels: int, moment: float) -> float | None:
        """The lowest x from which on precision is at least the target; None where none is."""
        real = self.prevalence * self.real_tail(_GRID, labels)
        rest = (1 - self.prevalence) * self.rest_tail(_GRID, moment)
        enough = (real + rest) * EVENTS_AN_HOUR > 0.2
        good = np.divide(real, real + rest, out=np.zeros_like(real), where=enough) >= target
        return float(_GRID[np.argmax(good)]) if good.any() else None

    def draw(
        self, random: np.random.Generator, floor: float, labels: int, hour: int
    ) -> tuple[Numbers, NDArray[np.bool_]]:
        """The events of an hour at or above x = floor: their x, and which are real."""
        shift = self.drift * hour / HOURS
        real = self._real(random, labels, shift)
        real = real[real >= floor]
        rest = self._rest(random, floor - shift) + shift
        return np.concatenate([real, rest]), np.arange(real.size + rest.size) < real.size

    def _real(self, random: np.random.Generator, labels: int, shift: float) -> Numbers:
        count = random.poisson(EVENTS_AN_HOUR * self.prevalence)
        lift = self.lift + self.taught * labels / (labels + 100)
        x = random.normal(lift, self.spread, count)
        hidden = random.random(count) < self.hidden
        tails = self.rest_tail(_GRID, 0.0)
        x[hidden] = np.interp(-random.random(int(hidden.sum())), -tails, _GRID) + shift
        return x

    def _rest(self, random: np.random.Generator, floor: float) -> Numbers:
        above = np.searchsorted(_GRID, floor, side="right")
        points = np.append(floor, _GRID[above:])
        tails = np.append(self.rest_tail(floor, 0.0), self.rest_tail(_GRID, 0.0)[above:])
        count = random.poisson(EVENTS_AN_HOUR * (1 - self.prevalence) * float(tails[0]))
        x: Numbers = np.interp(-random.random(count) * tails[0], -tails, points)
        return x


def _tail(at: Numbers, skewed: float) -> Numbers:
    long = gammaincc(4.0, np.maximum(at + 2.0, 0.0) / 0.5)
    tail: Numbers = (1 - skewed) * ndtr(-at) + skewed * long
    return tail


@lru_cache(maxsize=64)
def _on_grid(skewed: float) -> Numbers:
    """What a stream asks for each hour."""
    return _tail(_GRID, skewed)


def drawn(seed: int, kind: Kind) -> World:
    """The stream of a seed and kind.

    A `calm` one neither drifts nor bursts, and its labels are right. On a `noisy` one up to one
    label in ten is wrong, labels lift the scores of what is real, and incidents come in bursts; a
    `rough` one drifts besides.
    """
    calm = kind == "calm"
    random = np.random.default_rng([seed, _STREAMS[kind]])
    return World(
        prevalence=float(10 ** random.uniform(-3, np.log10(0.05))),
        lift=float(random.uniform(2.5, 5.0)),
        spread=float(random.uniform(0.6, 1.6)),
        hidden=float(random.choice([0.0, 0.05, 0.2])),
        skewed=float(random.uniform(0, 0.3)),
        taught=0.0 if calm else float(random.uniform(0, 1.0)),
        drift=float(random.choice([0.0, 0.3, 0.6])) if kind == "rough" else 0.0,
        bursts=0 if calm else int(random.choice([0, 2, 6])),
        noise=0.0 if calm else float(random.uniform(0, 0.1)),
        delay=int(random.choice([0, 2, 12])),
    )
