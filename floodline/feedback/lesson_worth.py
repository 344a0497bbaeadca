"""What a bit of a lesson is worth beside a bit of surprise, by the labels that came after it."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]

LEAST = 3
"""Labels of either kind, by their trust, below which a lesson is taken at its word."""
_TRIED = np.arange(11) / 10
_DEVIATION = 0.5
"""What a log likelihood falls by, one deviation from its highest."""
_STEEP = 1e-2
_LEVEL = 1e-3
"""How strongly slope and level of the curve are drawn to 0."""
_ROUNDS = 15
_SURELY = 1e-6
_STEEPEST = 30.0


def lesson_worth(
    surprise: Numbers, foretold: Numbers, up: Booleans, trust: Numbers, asked: Integers
) -> float:
    """The most of their lessons, a part in [0, 1], that the labels do not speak against.

    Of n labels in order `surprise` is their events' z, `foretold` the lesson g that the labels
    before left there, both (n,), in bits, `up` whether the label pulls up, and `trust` what it
    counts, 0 to 1. The labels at the places `asked` are looked at. For each part w of
    0, .1, ... 1 a logistic curve is fitted, P(up) = 1 / (1 + e^-(a + b (z + w g))) with b at least
    0. Let l(w) be its log likelihood. The answer is the largest w with l(w) at least max l - 1/2,
    one deviation from the best; between two of those tried a straight line is drawn. So all of the
    lesson passes while little is known.

    That analysts are shown the highest z + g first does no harm: it is P(up | z, g) that is
    compared, and both are known of every event that was shown.

    *When it fails.* One part for all events: where lessons are right in one region and harmful in
    another, it lies in between. Labels that are all alike say nothing of it. Coins make every part
    as good as any other: that lessons contradict each other is the guard's to see.

    >>> up = np.tile([True, True, False, False], 20)
    >>> right, wrong = np.tile([8.0, 2.0, 3.0, -3.0], 20), np.tile([3.0, -3.0, 8.0, 2.0], 20)
    >>> all_of_them = np.ones(80), np.arange(80)
    >>> lesson_worth(np.zeros(80), right, up, *all_of_them)
    1.0
    >>> round(lesson_worth(right, wrong, up, *all_of_them), 1)
    0.0
    """
    z, g, real, counted = surprise[asked], foretold[asked], up[asked], trust[asked]
    if min(counted[real].sum(), counted[~real].sum()) < LEAST:
        return 1.0
    found = np.array([_log_likelihood(z + part * g, real, counted) for part in _TRIED])
    above = found - (found.max() - _DEVIATION)
    last = int(np.flatnonzero(above >= 0.0)[-1])
    if last == _TRIED.size - 1:
        return 1.0
    further = above[last] / (above[last] - above[last + 1])
    return float(_TRIED[last] + further * (_TRIED[last + 1] - _TRIED[last]))


def _log_likelihood(x: Numbers, up: Booleans, counted: Numbers) -> float:
    """Of the best logistic curve that does not fall, by Newton's steps."""
    x = (x - x.mean()) / (x.std() + 1e-9)
    truth, level, slope = up.astype(np.float64), 0.0, 0.0
    for _ in range(_ROUNDS):
        chances = _chances(level, slope, x)
        off = counted * (truth - chances)
        spread = counted * (chances * (1.0 - chances) + _SURELY)
        # The 2 x 2 system is solved by hand: the same steps on every machine.
        of_level, of_slope = off.sum() - _LEVEL * level, (off * x).sum() - _STEEP * slope
        aa, ab = spread.sum() + _LEVEL, (spread * x).sum()
        bb = (spread * x * x).sum() + _STEEP
        whole = aa * bb - ab * ab
        level += (bb * of_level - ab * of_slope) / whole
        slope += (aa * of_slope - ab * of_level) / whole
    if slope < 0.0:
        share = float((counted * truth).sum() / counted.sum())
        level, slope = float(np.log(share / (1.0 - share))), 0.0
    chances = np.clip(_chances(level, slope, x), _SURELY, 1.0 - _SURELY)
    return float((counted * np.log(np.where(up, chances, 1.0 - chances))).sum())


def _chances(level: float, slope: float, x: Numbers) -> Numbers:
    steep = np.clip(level + slope * x, -_STEEPEST, _STEEPEST)
    return np.asarray(1.0 / (1.0 + np.exp(-steep)))
