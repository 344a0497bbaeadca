"""How far one detector is ahead of another, over streams, and how sure that is."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 10_000
_SEED = 20_261_122
_OUTER = (5.0, 95.0)


class Difference(NamedTuple):
    """The mean of paired differences over streams.

    Attributes:
        mean: over the streams.
        low: lower end of its 90 % bootstrap interval.
        high: upper end.
        won: streams with a difference above 0.
        lost: streams with one below 0.
    """

    mean: float
    low: float
    high: float
    won: int
    lost: int


def difference(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Difference:
    """Ours minus theirs, one value a stream; the bootstrap draws streams with replacement."""
    ahead = ours - theirs
    draw = np.random.default_rng(_SEED)
    means = [ahead[draw.integers(0, len(ahead), len(ahead))].mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, _OUTER)
    won, lost = int((ahead > 0).sum()), int((ahead < 0).sum())
    return Difference(float(ahead.mean()), float(low), float(high), won, lost)
