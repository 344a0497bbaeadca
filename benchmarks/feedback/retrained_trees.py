"""How much is there to find: a classifier on the features themselves, fitted anew every window."""

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from floodline.detection.detector import Rows
from floodline.simulation.analysts import Told
from floodline.simulation.forest_steps import Steps
from floodline.simulation.method import Numbers, Places, Setting
from floodline.simulation.taught_forest import TaughtForest

TREES = 100
LEAST = 3
"""Labels of either kind before it is fitted."""
ORDINARY = 300
"""Events of the past, drawn by chance and taken as harmless, that are fitted besides."""
DOUBT = 0.1
"""What one of these weighs beside an event that was labelled."""


class RetrainedTrees(TaughtForest):
    """Extremely randomised trees, fitted after each window to every label and its features.

    No product could serve it: it keeps all events, scores them in their window a second time, and
    what it says follows from no table. It tells what a strong learner finds with the same labels.
    The queue is ordered by the share of trees that call an event real, and until it is fitted, or
    where shares are equal, by the lessons.

    Source of the trees: Geurts, Ernst, Wehenkel, "Extremely randomized trees", Machine Learning 63,
    2006 (scikit-learn's).
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._seed = setting.seed
        self._random = np.random.default_rng([setting.seed, 0])
        self._rows = np.empty((0, len(setting.features)))
        self._told: list[Told] = []
        self._model: ExtraTreesClassifier | None = None
        self._ranks = np.empty(0)

    def step(self, rows: Rows) -> Numbers:
        """Score and learn with the newest weights, then rank by the trees."""
        super().step(rows)
        self._rows = np.concatenate([self._rows, rows])
        queue = np.empty(0) if self._steps is None else np.nan_to_num(self._steps.queue)
        self._ranks = np.tanh(queue / 50) / 1000
        if self._model is not None:
            self._ranks += 2 * self._model.predict_proba(rows)[:, 1]
        return self._ranks

    def pick(self, found: Steps, count: int) -> Places:
        """The highest ranks; of equal ones the first."""
        return np.argsort(-self._ranks, kind="stable")[:count]

    def learn(self, told: Told) -> None:
        """Teach the forest, and fit the trees to all that is known."""
        super().learn(told)
        self._told.append(told)
        real = np.concatenate([each.real for each in self._told])
        if min(np.count_nonzero(real), np.count_nonzero(~real)) < LEAST:
            return
        places = np.concatenate([each.events for each in self._told])
        usual = self._random.integers(len(self._rows), size=ORDINARY)
        truth = np.concatenate([real, np.zeros(ORDINARY, np.bool_)])
        weights = np.concatenate([np.ones(real.size), np.full(ORDINARY, DOUBT)])
        # Real and harmless ones weigh the same in all.
        weights /= np.where(truth, weights[truth].sum(), weights[~truth].sum())
        self._model = ExtraTreesClassifier(TREES, random_state=self._seed, n_jobs=1).fit(
            self._rows[np.concatenate([places, usual])], truth, sample_weight=weights
        )
