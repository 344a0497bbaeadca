"""How well scores rank the real ones."""

import numpy as np
from numpy.typing import NDArray

LEAST_ALERTS = 10
"""A threshold with fewer has its precision by luck."""


def best_recall(
    scores: NDArray[np.float64], real: NDArray[np.bool_], precision: float
) -> float | None:
    """The highest recall of a threshold with this precision, in hindsight; None without one.

    >>> scores = np.linspace(1, 0, 40)
    >>> best_recall(scores, scores > .5, .8)
    1.0
    >>> best_recall(scores, scores < .5, .8) is None
    True
    """
    hits, alerts = _by_score(scores, real)
    good = (hits >= precision * alerts) & (alerts >= LEAST_ALERTS)
    return float(hits[good].max() / hits[-1]) if good.any() else None


def average_precision(scores: NDArray[np.float64], real: NDArray[np.bool_]) -> float | None:
    """Precision at each score that a real one has, weighted by the real ones it adds; 0 to 1.

    With P(s) and R(s) the precision and the recall of all that scores at least s:

        AP = sum over scores s, falling, of (R(s) - R(next higher s)) P(s)

    Equal scores count as one. Without a real one it is None.

    >>> round(average_precision(np.array([.9, .8, .7]), np.array([True, False, True])), 4)
    0.8333
    """
    found, counted = _by_score(scores, real)
    if not found.size or not found[-1]:
        return None
    gained = np.diff(found, prepend=0)
    return float((gained * found / counted).sum() / found[-1])


def _by_score(
    scores: NDArray[np.float64], real: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each score, falling: the real ones with at least this score, and all of them."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(real[order])
    last = np.append(np.flatnonzero(np.diff(ordered)), ordered.size - 1)
    return hits[last], last + 1
