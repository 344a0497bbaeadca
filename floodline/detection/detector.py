"""The one interface of everything that scores."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from floodline.detection.parameters import ModelParameters

Features = Mapping[str, float]
"""One event's features by name; a name that is absent, or NaN, is missing."""

Rows = NDArray[np.float64]
"""Events in order, shape (n, d), C-contiguous: columns as `Detector.features`, NaN = missing."""

Scores = NDArray[np.float64]
"""One score in [0, 1] an event, shape (n,)."""


class Detector(Protocol):
    """Scores each event, then learns it; its state is data.

    Laws, checked for every detector by `tests/contracts`: scoring changes nothing; the same
    parameters and events give the same scores to the bit, however they are cut into batches; a
    state taken at any event and loaded again has the same future to the bit; a score lies in
    [0, 1].
    """

    @property
    def parameters(self) -> ModelParameters:
        """What it was made with."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of `Rows`, fixed when the detector is made."""
        ...

    @property
    def warm_up_left(self) -> int:
        """Events still to come before a score means something; 0 once it is warm."""
        ...

    def score_learn_many(self, rows: Rows) -> Scores:
        """Score each event, then learn it, in order; 0 where the model cannot score yet."""
        ...

    def score_many(self, rows: Rows) -> Scores:
        """Score each event as if it came next. Changes nothing."""
        ...

    def score_one(self, features: Features) -> float:
        """The anomaly score of an event in [0, 1]; high is anomalous. Changes nothing."""
        ...

    def learn_one(self, features: Features) -> None:
        """Take the event into the model."""
        ...

    def to_state(self) -> bytes:
        """The whole state as data (never code)."""
        ...


def as_rows(events: Sequence[Features], names: tuple[str, ...]) -> Rows:
    """Events as a matrix of shape (n, d): NaN where a feature is missing."""
    nan = float("nan")
    values = [[features.get(name, nan) for name in names] for features in events]
    return np.array(values, dtype=np.float64).reshape(len(events), len(names))


def row(features: Features, names: tuple[str, ...]) -> Rows:
    """One event as a matrix of shape (1, d)."""
    return as_rows([features], names)
