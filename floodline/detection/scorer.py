"""One partition's scoring: a pure function of (state, event, release)."""

import hashlib
import math
from typing import Self

import msgspec

from floodline.detection.detector import Features
from floodline.detection.parameters import ForestParameters
from floodline.detection.rarity import ScoreWindow
from floodline.detection.river_forest import RiverForest
from floodline.detection.threshold_rule import ThresholdRule
from floodline.errors import StateRefused

RARITY_WINDOW = 10_000
"""Recent scores that rarity is counted over."""


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """What scoring says of one event."""

    score: float
    rarity: float
    threshold: float
    is_alert: bool
    warming_up: bool


class _State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    events: int
    forest: bytes
    scores: bytes


class Scorer:
    """Scores and learns the events of one partition in order.

    Order per event: score, decide by the rule in force, learn. No clock, no unseeded randomness:
    the same events under the same releases give the same results to the bit.
    """

    def __init__(self, forest: RiverForest, scores: ScoreWindow | None = None) -> None:
        self._forest = forest
        self._scores = scores or ScoreWindow(RARITY_WINDOW)
        self.events = 0

    @classmethod
    def new(cls, parameters: ForestParameters) -> Self:
        """A scorer that has seen nothing."""
        return cls(RiverForest(parameters))

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that the model has learnt, sorted; none before the first."""
        return self._forest.features

    @property
    def parameters(self) -> ForestParameters:
        """What the model was made with."""
        return self._forest.parameters

    @property
    def warming_up(self) -> bool:
        """True while the forest is in its first window: scores mean nothing, no alerts."""
        return self._forest.warming_up

    def step(self, features: Features, rule: ThresholdRule, *, learn: bool = True) -> Scored:
        """Score the event, decide, then learn it (unless `learn` is false)."""
        warming_up = self.warming_up
        score = self._forest.score_one(features)
        threshold = rule.score if rule.score is not None else self._provisional(rule)
        scored = Scored(
            score=score,
            rarity=self._scores.rarity(score),
            threshold=threshold,
            is_alert=not warming_up and score >= threshold,
            warming_up=warming_up,
        )
        if not warming_up:
            self._scores.learn(score)
        if learn:
            self._forest.learn_one(features)
        self.events += 1
        return scored

    def _provisional(self, rule: ThresholdRule) -> float:
        return math.inf if rule.rarity is None else self._scores.threshold(rule.rarity)

    def to_state(self) -> bytes:
        """Forest, recent scores and event count as data."""
        return msgspec.msgpack.encode(
            _State(
                version=1,
                events=self.events,
                forest=self._forest.to_state(),
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
        if state.version != 1 or state.events < 0:
            raise StateRefused(
                f"scorer state version {state.version} after {state.events} events; "
                "this release reads version 1"
            )
        scores = ScoreWindow.from_state(RARITY_WINDOW, state.scores)
        scorer = cls(RiverForest.from_state(state.forest), scores)
        scorer.events = state.events
        return scorer

    def state_hash(self) -> str:
        """sha256 of the state, hexadecimal: equal hashes have equal futures."""
        return hashlib.sha256(self.to_state()).hexdigest()
