"""Which of a batch's scores are alerts."""

import numpy as np
from numpy.typing import NDArray

from floodline.detection.rarity import ScoreWindow
from floodline.detection.threshold_rule import ThresholdRule


class Ruling:
    """Decides on a batch's scores by the rule in force, piece by piece, in order.

    What was decided is in `rarity`, `threshold` and `is_alert`, (n,) each. The first `cold` scores
    are from warming up: no alerts, and not kept. With `alerts_only`, rarities of other events are
    NaN.
    """

    def __init__(
        self, scores: ScoreWindow, rule: ThresholdRule, count: int, cold: int, *, alerts_only: bool
    ) -> None:
        self.rarity = np.empty(count, np.float64)
        self.threshold = np.empty(count, np.float64)
        self.is_alert = np.empty(count, np.bool_)
        self._scores = scores
        self._rule = rule
        self._cold = cold
        self._alerts_only = alerts_only
        self._done = 0

    def judge(self, score: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Mark the alerts among the next scores."""
        rule, piece = self._rule, slice(self._done, self._done + score.size)
        rarity, threshold = into = self.rarity[piece], self.threshold[piece]
        cold = min(score.size, max(0, self._cold - self._done))
        if self._alerts_only:
            self._scores.step_alerts(score, rule, cold, into)
            rarity[:cold] = np.nan
        else:
            self._scores.step_many(score, rule.rarity, cold, into)
            if rule.score is not None:
                threshold.fill(rule.score)
        alerts: NDArray[np.bool_] = np.greater_equal(score, threshold, out=self.is_alert[piece])
        alerts[:cold] = False
        self._done = piece.stop
        return alerts
