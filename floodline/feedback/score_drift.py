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
SHORTEST = 1 / 20
"""Share of the stretch that a half-life is at least."""
DAY = 24.0
LEAST_HOURS = 1.5 * DAY
"""Shortest stretch that is looked at: in less, a night cannot be told from a drift."""


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
    amount, unit = (hours, "hours") if hours < 2 * DAY else (hours / DAY, "days")
    return f"{float(f'{amount:.2g}'):g} {unit}"


def score_drift(scores: Numbers, ages: Numbers, weights: Numbers) -> ScoreDrift | None:
    """The drift of the scores over a stretch of the log; None where none is sure.

    The rank r of each event among all, by weight, is set against its age a and a daily wave by
    weighted least squares. With a' what the wave and a constant leave of a, and r' what these and
    the slope leave of r,

        slope = sum(w a' r) / sum(w a'^2),    variance = sum((w a' r')^2) / sum(w a'^2)^2

    The variance holds for events that were chosen independently, whatever the spread of the ranks
    at each age. Nearly all events are ordinary, so ranks tell of these. A week's wave, or a longer
    one, is taken for a drift where the stretch ends within it; a change that has come and gone is
    not seen.

    Args:
        scores: of alerts and samples, (n,).
        ages: hours, (n,).
        weights: 1 / the chance with which each was chosen when it came, (n,).

    Sources: Frisch, Waugh, "Partial time regressions as compared with individual trends",
    Econometrica 1, 1933 (what the wave leaves of the age); White, "A heteroskedasticity-consistent
    covariance matrix estimator and a direct test for heteroskedasticity", Econometrica 48, 1980.
    """
    if scores.size < LEAST or np.ptp(ages) < LEAST_HOURS:
        return None
    turns = 2 * np.pi / DAY * ages
    usual = np.stack((np.ones(ages.size), np.sin(turns), np.cos(turns)), axis=1)
    since = _left(ages, usual, weights)
    spread = float((weights * since**2).sum())
    if spread == 0:
        return None
    ranks = _ranks(scores, weights)
    slope = -float((weights * since * ranks).sum()) / spread
    left = _left(ranks, np.column_stack((usual, since)), weights)
    if abs(slope) <= SURE * float(np.sqrt(((weights * since * left) ** 2).sum())) / spread:
        return None
    half_life = max(BEARABLE / abs(slope), SHORTEST * float(np.ptp(ages)))
    return ScoreDrift(a_day=24 * slope, half_life=half_life)


def _left(values: Numbers, of: Numbers, weights: Numbers) -> Numbers:
    """What these columns, (n, k), leave of the values by weighted least squares."""
    root = np.sqrt(weights)
    found = np.linalg.lstsq(of * root[:, None], values * root, rcond=None)[0]
    return np.asarray(values - of @ found)


def _ranks(scores: Numbers, weights: Numbers) -> Numbers:
    """The share of the weight that lies below each score, and half of that at it."""
    _, places = np.unique(scores, return_inverse=True)
    at = np.bincount(places, weights)
    return np.asarray((np.cumsum(at) - at / 2)[places] / at.sum())
