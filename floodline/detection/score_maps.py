"""River's scores on one scale: [0, 1], high is anomalous."""

import math
from collections.abc import Callable
from typing import Any

from river import anomaly

from floodline.errors import ConfigurationError


def as_it_is(score: float) -> float:
    """A score that lies in [0, 1] already; rounding beyond is cut."""
    return min(max(score, 0.0), 1.0)


def share(score: float) -> float:
    """The share s / (1 + s) for scores from 0 up: 0.5 where s is 1.

    >>> share(1.0), share(3.0), share(math.inf)
    (0.5, 0.75, 1.0)
    """
    return 1.0 if score == math.inf else max(score, 0.0) / (1.0 + max(score, 0.0))


def signed(score: float) -> float:
    """(1 + s / (1 + |s|)) / 2 for scores of both signs: 0.5 where s is 0.

    It nears its ends slowly, so that two high scores stay apart where a logistic curve would round
    both to 1.

    >>> signed(0.0), signed(1.0), signed(-1.0), signed(math.inf)
    (0.5, 0.75, 0.25, 1.0)
    """
    if math.isinf(score):
        return 1.0 if score > 0 else 0.0
    return (1.0 + score / (1.0 + abs(score))) / 2.0


def signed_from_normal(score: float) -> float:
    """As `signed`, of -s: for a detector whose score is high where data is normal."""
    return signed(-score)


_MAPS: dict[type, Callable[[float], float]] = {
    anomaly.HalfSpaceTrees: as_it_is,
    anomaly.LocalOutlierFactor: share,
    anomaly.LODA: signed,
    anomaly.OneClassSVM: signed_from_normal,
}


def score_map(detector: Any) -> Callable[[float], float]:
    """The map of a detector's scores to [0, 1]; a filter's is that of what it filters.

    Raises:
        ConfigurationError: the meaning of its scores is not known here.
    """
    inner = getattr(detector, "anomaly_detector", None)
    if inner is not None:
        return score_map(inner)
    if type(detector) not in _MAPS:
        raise ConfigurationError(
            f"{type(detector).__name__} cannot be used: no map of its scores to [0, 1] is known"
        )
    return _MAPS[type(detector)]


def bounded(score: float, scale: Callable[[float], float]) -> float:
    """The score on [0, 1]; 1 where the model has no number for the event."""
    return 1.0 if math.isnan(score) else scale(float(score))
