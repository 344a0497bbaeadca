"""No labels at all: the analysts look at the top of each window."""

import numpy as np

from floodline.detection.detector import Rows
from floodline.detection.scorer import Scorer
from floodline.detection.threshold_rule import ThresholdRule
from floodline.feedback.decision import Decision
from floodline.simulation.analysts import Told
from floodline.simulation.method import Booleans, Numbers, Places, Setting


class TopOfWindow:
    """The model as it is; what scores highest in a window is looked at."""

    def __init__(self, setting: Setting) -> None:
        self._scorer = Scorer.new(setting.parameters, setting.features)
        self._rule = ThresholdRule(rarity=setting.rarity)
        self._scores = np.empty(0)

    def step(self, rows: Rows) -> Numbers:
        """Score and learn."""
        self._scores = self._scorer.step_many(rows, self._rule, rarities="alerts").score
        return self._scores

    def choose(self, count: int) -> Places:
        """The highest scores; of equal ones the first."""
        return np.argsort(-self._scores, kind="stable")[:count]

    def learn(self, told: Told) -> None:
        """Labels change nothing."""

    @property
    def alerts(self) -> Booleans | None:
        """It raises none."""
        return None

    @property
    def decision(self) -> Decision | None:
        """It has no threshold."""
        return None
