"""How well scores rank the anomalies, by a label that the detector never saw."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.errors import ConfigurationError


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Over every event in order, warm-up included.

    Attributes:
        anomalies: events whose label is 1.
        roc_auc: chance that an anomaly scores above a normal event; ties count half.
        average_precision: precision at each anomaly in order of score, weighted by recall.
    """

    anomalies: int
    roc_auc: float
    average_precision: float


class Evaluation:
    """Keeps each event's score and label: 9 bytes an event."""

    def __init__(self, name: str, label: str) -> None:
        self._name = name
        self._label = label
        self._scores: list[NDArray[np.float64]] = []
        self._labels: list[NDArray[np.bool_]] = []

    def add(self, scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> None:
        """Take the next events."""
        self._scores.append(scores)
        self._labels.append(labels)

    def quality(self) -> Quality:
        """The figures over all that was added.

        Raises:
            ConfigurationError: the labels are of one class, so that nothing can be ranked.
        """
        # Imported late: scikit-learn takes a second.
        from sklearn.metrics import average_precision_score, roc_auc_score

        scores, labels = np.concatenate(self._scores), np.concatenate(self._labels)
        anomalies = int(labels.sum())
        if anomalies in (0, len(labels)):
            kind = "normal" if anomalies == 0 else "an anomaly"
            raise ConfigurationError(
                f"{self._name}: every label in {self._label!r} says {kind}; an evaluation needs "
                "both 0 and 1"
            )
        return Quality(
            anomalies=anomalies,
            roc_auc=float(roc_auc_score(labels, scores)),
            average_precision=float(average_precision_score(labels, scores)),
        )
