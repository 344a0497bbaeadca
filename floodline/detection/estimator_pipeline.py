"""River estimators in a row: transformers, then one anomaly detector."""

from typing import Any, Self

from floodline.detection.estimator_restoring import decode
from floodline.detection.estimator_state import encode
from floodline.detection.score_maps import bounded, score_map
from floodline.errors import StateRefused


class EstimatorPipeline:
    """Scores and learns as `river.compose.Pipeline` does, in the same order; scores on [0, 1]."""

    def __init__(self, steps: list[Any]) -> None:
        self.steps = steps
        self._map = score_map(steps[-1])

    def meet(self, features: tuple[str, ...]) -> None:
        """Let the estimators make what they make when they first see a feature.

        Some draw numbers for a new feature, also when they only score: from here on, scoring
        changes nothing.
        """
        self.score(dict.fromkeys(features, 0.0))

    def score(self, event: dict[str, float]) -> float:
        """The detector's score of the transformed event, on [0, 1]."""
        for step in self.steps[:-1]:
            event = step.transform_one(event)
        return bounded(self.steps[-1].score_one(event), self._map)

    def learn(self, event: dict[str, float]) -> None:
        """Each step learns what the steps before it make of the event."""
        for step in self.steps[:-1]:
            step.learn_one(event)
            event = step.transform_one(event)
        self.steps[-1].learn_one(event)

    def to_state(self) -> bytes:
        """All estimators as data.

        Raises:
            StateRefused: an attribute holds what is no data.
        """
        return encode(self.steps)

    @classmethod
    def from_state(cls, data: bytes, expected: list[Any]) -> Self:
        """The pipeline that `to_state` described, of the same classes as `expected`.

        Raises:
            StateRefused: the bytes are no such pipeline.
        """
        steps = decode(data)
        if type(steps) is not list or list(map(type, steps)) != list(map(type, expected)):
            names = ", ".join(type(each).__name__ for each in expected)
            raise StateRefused(f"the state is none of {names}")
        try:
            return cls(steps)
        except Exception as error:
            raise StateRefused(f"the estimators of this state are damaged: {error!r}") from error

    def try_out(self, features: tuple[str, ...]) -> None:
        """Refuse estimators that cannot score: none of ours wrote them.

        Raises:
            StateRefused: scoring fails.
        """
        try:
            self.score(dict.fromkeys(features, 0.0))
        except Exception as error:
            raise StateRefused(f"the estimators of this state cannot score: {error!r}") from error
