"""Extrapolating a row of scores: which score is as rare as none of them shows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels import peaks as kernels

Floats = NDArray[np.float64]

FEWEST = 20
"""Peaks that a tail is fitted to at least."""

SHARE = 10
"""One score in so many is a peak."""

WEIGHT = 10.0
"""How much a shape far from 0 costs: a normal prior of the shape, deviation 0.22."""


class Tail(NamedTuple):
    """What lies above a level: a generalized Pareto distribution of the excesses.

    Attributes:
        level: the score that peaks exceed.
        share: the share of the scores that do.
        shape: xi; below 0 the tail ends at level - scale / shape, above 0 it is heavy.
        scale: sigma, > 0, in units of the score.
    """

    level: float
    share: float
    shape: float
    scale: float

    def quantile(self, rarity: float) -> float:
        """The score that this share of the events exceeds; no more than `share`."""
        return self.level + kernels.excess(self.shape, self.scale, rarity / self.share)


def fitted(scores: Floats, weight: float = WEIGHT) -> Tail | None:
    """The tail of these scores by peaks over threshold; None where too few scores are peaks.

    A tenth of the n scores, those over the level t, are peaks. Over a high level excesses y nearly
    follow a generalized Pareto distribution, P(Y > y) = (1 + xi y / sigma)^(-1 / xi), whatever
    the scores do below it (Pickands 1975). Shape xi and scale sigma are the likeliest, with a
    prior of the shape:

        maximise  -ln sigma - (1 + 1 / xi) mean ln(1 + xi y / sigma) - weight xi^2 / k,  xi >= -1

    Given theta = xi / sigma, the best xi follows from m = mean ln(1 + theta y), by
    xi + 2 weight xi^3 / k = m, so that only theta is searched for (Grimshaw 1993, where the
    weight is 0 and xi = m). The rarity r is then at t + sigma / xi ((r n / k)^-xi - 1), with k the
    number of peaks. So SPOT sets its threshold (Siffer, Fouque, Termier, Largouet, "Anomaly
    detection in streams with extreme value theory", KDD 2017). The prior is ours: with 20 to 100
    peaks the likeliest shape is too often near -1, a tail that ends at the highest score seen, and
    the threshold too low (Martins and Stedinger 2000 use a prior to the same end).

    It fails where scores change with time, since the peaks are then of another tail; where
    they come in groups of equal ones, which no smooth tail has; where the rare scores are another
    population than the peaks (attacks among usual traffic), of which the peaks say nothing. The
    further the rarity lies from 1 / n, the less the answer is worth.

    Args:
        scores: (n,) finite scores in any order.
        weight: of the prior, >= 0; with 0 the maximum likelihood, as SPOT has it.

    Returns:
        None with fewer than 20 scores over the level, or if all of them are equal or one is not
        finite.

    >>> tail = fitted(np.linspace(0.0, 1.0, 1_000), weight=0.0)
    >>> round(tail.quantile(0.001), 2)
    1.0
    """
    number = scores.size // SHARE
    if number < FEWEST:
        return None
    highest = np.sort(np.partition(scores, scores.size - number - 1)[-number - 1 :])
    level = float(highest[0])
    excesses = highest[highest > level] - level
    if excesses.size < FEWEST or not np.isfinite(excesses[-1]) or excesses[0] == excesses[-1]:
        return None
    most, found = float(excesses[-1]), np.empty(2)
    kernels.fit(excesses / most, weight, found)
    shape, scale = found.tolist()
    return Tail(level, excesses.size / scores.size, shape, scale * most)


def rare_score(scores: Floats, rarity: float) -> float | None:
    """The score in [0, 1] that an event reaches with this probability, told from the tail.

    None where no tail can be fitted, or where more of the scores reach the answer than chance
    explains (three deviations and three more than expected): groups of equal scores do that.

    Args:
        scores: (n,) scores in [0, 1], in any order.
        rarity: in (0, 1); of the n scores not half a peak in 20 or more should be that rare.
    """
    tail = fitted(scores)
    if tail is None or rarity >= tail.share:
        return None
    rare = tail.quantile(rarity)
    expected = rarity * scores.size
    if np.isnan(rare) or int(np.count_nonzero(scores >= min(rare, 1.0))) > (
        expected + 3 * expected**0.5 + 3
    ):
        return None
    return min(max(rare, 0.0), 1.0)
