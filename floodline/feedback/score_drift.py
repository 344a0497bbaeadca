"""Whether ordinary scores move with time, and how fast, by all events and without any label."""

import msgspec
import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

SURE = 2.0
"""Standard errors from which on scores are said to drift: one steady stream in twenty is."""
LEAST = 100
"""Fewest events that are looked at."""
BEARABLE = 0.005
"""Mean rank by which scores may move within a half-life."""
SHORTEST = 1 / 50
"""Share of the stretch that a half-life is at least."""


class ScoreDrift(msgspec.Struct, frozen=True, kw_only=True):
    """How ordinary scores moved.

    Attributes:
        a_day: change of the mean rank in a day; ranks are shares of all events, from 0 to 1.
        half_life: hours in which it changes by `BEARABLE`, but at least `SHORTEST` of the stretch.
    """

    a_day: float
    half_life: float

    def __str__(self) -> str:
        way = "up" if self.a_day > 0 else "down"
        return f"scores drift {way}, so false alarms count half after {_hours(self.half_life)}"


def _hours(hours: float) -> str:
    for most, unit in ((1, 1 / 60), (48, 1.0)):
        if hours < most:
            return f"{hours / unit:.2g} {'minutes' if unit < 1 else 'hours'}"
    return f"{hours / 24:.2g} days"


def score_drift(scores: Numbers, ages: Numbers, weights: Numbers) -> ScoreDrift | None:
    """The drift of the scores over a stretch of the log; None where none is sure.

    The rank r of each event among all, by weight, is set against its age a by weighted least
    squares. With a' and r' the differences from the weighted means,

        slope = sum(w a' r') / sum(w a'^2),    variance = sum((w a' r')^2) / sum(w a'^2)^2

    The variance holds for events that were chosen independently, whatever the spread of the ranks
    at each age. Nearly all events are ordinary, so ranks tell of these. It fails where a stream has
    seasons longer than the stretch, and cannot see a change that comes and goes.

    Args:
        scores: of alerts and samples, (n,).
        ages: hours, (n,).
        weights: 1 / the chance with which each was chosen when it came, (n,).

    Source: White, "A heteroskedasticity-consistent covariance matrix estimator and a direct test
    for heteroskedasticity", Econometrica 48, 1980.
    """
    if scores.size < LEAST or np.ptp(ages) == 0:
        return None
    ranks = _ranks(scores, weights) - 0.5
    since = ages - np.average(ages, weights=weights)
    moved, spread = weights * since * ranks, float((weights * since**2).sum())
    slope = -float(moved.sum()) / spread
    if abs(slope) <= SURE * float(np.sqrt((moved**2).sum())) / spread:
        return None
    half_life = max(BEARABLE / abs(slope), SHORTEST * float(np.ptp(ages)))
    return ScoreDrift(a_day=24 * slope, half_life=half_life)


def _ranks(scores: Numbers, weights: Numbers) -> Numbers:
    """The share of the weight that lies below each score, and half of that at it."""
    _, places = np.unique(scores, return_inverse=True)
    at = np.bincount(places, weights)
    return np.asarray((np.cumsum(at) - at / 2)[places] / at.sum())
