"""One partition's scoring: a pure function of (state, event, release)."""

import hashlib
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.detector import Detector, Features, Rows, row
from floodline.detection.models import detector_from_state, new_detector
from floodline.detection.parameters import ModelParameters
from floodline.detection.rarity import ScoreWindow
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused

RARITY_WINDOW = 10_000
"""Recent scores that rarity is counted over."""

VERSION = 2


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What scoring says of one event."""

    score: float
    rarity: float
    threshold: float
    is_alert: bool
    warming_up: bool


class ScoredRows(msgspec.Struct, frozen=True, kw_only=True):
    """What scoring says of events in order; each array has shape (n,)."""

    score: NDArray[np.float64]
    rarity: NDArray[np.float64]
    threshold: NDArray[np.float64]
    is_alert: NDArray[np.bool_]
    warming_up: NDArray[np.bool_]

    def __len__(self) -> int:
        return int(self.score.size)

    def __getitem__(self, index: int) -> Scored:
        return Scored(
            score=float(self.score[index]),
            rarity=float(self.rarity[index]),
            threshold=float(self.threshold[index]),
            is_alert=bool(self.is_alert[index]),
            warming_up=bool(self.warming_up[index]),
        )


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    events: int
    parameters: ModelParameters
    detector: bytes
    scores: bytes


class Scorer:
    """Scores and learns the events of one partition in order.

    Order per event: score, decide by the rule in force, learn. No clock, no unseeded randomness:
    the same events under the same releases give the same results to the bit, however they are cut
    into batches.
    """

    def __init__(
        self, parameters: ModelParameters, detector: Detector, scores: ScoreWindow | None = None
    ) -> None:
        self.parameters = parameters
        self.detector = detector
        self._scores = scores or ScoreWindow(RARITY_WINDOW)
        self.events = 0

    @classmethod
    def new(cls, parameters: ModelParameters, features: tuple[str, ...]) -> Self:
        """A scorer that has seen nothing; its columns are these features, sorted."""
        return cls(parameters, new_detector(parameters, tuple(sorted(features))))

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of the rows that it takes."""
        return self.detector.features

    @property
    def warming_up(self) -> bool:
        """True while the model has seen too little: scores mean nothing, no alerts."""
        return self.detector.warm_up_left > 0

    def step_many(self, rows: Rows, rule: ThresholdRule, *, learn: bool = True) -> ScoredRows:
        """Score each event, decide, then learn it (unless `learn` is false), in order.

        `rows` has shape (n, d), C-contiguous float64, a column a feature; NaN is missing.
        """
        count = rows.shape[0]
        cold = min(count, self.detector.warm_up_left) if learn else count * self.warming_up
        many = self.detector.score_learn_many if learn else self.detector.score_many
        score = many(rows)
        rarity, threshold = self._scores.step_many(score, rule.rarity, cold)
        if rule.score is not None:
            threshold = np.full(count, rule.score)
        warming_up = np.arange(count) < cold
        self.events += count
        return ScoredRows(
            score=score,
            rarity=rarity,
            threshold=threshold,
            is_alert=(score >= threshold) & ~warming_up,
            warming_up=warming_up,
        )

    def step(self, features: Features, rule: ThresholdRule, *, learn: bool = True) -> Scored:
        """One event by `step_many`; a feature that is absent is missing."""
        return self.step_many(row(features, self.features), rule, learn=learn)[0]

    def to_state(self) -> bytes:
        """Model, recent scores and event count as data."""
        return msgspec.msgpack.encode(
            _State(
                version=VERSION,
                events=self.events,
                parameters=self.parameters,
                detector=self.detector.to_state(),
                scores=self._scores.to_state(),
            )
        )

    @classmethod
    def from_state(cls, data: bytes) -> Self:
        """The scorer that `to_state` described.

        Raises:
            StateRefused: the bytes are no such state.
        """
        try:
            state = msgspec.msgpack.decode(data, type=_State)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StateRefused(f"these {len(data)} bytes are no scorer state: {error}") from error
        if state.version != VERSION or state.events < 0:
            raise StateRefused(
                f"scorer state version {state.version} after {state.events} events; "
                f"this release reads version {VERSION}"
            )
        scores = ScoreWindow.from_state(RARITY_WINDOW, state.scores)
        detector = detector_from_state(state.parameters, state.detector)
        scorer = cls(state.parameters, detector, scores)
        scorer.events = state.events
        return scorer

    def state_hash(self) -> str:
        """sha256 of the state, hexadecimal: equal hashes have equal futures."""
        return hashlib.sha256(self.to_state()).hexdigest()
