"""How well scores rank the real ones."""

import numpy as np
from numpy.typing import NDArray


def average_precision(scores: NDArray[np.float64], real: NDArray[np.bool_]) -> float | None:
    """Precision at each score that a real one has, weighted by the real ones it adds; 0 to 1.

    With P(s) and R(s) the precision and the recall of all that scores at least s:

        AP = sum over scores s, falling, of (R(s) - R(next higher s)) P(s)

    Equal scores count as one. Without a real one it is None.

    >>> round(average_precision(np.array([.9, .8, .7]), np.array([True, False, True])), 4)
    0.8333
    """
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(real[order])
    last = np.append(np.flatnonzero(np.diff(ordered)), ordered.size - 1)
    found = hits[last]
    if not found.size or not found[-1]:
        return None
    gained = np.diff(found, prepend=0)
    return float((gained * found / (last + 1)).sum() / found[-1])
