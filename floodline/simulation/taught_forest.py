"""Labels teach the forest: after each window its leaves get the weights of all labels so far."""

import msgspec
import numpy as np

from floodline.detection.detector import Rows
from floodline.detection.leaf_weights import LeafWeights
from floodline.detection.parameters import DefaultProfile
from floodline.detection.remembering_forest import RememberingForest
from floodline.feedback.decision import Decision
from floodline.feedback.lessons import Teaching, taught
from floodline.simulation.analysts import Told
from floodline.simulation.forest_steps import Steps, lesson_of, steps
from floodline.simulation.method import Booleans, Numbers, Places, Setting
from floodline.simulation.reviewed_events import ReviewedEvents


class TaughtForest:
    """The top of each window by q, surprise and lesson, is shown; scores are as published.

    What the product does with labels, without Kafka and SQL: the same weights by the same function,
    rounded as they are kept.

    Raises:
        TypeError: the model is not the default profile; no other one can be taught.
    """

    def __init__(self, setting: Setting, teaching: Teaching | None = None) -> None:
        if not isinstance(setting.parameters, DefaultProfile):
            raise TypeError("labels teach the default profile only")
        self._parameters, self._features = setting.parameters, setting.features
        self._teaching = msgspec.structs.replace(
            teaching or Teaching(), half_life=setting.half_life
        )
        self._forest = RememberingForest(self._parameters, self._features)
        self._table = np.zeros((self._parameters.trees, 2**self._parameters.height))
        self._reviewed = ReviewedEvents()
        self._steps: Steps | None = None
        self._seen, self._start, self._window = 0, 0, 0

    def step(self, rows: Rows) -> Numbers:
        """Score and learn with the newest weights."""
        self._start, self._seen = self._seen, self._seen + len(rows)
        self._steps = steps(self._forest, rows)
        return self._steps.scores

    def choose(self, count: int) -> Places:
        """The highest q; of equal ones the first."""
        found = self._steps
        if found is None:
            return np.empty(0, np.int64)
        chosen = np.argsort(-found.queue, kind="stable")[:count]
        leaves = found.leaves[chosen]
        surprise = found.queue[chosen] - lesson_of(self._table, leaves)
        self._reviewed.shown(self._start + chosen, leaves, surprise)
        return chosen

    def learn(self, told: Told) -> None:
        """Compute the weights anew from all labels that are known."""
        self._reviewed.told(told, self._window)
        if len(self._reviewed):
            lessons = self._reviewed.lessons(self._window)
            found = taught(lessons, self._parameters.height, self._teaching)
            self._table = LeafWeights(self._parameters, self._features, found.table).table
            self._forest.teach(self._table)
        self._window += 1

    @property
    def alerts(self) -> Booleans | None:
        """It raises none."""
        return None

    @property
    def decision(self) -> Decision | None:
        """It has no threshold."""
        return None
