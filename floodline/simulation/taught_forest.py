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
        self.reviewed = ReviewedEvents()
        self._steps: Steps | None = None
        self._seen, self._start, self._window = 0, 0, 0

    def step(self, rows: Rows) -> Numbers:
        """Score and learn with the newest weights."""
        self._start, self._seen = self._seen, self._seen + len(rows)
        self._steps = steps(self._forest, rows)
        return self._steps.scores

    def choose(self, count: int) -> Places:
        """Those of `pick`, kept with what an alert would tell of them."""
        found = self._steps
        if found is None:
            return np.empty(0, np.int64)
        chosen = self.pick(found, count)
        leaves = found.leaves[chosen]
        numbers = np.column_stack([self.surprise(chosen), found.excess(chosen)])
        self.reviewed.shown(self._start + chosen, leaves, numbers)
        return chosen

    def pick(self, found: Steps, count: int) -> Places:
        """The highest q; of equal ones the first."""
        return np.argsort(-found.queue, kind="stable")[:count]

    def surprise(self, events: Places) -> Numbers:
        """The plain bits above the usual, z, of some events of the last step."""
        if self._steps is None:
            return np.empty(0)
        lessons = lesson_of(self._table, self._steps.leaves[events])
        return np.asarray(self._steps.queue[events] - lessons)

    def learn(self, told: Told) -> None:
        """Compute the weights anew from all labels that are known."""
        self.reviewed.told(told, self._window)
        if len(self.reviewed):
            lessons = self.reviewed.lessons(self._window)
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
