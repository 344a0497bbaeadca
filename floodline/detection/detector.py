"""The one interface of everything that scores."""

from collections.abc import Mapping
from typing import Protocol

Features = Mapping[str, float]
"""One event's features by name: finite floats, the same names in each event of a detector."""


class Detector(Protocol):
    """Scores an event, then learns it; its state is data.

    Laws, checked for every detector by `tests/contracts`: scoring changes nothing; the same
    parameters and events give the same scores to the bit; a state taken at any event and loaded
    again has the same future to the bit; a score lies in [0, 1].
    """

    @property
    def warming_up(self) -> bool:
        """True while too little was learnt for a score to mean anything."""
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
