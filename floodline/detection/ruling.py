"""Which of a batch's scores are alerts, and which of the others are drawn."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from floodline.detection.kernels.high_scores import NOBODY
from floodline.detection.rarity import ScoreWindow
from floodline.detection.threshold_rule import ThresholdRule

Draw = Callable[[int, NDArray[np.float64]], NDArray[np.bool_]]
"""Told a batch's scores from a place on, it marks those to be drawn where they are no alerts."""


class Ruling:
    """Decides on a batch's scores by the rule in force, piece by piece, in order.

    What was decided is in `rarity`, `threshold`, `is_alert` and `is_drawn`, (n,) each. The first
    `cold` scores are from warming up: no alerts, not drawn, and not kept. Nor is any drawn while no
    score is rare enough for an alert (an infinite threshold). With `alerts_only`,
    rarities of events that are neither alerts nor marked for drawing are NaN.
    """

    def __init__(
        self,
        scores: ScoreWindow,
        rule: ThresholdRule,
        count: int,
        cold: int,
        draw: Draw | None,
        *,
        alerts_only: bool,
    ) -> None:
        self.rarity = np.empty(count, np.float64)
        self.threshold = np.empty(count, np.float64)
        self.is_alert = np.empty(count, np.bool_)
        self.is_drawn = np.zeros(count, np.bool_)
        self._scores = scores
        self._rule = rule
        self._cold = cold
        self._draw = draw
        self._alerts_only = alerts_only
        self._done = 0

    def judge(self, score: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark those of the next scores that are alerts or drawn."""
        rule, piece = self._rule, slice(self._done, self._done + score.size)
        rarity, threshold = into = self.rarity[piece], self.threshold[piece]
        cold = min(score.size, max(0, self._cold - self._done))
        drawn = NOBODY if self._draw is None else self._draw(self._done, score)
        drawn[:cold] = False
        if self._alerts_only:
            self._scores.step_alerts(score, rule, cold, into, drawn)
            rarity[:cold] = np.nan
        else:
            self._scores.step_many(score, rule.rarity, cold, into)
            if rule.score is not None:
                threshold.fill(rule.score)
        alerts: NDArray[np.bool_] = np.greater_equal(score, threshold, out=self.is_alert[piece])
        alerts[:cold] = False
        self._done = piece.stop
        if self._draw is None:
            return alerts
        is_drawn = np.greater(drawn & np.isfinite(threshold), alerts, out=self.is_drawn[piece])
        marked: NDArray[np.bool_] = alerts | is_drawn
        return marked
