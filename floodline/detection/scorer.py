"""One partition's scoring: a pure function of (state, event, release)."""

import hashlib
from collections.abc import Sequence
from typing import Literal, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from floodline.detection.detector import Detector, Features, Rows, row
from floodline.detection.explanation import Explains, Explanation, Judge
from floodline.detection.leaf_weights import LeafWeights, Teachable
from floodline.detection.models import detector_from_state, new_detector
from floodline.detection.parameters import ModelParameters
from floodline.detection.rarity import ScoreWindow
from floodline.detection.ruling import Draw, Ruling
from floodline.detection.state_data import MOST_EVENTS, decoded
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused

RARITY_WINDOW = 10_000
"""Recent scores that rarity is counted over."""

VERSION = 2


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What scoring says of one event; alerts have an explanation where one was asked for."""

    score: float
    rarity: float
    threshold: float
    is_alert: bool
    warming_up: bool
    explanation: Explanation | None = None


class ScoredRows(msgspec.Struct, frozen=True, kw_only=True):
    """What scoring says of events in order; each array has shape (n,).

    `explanations` has those of the alerts and of the drawn, by place, where they were asked for and
    can be had. Where rarities were asked for alerts only, those of events that are neither alerts
    nor drawn are NaN.
    """

    score: NDArray[np.float64]
    rarity: NDArray[np.float64]
    threshold: NDArray[np.float64]
    is_alert: NDArray[np.bool_]
    is_drawn: NDArray[np.bool_]
    warming_up: NDArray[np.bool_]
    explanations: dict[int, Explanation] = msgspec.field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.score.size)

    def __getitem__(self, index: int) -> Scored:
        return Scored(
            score=float(self.score[index]),
            rarity=float(self.rarity[index]),
            threshold=float(self.threshold[index]),
            is_alert=bool(self.is_alert[index]),
            warming_up=bool(self.warming_up[index]),
            explanation=self.explanations.get(index),
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
        self._explains = detector if isinstance(detector, Explains) else None
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

    def teach(self, weights: LeafWeights | None) -> None:
        """Score from the next event on with these weights, or without any.

        They are no part of the state: who loads one teaches it again.

        Raises:
            StateRefused: the detector cannot be taught, or has other trees.
        """
        detector = self.detector
        if weights is None:
            if isinstance(detector, Teachable):
                detector.teach(None)
            return
        if not isinstance(detector, Teachable):
            raise StateRefused("leaf weights are for the default profile; this detector is another")
        if not weights.fits(detector.parameters, self.features):
            raise StateRefused(
                f"the leaf weights are for trees of {weights.parameters} over "
                f"{list(weights.features)}; the model has {detector.parameters} over "
                f"{list(self.features)}"
            )
        detector.teach(weights.table)

    def step_many(
        self,
        rows: Rows,
        rule: ThresholdRule,
        *,
        learn: bool = True,
        explain: bool = False,
        rarities: Literal["all", "alerts"] = "all",
        draw: Draw | None = None,
    ) -> ScoredRows:
        """Score each event, decide, then learn it (unless `learn` is false), in order.

        `rows` has shape (n, d), C-contiguous float64, a column a feature; NaN is missing. With
        `explain`, each alert is explained by the model as it was when it scored the event, where
        the detector can explain. Rarities of alerts only take a fraction of the time of all; they
        change nothing else. Events that `draw` marks and that are no alerts are drawn: they have
        rarity and explanation as alerts do, and nothing else changes by it either.
        """
        count = rows.shape[0]
        cold = min(count, self.detector.warm_up_left) if learn else count * self.warming_up
        only = rarities == "alerts"
        self._scores.stand_at(self.events)
        ruling = Ruling(self._scores, rule, count, cold, draw, alerts_only=only)
        explanations: dict[int, Explanation] = {}
        if explain and count and self._explains is not None:
            score, explanations = self._explained(self._explains, rows, ruling.judge, learn=learn)
        else:
            score = (self.detector.score_learn_many if learn else self.detector.score_many)(rows)
            ruling.judge(score)
        self.events += count
        warming_up = np.zeros(count, np.bool_)
        warming_up[:cold] = True
        return ScoredRows(
            score=score,
            rarity=ruling.rarity,
            threshold=ruling.threshold,
            is_alert=ruling.is_alert,
            is_drawn=ruling.is_drawn,
            warming_up=warming_up,
            explanations=explanations,
        )

    def _explained(
        self, detector: Explains, rows: Rows, judge: Judge, *, learn: bool
    ) -> tuple[NDArray[np.float64], dict[int, Explanation]]:
        """Decide piece by piece, as the detector goes on, so that it can explain in between."""
        if learn:
            return detector.score_learn_explaining(rows, judge)
        score = self.detector.score_many(rows)
        marked = np.flatnonzero(judge(score)).tolist()
        return score, {at: detector.explain(rows[at : at + 1]) for at in marked}

    def step(
        self, features: Features, rule: ThresholdRule, *, learn: bool = True, explain: bool = False
    ) -> Scored:
        """One event by `step_many`; a feature that is absent is missing."""
        return self.step_many(row(features, self.features), rule, learn=learn, explain=explain)[0]

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
        state = decoded(data, _State, "scorer state")
        if state.version != VERSION or not 0 <= state.events < MOST_EVENTS:
            raise StateRefused(
                f"scorer state version {state.version} after {state.events} events; "
                f"this release reads version {VERSION}"
            )
        scores = ScoreWindow.from_state(RARITY_WINDOW, state.scores)
        detector = detector_from_state(state.parameters, state.detector)
        if detector.parameters != state.parameters:
            raise StateRefused(
                f"the model was made with {detector.parameters}, its scorer says {state.parameters}"
            )
        scorer = cls(state.parameters, detector, scores)
        scorer.events = state.events
        return scorer

    def state_hash(self) -> str:
        """sha256 of the state, hexadecimal: equal hashes have equal futures."""
        return hashlib.sha256(self.to_state()).hexdigest()


def joined(parts: Sequence[ScoredRows]) -> ScoredRows:
    """Pieces that follow each other, at least one, as one."""
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    return ScoredRows(
        score=np.concatenate([part.score for part in parts]),
        rarity=np.concatenate([part.rarity for part in parts]),
        threshold=np.concatenate([part.threshold for part in parts]),
        is_alert=np.concatenate([part.is_alert for part in parts]),
        is_drawn=np.concatenate([part.is_drawn for part in parts]),
        warming_up=np.concatenate([part.warming_up for part in parts]),
        explanations={
            start + at: found
            for start, part in zip(starts, parts, strict=False)
            for at, found in part.explanations.items()
        },
    )
