"""Any of River's anomaly detectors, or a pipeline that ends in one, by name."""

import math
from typing import Self

import msgspec
import numpy as np

from floodline.detection.detector import Features, Rows, Scores
from floodline.detection.estimator_limits import check_limits
from floodline.detection.estimator_names import new_steps
from floodline.detection.estimator_pipeline import EstimatorPipeline
from floodline.detection.estimator_proof import BOUND, prove
from floodline.detection.parameters import NamedDetector
from floodline.detection.state_data import MOST_EVENTS, decoded_as
from floodline.errors import ConfigurationError, InvalidEvent, StateRefused

FORMAT = "river-estimator"
VERSION = 1


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: str
    version: int
    parameters: NamedDetector
    features: list[str]
    events: int
    takes_missing: bool
    steps: bytes


class RiverDetector:
    """River's estimators on the slow path: event by event, at River's own speed and memory.

    A pipeline learns and scores as `river.compose.Pipeline` does. Scores go through the map of
    the detector's class to [0, 1] (`score_maps`); a score that is no number counts as 1. Values
    beyond `BOUND` are cut to it. A missing feature is absent from what River sees; where the
    estimators cannot do without it, `takes_missing` is false and such an event is refused.

    When it is made it proves, on made events, that its scores depend on nothing but its events,
    and that its state can be kept as data and goes on to the bit.

    >>> name = "river.anomaly.LocalOutlierFactor"
    >>> detector = RiverDetector(NamedDetector(steps=(name,)), ("x",))
    >>> for x in (0.5, 0.45, 0.43, 0.44, 0.445, 0.45):
    ...     detector.learn_one({"x": x})
    >>> detector.score_one({"x": 0.0}) > detector.score_one({"x": 0.44})
    True
    """

    def __init__(self, parameters: NamedDetector, features: tuple[str, ...]) -> None:
        if parameters.warm_up < 0:
            raise ConfigurationError(f"a warm-up has 0 events or more, not {parameters.warm_up}")
        check_limits(parameters, tuple(features))
        self.parameters = parameters
        self.features = tuple(features)
        self.takes_missing = prove(parameters, self.features)
        self._pipeline = EstimatorPipeline(new_steps(parameters.steps, parameters.parameters))
        self._pipeline.meet(self.features)
        self._events = 0

    @property
    def warm_up_left(self) -> int:
        """Events still to come before a score means something; 0 once it is warm."""
        return max(self.parameters.warm_up - self._events, 0)

    @property
    def warming_up(self) -> bool:
        """True while too little was learnt for a score to mean anything."""
        return self.warm_up_left > 0

    def score_one(self, features: Features) -> float:
        """The anomaly score in [0, 1]; high is anomalous. Changes nothing.

        Raises:
            InvalidEvent: a feature is missing, and these estimators cannot do without it.
        """
        return self._pipeline.score(self._present(features))

    def learn_one(self, features: Features) -> None:
        """Take the event into the model.

        Raises:
            InvalidEvent: a feature is missing, and these estimators cannot do without it.
        """
        self._learn(self._present(features))

    def score_many(self, rows: Rows) -> Scores:
        """Score each event as if it came next. Changes nothing."""
        return np.array(
            [self._pipeline.score(each) for each in self._events_of(rows)], dtype=np.float64
        )

    def score_learn_many(self, rows: Rows) -> Scores:
        """Score each event, then learn it, in order.

        Raises:
            InvalidEvent: as `learn_one`; then none of the rows was learnt.
        """
        events = self._events_of(rows)
        scores = np.empty(len(events))
        for at, event in enumerate(events):
            scores[at] = self._pipeline.score(event)
            self._learn(event)
        return scores

    def to_state(self) -> bytes:
        """Estimators and counters as data.

        Raises:
            StateRefused: since it was made, an attribute came up that is no data.
        """
        return msgspec.msgpack.encode(
            _State(
                format=FORMAT,
                version=VERSION,
                parameters=self.parameters,
                features=list(self.features),
                events=self._events,
                takes_missing=self.takes_missing,
                steps=self._pipeline.to_state(),
            )
        )

    @classmethod
    def from_state(cls, data: bytes) -> Self:
        """The detector that `to_state` described.

        Raises:
            StateRefused: the bytes are no state of this detector, or of another version.
        """
        state = _decoded(data)
        try:
            check_limits(state.parameters, tuple(state.features))
            expected = new_steps(state.parameters.steps, state.parameters.parameters)
        except ConfigurationError as error:
            raise StateRefused(f"the state is of no detector: {error}") from error
        detector = cls.__new__(cls)
        detector.parameters = state.parameters
        detector.features = tuple(state.features)
        detector.takes_missing = state.takes_missing
        detector._events = state.events  # noqa: SLF001  # its own
        detector._pipeline = EstimatorPipeline.tried_out(  # noqa: SLF001  # its own
            state.steps, expected, detector.features
        )
        return detector

    def _events_of(self, rows: Rows) -> list[dict[str, float]]:
        return [self._present(dict(zip(self.features, row, strict=True))) for row in rows.tolist()]

    def _present(self, features: Features) -> dict[str, float]:
        """What is not missing, in the order of `features`, cut to the bound."""
        event = {
            name: min(max(features[name], -BOUND), BOUND)
            for name in self.features
            if not math.isnan(features.get(name, math.nan))
        }
        if len(event) < len(self.features) and not self.takes_missing:
            missing = next(name for name in self.features if name not in event)
            raise InvalidEvent(
                "missing_feature",
                f"{missing!r} is missing, and {self.parameters.steps[-1]} cannot do without",
                missing,
            )
        return event

    def _learn(self, event: dict[str, float]) -> None:
        self._pipeline.learn(event)
        self._events += 1


def _decoded(data: bytes) -> _State:
    state = decoded_as(data, _State, "detector state", FORMAT, VERSION)
    counted = 0 <= state.events < MOST_EVENTS and state.parameters.warm_up >= 0
    if not counted or len(set(state.features)) != len(state.features):
        raise StateRefused("the state has features or counters that no detector has")
    return state
