"""River estimators in a row: transformers, then one anomaly detector."""

import inspect
from typing import Any, Self

from river import base

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
            for step, made in zip(steps, expected, strict=True):
                _check_make(step, made)
            return cls(steps)
        except Exception as error:
            raise StateRefused(f"the estimators of this state are damaged: {error!r}") from error

    @classmethod
    def tried_out(cls, data: bytes, expected: list[Any], features: tuple[str, ...]) -> Self:
        """As `from_state`, after a copy of it has scored and learnt.

        Raises:
            StateRefused: the bytes are no such pipeline, or one that cannot go on: none of ours
                wrote them.
        """
        copy, pipeline = cls.from_state(data, expected), cls.from_state(data, expected)
        try:
            for value in (0.0, 1.0):
                copy.score(dict.fromkeys(features, value))
                copy.learn(dict.fromkeys(features, value))
            copy.to_state()
            pipeline.score(dict.fromkeys(features, 0.0))
            same = pipeline.to_state() == data
        except Exception as error:
            raise StateRefused(f"the estimators of this state cannot go on: {error!r}") from error
        if not same:
            raise StateRefused("the estimators of this state would write another one")
        return pipeline


def _check_make(found: Any, made: Any) -> None:
    """Refuse an estimator that was made with other parameters: they say how large it may grow.

    Raises:
        ValueError: names the parameter.
    """
    if type(found) is not type(made):
        raise ValueError(f"a {type(found).__name__} in place of a {type(made).__name__}")
    for name in inspect.signature(type(made)).parameters:
        wanted, kept = (vars(each).get(name) for each in (made, found))
        if isinstance(wanted, base.Base):
            _check_make(kept, wanted)
        elif isinstance(wanted, None | bool | int | float | str) and (type(kept), kept) != (
            type(wanted),
            wanted,
        ):
            raise ValueError(f"{name} is {kept!r:.40}, and was {wanted!r:.40}")
